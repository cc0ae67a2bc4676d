/**
 * The testing kit: virtual time, seeded chance, fake transports. For your tests as for evenkeel's own.
 *
 * @module
 */
export {
  type FakeCall,
  fakeTransport,
  type FakeTransport,
  type FakeTransportOptions,
} from './fake-transport.ts';
export { seededRandom } from './seeded-random.ts';
export { virtualClock, type VirtualClock } from './virtual-clock.ts';
