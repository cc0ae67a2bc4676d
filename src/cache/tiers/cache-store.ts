/**
 * The port of a far tier: a store outside the process, which many processes share. It stores text under text, knows
 * the time, lends the right to load a key, and forgets by key, by tag, or all.
 *
 * All times are the store's own: processes whose clocks differ then agree on how old a value is, and on whether it
 * was loaded before its tag was invalidated.
 */
import type { CallContext } from '../../core/transport.ts';

/** One value as it is stored. */
export interface StoredValue {
  readonly text: string;
  /** When its load began. */
  readonly sinceMs: number;
  /** How long it is fresh from then on. */
  readonly freshMs: number;
  /** How long it is of any use from then on; after that the store may drop it. */
  readonly keepMs: number;
  readonly costMs: number;
  readonly tags: readonly string[];
  /** What a loader gave with it, if it is JSON. */
  readonly validator?: unknown;
}

/** The right to load a key: lent to one process at a time, until it writes, releases it, or the time is over. */
export interface LoadLease {
  readonly token: string;
  readonly ms: number;
  /**
   * When it is lent.
   *
   * - `stale`: if there is nothing fresh, and nobody else has it.
   * - `always`: if nobody else has it; what is fresh was found unusable.
   * - `held`: only if this token has it still: it is renewed. One that was ended by a change stays ended.
   */
  readonly when: 'stale' | 'always' | 'held';
}

export interface Opening {
  /** What is stored and not invalidated, fresh or not. */
  readonly stored: StoredValue | undefined;
  /** Whether the lease was lent, or renewed. */
  readonly leased: boolean;
  readonly nowMs: number;
}

/** Hears what other clients of the store have changed. */
export interface StoreListener {
  removed(key: string): void;
  invalidated(tag: string): void;
  cleared(): void;
  /** Something may have been missed. */
  lost(): void;
}

export interface CacheStore {
  /** Whether it guards itself: a store with parts that fail one by one. Any other gets a circuit from `tiered`. */
  readonly guarded?: boolean;
  /** Reads a key, and asks for the lease in the same step. */
  open(key: string, lease: LoadLease | undefined, context: CallContext): Promise<Opening>;
  /**
   * Stores a value and ends the lease. With a token, only if the lease is still that one's: who lost it (a change
   * came between, or it took too long) is refused. Without, in any case; all leases of the key end.
   */
  write(key: string, value: StoredValue, token: string | undefined, context: CallContext): Promise<boolean>;
  /** Gives a lease back without having loaded. */
  release(key: string, token: string, context: CallContext): Promise<void>;
  /** Forgets a key, and ends its lease: what is loading now is not stored. */
  remove(key: string, context: CallContext): Promise<void>;
  /** Forgets all values with the tag whose loads have begun by now, in constant time. */
  invalidateTag(tag: string, context: CallContext): Promise<void>;
  /** The same for all values. */
  clear(context: CallContext): Promise<void>;
  /** Tells of changes that others make, until the function it answers with is called. */
  follow?(listener: StoreListener): () => void;
}

/** Whether a value is fresh at the store's time. */
export function isFresh({ sinceMs, freshMs }: StoredValue, nowMs: number): boolean {
  return nowMs < sinceMs + freshMs;
}
