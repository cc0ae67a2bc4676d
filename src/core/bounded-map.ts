/**
 * A map that holds at most so many entries and drops the least recently used: the one door to lru-cache.
 *
 * Used as a plain bounded map, without its `ttl` and `fetchMethod`: coalescing through lru-cache rejects the
 * innocent when one caller aborts, when an entry is evicted and when it is set (lru-cache issues 320, 389), and
 * a clock that starts at 0 never expires there. Freshness and loads are the cache room's own.
 */
import { LRUCache } from 'lru-cache';
import { OptionError } from './errors.ts';

/** Up to this bound the arrays are made beforehand, which makes a miss 10 to 15 % faster. */
const PREALLOCATED = 20_000;
/** Stands in for a second entry: deleting the only entry makes lru-cache refill every array (465 µs at 1e5). */
const STANDBY: unique symbol = Symbol('standby');

/** Why an entry is no longer held. */
export type Dropped = 'evicted' | 'replaced' | 'deleted' | 'cleared';

export interface BoundedMapOptions<K, V> {
  /** The most entries it holds. */
  readonly maxEntries: number;
  /** In its place: the most that the sizes of all entries may add up to; each is told to `set`. */
  readonly maxSize?: number | undefined;
  /** Told of entries that were dropped for lack of room. */
  readonly evicted?: (key: K, value: V) => void;
  /** Told of every entry that is no longer held, after it has gone; `clear` then takes as long as it has entries. */
  readonly dropped?: ((value: V, why: Dropped, key: K) => void) | undefined;
}

export class BoundedMap<K extends {}, V extends {}> {
  readonly #maxEntries: number;
  readonly #maxSize: number | undefined;
  readonly #evicted: ((key: K, value: V) => void) | undefined;
  readonly #dropped: ((value: V, why: Dropped, key: K) => void) | undefined;
  // Made at first use: constructing must do no work.
  #entries: LRUCache<K | typeof STANDBY, V | typeof STANDBY> | undefined = undefined;
  #standby = false;

  constructor(where: string, options: BoundedMapOptions<K, V>) {
    const { maxEntries } = options;
    if (!Number.isSafeInteger(maxEntries) || maxEntries < 1) {
      throw new OptionError(where, 'maxEntries', maxEntries, 'a whole number of at least 1');
    }
    this.#maxEntries = maxEntries;
    this.#maxSize = options.maxSize === undefined ? undefined : checkSize(where, options.maxSize);
    this.#evicted = options.evicted;
    this.#dropped = options.dropped;
  }

  get size(): number {
    return this.#entries === undefined ? 0 : this.#entries.size - (this.#standby ? 1 : 0);
  }

  get(key: K): V | undefined {
    return this.#entries?.get(key) as V | undefined;
  }

  /** Reads without counting as use. */
  peek(key: K): V | undefined {
    return this.#entries?.peek(key) as V | undefined;
  }

  /** Answers whether it is held now; one that is larger than all there is room for is not. */
  set(key: K, value: V, size: number = 1): boolean {
    const entries = (this.#entries ??= this.#make());
    if (this.#maxSize !== undefined) {
      const fits = size <= this.#maxSize;
      if (fits) entries.set(key, value, { size });
      else entries.delete(key);
      return fits;
    }
    if (this.#standby && entries.size >= this.#maxEntries) {
      this.#standby = false;
      entries.delete(STANDBY);
    }
    entries.set(key, value);
    return true;
  }

  delete(key: K): boolean {
    const entries = this.#entries;
    if (entries === undefined) return false;
    if (entries.size === 1 && this.#maxSize === undefined && this.#maxEntries > 1 && entries.has(key)) {
      this.#standby = true;
      entries.set(STANDBY, STANDBY);
    }
    return entries.delete(key);
  }

  clear(): void {
    const gone = this.#dropped === undefined ? [] : [...this.entries()];
    this.#entries = undefined;
    this.#standby = false;
    for (const [key, value] of gone) this.#dropped?.(value, 'cleared', key);
  }

  /** From the most to the least recently used. */
  *entries(): IterableIterator<[K, V]> {
    for (const [key, value] of this.#entries?.entries() ?? []) {
      if (key !== STANDBY) yield [key, value as V];
    }
  }

  #make(): LRUCache<K | typeof STANDBY, V | typeof STANDBY> {
    const told = (value: V | typeof STANDBY, key: K | typeof STANDBY, why: string): void => {
      if (key === STANDBY) return;
      if (why === 'evict') this.#evicted?.(key, value as V);
      this.#dropped?.(value as V, why === 'evict' ? 'evicted' : why === 'set' ? 'replaced' : 'deleted', key);
    };
    const listener = this.#dropped !== undefined ? { disposeAfter: told } : { dispose: told };
    return new LRUCache({
      ...this.#bound(),
      ...(this.#evicted === undefined && this.#dropped === undefined ? {} : listener),
    });
  }

  #bound(): { max: number } | { maxSize: number; sizeCalculation?: () => number } {
    if (this.#maxSize !== undefined) return { maxSize: this.#maxSize };
    return this.#maxEntries <= PREALLOCATED
      ? { max: this.#maxEntries }
      : { maxSize: this.#maxEntries, sizeCalculation: () => 1 };
  }
}

function checkSize(where: string, maxSize: number): number {
  if (Number.isSafeInteger(maxSize) && maxSize >= 1) return maxSize;
  throw new OptionError(where, 'maxSize', maxSize, 'a whole number of at least 1');
}
