/**
 * Who gets the call: the balancer, its pickers, its costs and its narrowings.
 *
 * @module
 */
export { balance, type Balanced, type BalanceSnapshot, type DrainOptions } from './balance.ts';
export type { Done } from './completion.ts';
export type { Cost, CostMeter, CostMeters, Load } from './costs/cost.ts';
export { leastPending } from './costs/least-pending.ts';
export { peakEwma, type PeakEwmaOptions } from './costs/peak-ewma.ts';
export { relativeLatency, type RelativeLatencyOptions } from './costs/relative-latency.ts';
export { reportedLoad, type ReportedLoadOptions } from './costs/reported-load.ts';
export { DrainingError, isDrainingError, isNoEndpointsError, NoEndpointsError } from './errors.ts';
export type { Considered, Explanation } from './explanation.ts';
export type { Lease } from './lease.ts';
export type { EndpointView } from './member.ts';
export { blueGreen, type BlueGreen, type BlueGreenOptions } from './narrowing/blue-green.ts';
export {
  canary,
  type Canary,
  type CanaryFigures,
  type CanaryOptions,
  type CanarySnapshot,
  type CanaryState,
} from './narrowing/canary.ts';
export { explore, type ExploreOptions } from './narrowing/explore.ts';
export type { Narrowing } from './narrowing/narrowing.ts';
export { priorities, type Priorities, type PrioritiesOptions } from './narrowing/priorities.ts';
export { slowStart, type SlowStartOptions } from './narrowing/slow-start.ts';
export { type ClientOfFleet, subset, type SubsetOptions } from './narrowing/subset.ts';
export { weightedZones, type WeightedZonesOptions } from './narrowing/weighted-zones.ts';
export { zones, type ZonesOptions } from './narrowing/zones.ts';
export type { BalanceOptions } from './options.ts';
export { consistentHash, type ConsistentHashOptions, preferenceOrder } from './pickers/consistent-hash.ts';
export { p2c, type P2cOptions } from './pickers/p2c.ts';
export {
  type Candidate,
  type PickedCall,
  type Picker,
  type PickerState,
  type PickerTools,
  type PickTrace,
  standing,
} from './pickers/picker.ts';
export { type ProbeAnswer, probing, type ProbingOptions } from './pickers/probing.ts';
export { random } from './pickers/random.ts';
export { roundRobin } from './pickers/round-robin.ts';
export type { ReadyOptions } from './ready.ts';
