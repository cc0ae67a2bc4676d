/** A cache over a loader that the test answers by hand, on a clock that it moves. */
import { coalescingCache, type CoalescingCache, type CoalescingCacheOptions } from 'evenkeel/cache';
import {
  fakeTransport,
  type FakeTransport,
  seededRandom,
  virtualClock,
  type VirtualClock,
} from 'evenkeel/testing';

export interface Bench<A, V> {
  readonly clock: VirtualClock;
  readonly origin: FakeTransport<A, V>;
  readonly users: CoalescingCache<A, V>;
}

export type Said<A, V> = Partial<CoalescingCacheOptions<A, V>>;

export function bench<V = string, A = string>(said: Said<A, V> = {}): Bench<A, V> {
  const clock = virtualClock();
  const origin = fakeTransport<A, V>({ aborts: 'ignore' });
  const users = coalescingCache<A, V>({ load: origin, ttlMs: 100, clock, random: seededRandom(1), ...said });
  return { clock, origin, users };
}

/** How a promise stands now: its value, `{ rejected }`, or `'pending'`. */
export function standing(promise: Promise<unknown>): Promise<unknown> {
  return Promise.race([
    promise.catch((error: unknown) => ({ rejected: error })),
    new Promise((resolve) => setImmediate(resolve, 'pending')),
  ]);
}

/** Loads a value in no time. */
export async function fill<A, V>(
  { origin, users }: Pick<Bench<A, V>, 'origin' | 'users'>,
  arg: A,
  value: V,
): Promise<void> {
  const answer = users.get(arg);
  origin.next().resolve(value);
  await answer;
}
