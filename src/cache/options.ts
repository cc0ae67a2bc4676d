/** What a cache may be told, and what it does when it is not. */
import { type Clock, systemClock } from '../core/clock.ts';
import type { Observer } from '../core/observer.ts';
import { checkCount, checkDuration, checkFunction, checkInterval } from '../core/options.ts';
import { type Random, systemRandom } from '../core/random.ts';

/**
 * The options that {@link coalescingCache} and the layer `cache` share. Durations are in milliseconds and may be
 * `Infinity`.
 *
 * @typeParam A - the argument of a load, in the layer the request
 * @typeParam V - the value
 */
export interface CacheOptions<A = unknown, V = unknown> {
  /** How long a value is fresh, from the start of its load. 0 stores nothing fresh and still coalesces. */
  readonly ttlMs: number;
  /** From the end of freshness: how long a stale value is served at once while a load runs. @defaultValue 0 */
  readonly staleWhileRevalidateMs?: number;
  /** From the end of freshness: how long a stale value stands in for a failed load. @defaultValue 0 */
  readonly staleIfErrorMs?: number;
  /** How long a failure is remembered where there is no value, and rejects without a load. @defaultValue 0 */
  readonly errorTtlMs?: number;
  /** After a failed load, how long stale is served without another; doubles with each. @defaultValue 1_000 */
  readonly refreshBackoffMs?: number;
  /** What the doubling stops at. @defaultValue 30_000, or `refreshBackoffMs` if that is more */
  readonly maxRefreshBackoffMs?: number;
  /** A load that takes longer than this goes on, but stale is served if there is any. @defaultValue Infinity */
  readonly softTimeoutMs?: number;
  /** A load that takes longer than this, its wait for room included, has failed. @defaultValue 30_000 */
  readonly hardTimeoutMs?: number;
  /** The most entries; the least recently used is dropped. @defaultValue 10_000 */
  readonly maxEntries?: number;
  /** The most loads at once; above that, refreshes are left out, and stale is served. @defaultValue 100 */
  readonly maxLoads?: number;
  /** How many loads may wait for room; the rest rejects with {@link LoadsFullError}. @defaultValue 1_000 */
  readonly maxQueuedLoads?: number;
  /** How many invalidated tags are told apart; older ones count for all tags. @defaultValue 10_000 */
  readonly maxTags?: number;
  /** What the value is stored under: any data, compared by content. @defaultValue the argument itself */
  readonly key?: (arg: A) => unknown;
  /** The tags of a value, for `invalidateTag`. */
  readonly tags?: (value: V, arg: A) => readonly string[];
  readonly clock?: Clock;
  /** Spreads the pauses after failed loads. */
  readonly random?: Random;
  readonly observer?: Observer;
  /** In events. */
  readonly name?: string;
}

const DEFAULTS = {
  staleWhileRevalidateMs: 0,
  staleIfErrorMs: 0,
  errorTtlMs: 0,
  refreshBackoffMs: 1000,
  maxRefreshBackoffMs: 30_000,
  softTimeoutMs: Infinity,
  hardTimeoutMs: 30_000,
  maxEntries: 10_000,
  // Together: with loads of 50 ms, whoever is last in the queue waits for half a second.
  maxLoads: 100,
  maxQueuedLoads: 1000,
  maxTags: 10_000,
} as const;

/** The options, checked and complete. */
export type Settings<A, V> = Required<Omit<CacheOptions<A, V>, 'key' | 'tags' | 'observer' | 'name'>> &
  Pick<CacheOptions<A, V>, 'key' | 'tags' | 'observer' | 'name'>;

/** @throws {@link OptionError} for an option out of its range */
export function checkCacheOptions<A, V>(where: string, options: CacheOptions<A, V>): Settings<A, V> {
  const { refreshBackoffMs = DEFAULTS.refreshBackoffMs } = options;
  const settings: Settings<A, V> = {
    ...DEFAULTS,
    clock: systemClock,
    random: systemRandom,
    maxRefreshBackoffMs: Math.max(DEFAULTS.maxRefreshBackoffMs, refreshBackoffMs),
    ...given(options),
  };
  for (const option of [
    'ttlMs',
    'staleWhileRevalidateMs',
    'staleIfErrorMs',
    'errorTtlMs',
    'refreshBackoffMs',
    'maxRefreshBackoffMs',
    'softTimeoutMs',
  ] as const) {
    checkDuration(where, option, settings[option]);
  }
  checkInterval(where, 'hardTimeoutMs', settings.hardTimeoutMs);
  checkCount(where, 'maxEntries', settings.maxEntries);
  checkCount(where, 'maxLoads', settings.maxLoads);
  checkCount(where, 'maxQueuedLoads', settings.maxQueuedLoads, 0);
  checkCount(where, 'maxTags', settings.maxTags);
  if (settings.key !== undefined) checkFunction(where, 'key', settings.key);
  if (settings.tags !== undefined) checkFunction(where, 'tags', settings.tags);
  return settings;
}

/** Without those that say `undefined`: an option that is not set and one that is set to nothing are the same. */
function given<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}
