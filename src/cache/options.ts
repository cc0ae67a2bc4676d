/** What a cache may be told, and what it does when it is not. */
import type { Dropped } from '../core/bounded-map.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import { OptionError } from '../core/errors.ts';
import type { Observer } from '../core/observer.ts';
import {
  checkCount,
  checkDuration,
  checkFunction,
  checkInterval,
  checkNumber,
  checkOneOf,
} from '../core/options.ts';
import { type Random, systemRandom } from '../core/random.ts';

/** Milliseconds, or a function that says how many of the value that was loaded. */
export type WindowMs<A, V> = number | ((value: V, arg: A) => number);

/**
 * The options that {@link coalescingCache}, {@link cacheAside} and the layer `cache` share. Durations are in
 * milliseconds and may be `Infinity`.
 *
 * @typeParam A - the argument of a load, in the layer the request
 * @typeParam V - the value
 */
export interface CacheOptions<A = unknown, V = unknown> {
  /** How long a value is fresh, from the start of its load. 0 stores nothing fresh and still coalesces. */
  readonly ttlMs: WindowMs<A, V>;
  /** From the end of freshness: how long a stale value is served at once while a load runs. @defaultValue 0 */
  readonly staleWhileRevalidateMs?: WindowMs<A, V>;
  /** From the end of freshness: how long a stale value stands in for a failed load. @defaultValue 0 */
  readonly staleIfErrorMs?: WindowMs<A, V>;
  /** How long `undefined` and `null` are fresh, which say that there is nothing. @defaultValue `ttlMs` */
  readonly notFoundTtlMs?: number;
  /** How long a failure is remembered where there is no value, and rejects without a load. @defaultValue 0 */
  readonly errorTtlMs?: number | ((error: unknown, arg: A) => number);
  /**
   * The part of `ttlMs`, from 0 to 1, of which a draw takes some away, so that the caches of a fleet do not load
   * in step. @defaultValue 0, or 0.1 with `earlyRefreshBeta`
   */
  readonly ttlJitter?: number;
  /**
   * How eagerly a value is refreshed before the end of freshness, by XFetch: 1 is the paper's; more is earlier; 0 is
   * never. The slower the load and the more often the key is read, the earlier. @defaultValue 0
   */
  readonly earlyRefreshBeta?: number;
  /** After a failed load, how long stale is served without another; doubles with each. @defaultValue 1_000 */
  readonly refreshBackoffMs?: number;
  /** What the doubling stops at. @defaultValue 30_000, or `refreshBackoffMs` if that is more */
  readonly maxRefreshBackoffMs?: number;
  /** A load that takes longer than this goes on, but stale is served if there is any. @defaultValue Infinity */
  readonly softTimeoutMs?: number;
  /**
   * A load that takes longer than this, its wait for room included, has failed, and its signal aborts. What it
   * brings all the same is stored if nothing newer is known. @defaultValue 30_000
   */
  readonly hardTimeoutMs?: number;
  /**
   * What happens to a load when all who waited for it have left: `finish` stores it, `abort` ends it. An origin
   * that is overloaded never recovers from callers that give up and begin anew. @defaultValue 'finish'
   */
  readonly whenAbandoned?: 'finish' | 'abort';
  /** The most entries; the least recently used is dropped. @defaultValue 10_000, none with `maxSize` */
  readonly maxEntries?: number;
  /** In its place: the most that the sizes of all values may add up to, in the unit of `sizeOf`. */
  readonly maxSize?: number;
  /** The size of a value, above 0 and rounded up; needed for `maxSize`. What is larger than that is not stored. */
  readonly sizeOf?: (value: V, arg: A) => number;
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
  /**
   * Told of each value that the cache no longer holds, after it has gone, and why. Whoever was given it may still
   * use it. What it throws is swallowed.
   */
  readonly dispose?: (value: V, why: Dropped) => void;
  readonly clock?: Clock;
  /** Spreads the pauses after failed loads, and draws for `ttlJitter` and `earlyRefreshBeta`. */
  readonly random?: Random;
  readonly observer?: Observer;
  /** In events. */
  readonly name?: string;
}

const DEFAULTS = {
  staleWhileRevalidateMs: 0,
  staleIfErrorMs: 0,
  errorTtlMs: 0,
  earlyRefreshBeta: 0,
  refreshBackoffMs: 1000,
  maxRefreshBackoffMs: 30_000,
  softTimeoutMs: Infinity,
  hardTimeoutMs: 30_000,
  whenAbandoned: 'finish',
  maxEntries: 10_000,
  // Together: with loads of 50 ms, whoever is last in the queue waits for half a second.
  maxLoads: 100,
  maxQueuedLoads: 1000,
  maxTags: 10_000,
} as const;

/** What has no default. */
type Unset = 'key' | 'tags' | 'observer' | 'name' | 'notFoundTtlMs' | 'maxSize' | 'sizeOf' | 'dispose';

/** The options, checked and complete. */
export type Settings<A, V> = Required<Omit<CacheOptions<A, V>, Unset>> & Pick<CacheOptions<A, V>, Unset>;

/**
 * @param maxLoads - the default of that option
 * @throws {@link OptionError} for an option out of its range
 */
export function checkCacheOptions<A, V>(
  where: string,
  options: CacheOptions<A, V>,
  maxLoads: number = DEFAULTS.maxLoads,
): Settings<A, V> {
  const { refreshBackoffMs = DEFAULTS.refreshBackoffMs, earlyRefreshBeta = 0 } = options;
  const settings: Settings<A, V> = {
    ...DEFAULTS,
    maxLoads,
    clock: systemClock,
    random: systemRandom,
    ttlJitter: earlyRefreshBeta > 0 ? 0.1 : 0,
    maxRefreshBackoffMs: Math.max(DEFAULTS.maxRefreshBackoffMs, refreshBackoffMs),
    ...given(options),
  };
  for (const option of [
    'ttlMs',
    'staleWhileRevalidateMs',
    'staleIfErrorMs',
    'notFoundTtlMs',
    'errorTtlMs',
    'refreshBackoffMs',
    'maxRefreshBackoffMs',
    'softTimeoutMs',
  ] as const) {
    const value = settings[option];
    if (typeof value !== 'function' && !(option === 'notFoundTtlMs' && value === undefined))
      checkDuration(where, option, value as number);
  }
  checkNumber(where, 'ttlJitter', settings.ttlJitter, 0, 1);
  checkNumber(where, 'earlyRefreshBeta', settings.earlyRefreshBeta, 0, Number.MAX_VALUE);
  checkInterval(where, 'hardTimeoutMs', settings.hardTimeoutMs);
  checkOneOf(where, 'whenAbandoned', settings.whenAbandoned, ['finish', 'abort']);
  for (const option of ['maxEntries', 'maxLoads', 'maxTags'] as const)
    checkCount(where, option, settings[option]);
  checkCount(where, 'maxQueuedLoads', settings.maxQueuedLoads, 0);
  for (const option of ['key', 'tags', 'sizeOf', 'dispose'] as const)
    if (settings[option] !== undefined) checkFunction(where, option, settings[option]);
  if ((settings.sizeOf === undefined) !== (settings.maxSize === undefined)) {
    throw new OptionError(where, 'maxSize', settings.maxSize, 'given together with sizeOf, or neither');
  }
  if (settings.maxSize !== undefined) {
    checkCount(where, 'maxSize', checkNumber(where, 'maxSize', settings.maxSize, 1, Number.MAX_SAFE_INTEGER));
  }
  if (options.maxEntries !== undefined && settings.maxSize !== undefined)
    throw new OptionError(where, 'maxEntries', options.maxEntries, 'left out where maxSize is given');
  return settings;
}

/** Without those that say `undefined`: an option that is not set and one that is set to nothing are the same. */
function given<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}
