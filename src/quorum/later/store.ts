/** The port to where writes wait that are to be delivered later, and the one in memory. */
import { EvenkeelError, hasCode } from '../../core/errors.ts';
import { checkCount } from '../../core/options.ts';

/** A write that waits. Plain data, if what is written is. */
export interface Waiting<T> {
  /** Equal on every attempt, also after a restart: the idempotency key. */
  readonly id: string;
  /** Those of one lane are delivered one after the other, in the order in which they were added. */
  readonly lane: string;
  readonly payload: T;
  /** The time of day at which it was added, in milliseconds since 1970. */
  readonly addedMs: number;
}

/**
 * Keeps what waits, in the order in which it came. A durable one resolves `add` when it would survive a crash; then
 * a process that begins again finds all that was accepted and has not been removed.
 */
export interface WaitingStore<T> {
  /** Keeps it. Rejects if it cannot, for instance because it is full. */
  add(entry: Waiting<T>): Promise<void>;
  /** Forgets it; what is not there is forgotten already. */
  remove(id: string): Promise<void>;
  /** All that waits, the oldest first. */
  all(): Promise<readonly Waiting<T>[]>;
}

/** So many writes wait already that no more is taken. */
export class StoreFullError extends EvenkeelError {
  readonly maxEntries: number;

  constructor(maxEntries: number) {
    super('EVENKEEL_STORE_FULL', `${maxEntries} writes are waiting to be delivered, and no more can`);
    this.maxEntries = maxEntries;
  }

  override get name(): string {
    return 'StoreFullError';
  }
}

/** Whether `error` is a {@link StoreFullError}. */
export function isStoreFullError(error: unknown): error is StoreFullError {
  return hasCode(error, 'EVENKEEL_STORE_FULL');
}

/**
 * A {@link WaitingStore} in memory: what waits is lost with the process.
 *
 * @param maxEntries - how many may wait
 * @throws `OptionError` for a bound below 1
 */
export function memoryStore<T>(maxEntries: number): WaitingStore<T> {
  checkCount('memoryStore', 'maxEntries', maxEntries);
  const entries = new Map<string, Waiting<T>>();
  return {
    add: async (entry) => {
      if (entries.size >= maxEntries && !entries.has(entry.id)) throw new StoreFullError(maxEntries);
      entries.set(entry.id, entry);
    },
    remove: async (id) => void entries.delete(id),
    all: async () => [...entries.values()],
  };
}
