/** What is known: the entries, bounded, and what the invalidation of tags has left of them. */
import { BoundedMap } from '../core/bounded-map.ts';
import type { Reporter } from '../core/observer.ts';
import { CoarseClock } from './coarse-clock.ts';
import { Entry, refusal, verdictOf } from './freshness.ts';
import type { Key } from './keys.ts';
import type { Settings } from './options.ts';
import type { Statistics } from './statistics.ts';
import { Tags } from './tags.ts';

export class Store<A, V> {
  readonly clock: CoarseClock;
  readonly #settings: Settings<A, V>;
  readonly #entries: BoundedMap<Key, Entry<V>>;
  readonly #tags: Tags;

  constructor(where: string, settings: Settings<A, V>, statistics: Statistics, reporter: Reporter) {
    this.clock = new CoarseClock(settings.clock);
    this.#settings = settings;
    this.#tags = new Tags(settings.maxTags);
    this.#entries = new BoundedMap(where, {
      maxEntries: settings.maxEntries,
      evicted: () => {
        statistics.evictions++;
        if (reporter.on) reporter.tell('evicted', { maxEntries: settings.maxEntries });
      },
    });
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The generation of tags; a load that began in an earlier one may have been invalidated since. */
  get generation(): number {
    return this.#tags.generation;
  }

  /** The entry, if no tag of it has been invalidated; counts as use. */
  get(key: Key): Entry<V> | undefined {
    const entry = this.#entries.get(key);
    return entry === undefined || entry.generation === this.#tags.generation
      ? entry
      : this.#unlessOutdated(key, entry);
  }

  /** The same without counting as use, and only what may be served in some way now. */
  peek(key: Key, nowMs: number): Entry<V> | undefined {
    const found = this.#entries.peek(key);
    if (found === undefined) return undefined;
    const entry = this.#unlessOutdated(key, found);
    return entry === undefined || verdictOf(entry, nowMs) === 'gone' ? undefined : entry;
  }

  /** The tags of a value; asked for before anything is changed, because the user's function may throw. */
  tagsOf(value: V, arg: A): readonly string[] | undefined {
    return this.#settings.tags?.(value, arg);
  }

  /** Stores what was true at `sinceMs`, unless one of its tags has been invalidated after `generation`. */
  put(key: Key, value: V, sinceMs: number, tags: readonly string[] | undefined, generation: number): boolean {
    if (tags !== undefined && this.#tags.outdated(tags, generation)) return false;
    const { ttlMs } = this.#settings;
    this.#entries.set(key, new Entry(value, sinceMs, ttlMs, this.#settings, tags, this.#tags.generation));
    return true;
  }

  /** Remembers a failure where there is no value. */
  refuse(key: Key, error: unknown, nowMs: number): void {
    this.#entries.set(key, refusal(error, nowMs, nowMs + this.#settings.errorTtlMs, this.#tags.generation));
  }

  delete(key: Key): boolean {
    return this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }

  invalidateTag(tag: string): void {
    this.#tags.invalidate(tag);
  }

  #unlessOutdated(key: Key, entry: Entry<V>): Entry<V> | undefined {
    if (entry.tags !== undefined && this.#tags.outdated(entry.tags, entry.generation)) {
      this.#entries.delete(key);
      return undefined;
    }
    // Looked into once per invalidation, not once per read.
    entry.generation = this.#tags.generation;
    return entry;
  }
}
