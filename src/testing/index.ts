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
