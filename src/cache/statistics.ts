/** What a cache has done so far, as plain numbers. */

/**
 * Why a stale value was served.
 *
 * - `revalidate`: within `staleWhileRevalidateMs`, while a load runs or has no room to.
 * - `error`: a load failed just now.
 * - `backoff`: a load failed a short while ago, and the next is not due yet.
 * - `timeout`: a load goes on that has taken longer than `softTimeoutMs`.
 * - `overload`: there was no room for a load.
 */
export type StaleReason = 'revalidate' | 'error' | 'backoff' | 'timeout' | 'overload';

export interface CacheSnapshot {
  readonly entries: number;
  /** Loads that run now. */
  readonly loading: number;
  /** Loads that wait for room. */
  readonly queued: number;
  /** Callers answered with a fresh value. */
  readonly hits: number;
  /** Callers who had to wait for a load of their own. */
  readonly misses: number;
  /** Callers who joined a load that another had begun. */
  readonly coalesced: number;
  /** Callers answered with a stale value, by reason. */
  readonly staleServed: Readonly<Record<StaleReason, number>>;
  /** Callers rejected with a remembered failure, without a load. */
  readonly errorsServed: number;
  /** Callers rejected because too many loads ran and waited. */
  readonly refused: number;
  /** How often the loader was called. */
  readonly loads: number;
  /** Of those, how many were begun before the end of freshness, by `earlyRefreshBeta`. */
  readonly early: number;
  /** How many loads failed, those that took too long included. */
  readonly failures: number;
  /** Loads that were ended because all who waited for them had left. */
  readonly abandoned: number;
  /** Loads that brought a value after their hard timeout, and it was stored. */
  readonly late: number;
  /** Loads whose value came too late to be stored. */
  readonly fenced: number;
  /** Entries dropped for lack of room. */
  readonly evictions: number;
  /** Values that were larger than `maxSize`. */
  readonly oversized: number;
  /** The part of the callers who were answered from memory; 0 before the first. */
  readonly hitRate: number;
  /** What staleness cost: how old what was answered from memory was on average, in milliseconds. */
  readonly meanAgeMs: number;
  /** How long a load that succeeded took on average, in milliseconds. */
  readonly meanLoadMs: number;
  /** What staleness earned: the loads that callers did not wait for, in milliseconds. */
  readonly savedMs: number;
}

/** Its fields, without what it can do. */
type CountsOf<T> = Omit<T, 'snapshot'>;

/** The same while it is counted. */
export class Statistics {
  hits = 0;
  misses = 0;
  coalesced = 0;
  readonly staleServed: Record<StaleReason, number> = {
    revalidate: 0,
    error: 0,
    backoff: 0,
    timeout: 0,
    overload: 0,
  };
  errorsServed = 0;
  refused = 0;
  loads = 0;
  early = 0;
  failures = 0;
  abandoned = 0;
  late = 0;
  fenced = 0;
  evictions = 0;
  oversized = 0;
  /** Of all answers from memory. */
  agesMs = 0;
  /** Of all loads that succeeded. */
  loadsMs = 0;
  loaded = 0;

  snapshot(entries: number, loading: number, queued: number): CacheSnapshot {
    const { agesMs, loadsMs, loaded, ...counts } = Object.assign({}, this as CountsOf<this>);
    const stale = Object.values(this.staleServed).reduce((sum, count) => sum + count, 0);
    const remembered = this.hits + stale;
    const all = remembered + this.misses + this.coalesced + this.errorsServed + this.refused;
    const meanLoadMs = ratio(loadsMs, loaded);
    return {
      entries,
      loading,
      queued,
      ...counts,
      staleServed: { ...this.staleServed },
      // Callers who waited for a load that failed or was slow are counted as misses too: they are both.
      hitRate: Math.min(1, ratio(remembered, all)),
      meanAgeMs: ratio(agesMs, remembered),
      meanLoadMs,
      savedMs: remembered * meanLoadMs,
    };
  }
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
