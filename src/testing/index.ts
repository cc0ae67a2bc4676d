/**
 * The testing kit: virtual time, seeded chance, fake transports and origins, injected faults. For your tests as
 * for evenkeel's own.
 *
 * @module
 */
export { type FakeOrigins, fakeOrigins, type OriginBehaviour, type OriginRequest } from './fake-origins.ts';
export {
  type FakeCall,
  fakeTransport,
  type FakeTransport,
  type FakeTransportOptions,
} from './fake-transport.ts';
export { inject, InjectedError, type InjectOptions, isInjectedError } from './inject.ts';
export { seededRandom } from './seeded-random.ts';
export { virtualClock, type VirtualClock } from './virtual-clock.ts';
export { FleetError, type FleetErrorCode, isFleetError } from './fleet/fleet-error.ts';
export type {
  FleetArrivals,
  FleetClient,
  FleetClientKit,
  FleetControl,
  FleetEvent,
  FleetOptions,
  FleetServer,
} from './fleet/options.ts';
export type {
  FleetClientFigures,
  FleetFigures,
  FleetLatency,
  FleetReport,
  FleetServerFigures,
} from './fleet/report.ts';
export type { FleetProbe, FleetReply, FleetServerControl } from './fleet/server-control.ts';
export { exponential, type ServiceTime, uniform } from './fleet/service-times.ts';
export { simulateFleet } from './fleet/simulate-fleet.ts';
export { fakeStore, type FakeStore, type FakeStoreMode } from './fake-store.ts';
export {
  checkLinearizability,
  type CheckOptions,
  type LinearizabilityResult,
} from './linearizability/check.ts';
export {
  type Operation,
  type RecordedHistory,
  recordHistory,
  type Recording,
  type RegisterOperation,
} from './linearizability/history.ts';
export { type Model, registerModel } from './linearizability/model.ts';
export type { Verdict } from './linearizability/search.ts';
export { checkTagOrder, type TagOrderOptions, type TagViolation } from './linearizability/tag-order.ts';
export type { NodeState } from './network/node.ts';
export type { NetworkConditions, NodeProgram, SimulatedNetworkOptions } from './network/options.ts';
export {
  type NetworkSnapshot,
  type SimulatedNetwork,
  simulatedNetwork,
  type SimulatedNode,
} from './network/simulated-network.ts';
export { type BrokenRule, checkReplicaContract, type ReplicaContractOptions } from './replica-contract.ts';
