/** Processes that share a far tier, over an origin that the test answers by hand, on one clock. */
import { tiered, type TieredCache, type TieredOptions } from 'evenkeel/cache';
import {
  fakeStore,
  type FakeStore,
  fakeTransport,
  type FakeTransport,
  seededRandom,
  virtualClock,
  type VirtualClock,
} from 'evenkeel/testing';

export interface Fleet<V> {
  readonly clock: VirtualClock;
  readonly store: FakeStore;
  readonly origin: FakeTransport<string, V>;
  /** One more process. */
  readonly start: (said?: Said<V>) => TieredCache<string, V>;
}

export type Said<V> = Omit<Partial<TieredOptions<string, V>>, 'near' | 'far'> & {
  readonly near?: Partial<TieredOptions<string, V>['near']>;
};

export function fleetOf<V = string>(shared: Said<V> = {}): Fleet<V> {
  const clock = virtualClock();
  const store = fakeStore({ clock });
  const origin = fakeTransport<string, V>({ aborts: 'ignore' });
  let started = 0;
  const start = (said: Said<V> = {}): TieredCache<string, V> => {
    const { near, ...rest } = said;
    const random = seededRandom(++started);
    const ours = { load: origin, ttlMs: 100, clock, random, ...shared.near, ...near };
    return tiered<string, V>({ ...shared, ...rest, near: ours, far: store.connect() });
  };
  return { clock, store, origin, start };
}
