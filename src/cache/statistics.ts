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
  /** How many loads failed, those that took too long included. */
  readonly failures: number;
  /** Loads whose value came too late to be stored. */
  readonly fenced: number;
  /** Entries dropped for lack of room. */
  readonly evictions: number;
}

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
  failures = 0;
  fenced = 0;
  evictions = 0;

  snapshot(entries: number, loading: number, queued: number): CacheSnapshot {
    return Object.assign({ entries, loading, queued }, this, { staleServed: { ...this.staleServed } });
  }
}
