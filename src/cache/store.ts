/** What is known: the entries, bounded, and what the invalidation of tags has left of them. */
import { BoundedMap, type Dropped } from '../core/bounded-map.ts';
import type { Reporter } from '../core/observer.ts';
import { CoarseClock } from './coarse-clock.ts';
import { Entry, jittered, refusal, verdictOf } from './freshness.ts';
import type { Key } from './keys.ts';
import type { Settings } from './options.ts';
import { type Plan, Planner } from './plan.ts';
import type { Statistics } from './statistics.ts';
import { Tags } from './tags.ts';

/** Whether a value was stored, or why not: a tag of it was invalidated meanwhile, or it is too large. */
export type Stored = 'stored' | 'tag' | 'size';

export class Store<A, V> {
  readonly clock: CoarseClock;
  readonly planner: Planner<A, V>;
  readonly #settings: Settings<A, V>;
  readonly #statistics: Statistics;
  readonly #reporter: Reporter;
  readonly #entries: BoundedMap<Key, Entry<V>>;
  readonly #tags: Tags;
  // What was loaded in an earlier generation than this is fresh until then at most.
  #expiredGeneration = 0;
  #expiredAtMs = 0;

  constructor(where: string, settings: Settings<A, V>, statistics: Statistics, reporter: Reporter) {
    this.clock = new CoarseClock(settings.clock);
    this.planner = new Planner(where, settings);
    this.#settings = settings;
    this.#statistics = statistics;
    this.#reporter = reporter;
    this.#tags = new Tags(settings.maxTags);
    const { maxEntries, maxSize, dispose } = settings;
    this.#entries = new BoundedMap(where, {
      maxEntries,
      maxSize,
      evicted: () => {
        statistics.evictions++;
        if (reporter.on) reporter.tell('evicted', maxSize === undefined ? { maxEntries } : { maxSize });
      },
      dropped: dispose && ((entry, why, key) => this.#dropped(entry, why, key, dispose)),
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

  /** Every entry as it is now, the least recently used first. */
  entries(): [Key, Entry<V>][] {
    return [...this.#entries.entries()].reverse();
  }

  /** Stores what was true at `sinceMs`, unless one of its tags has been invalidated after `generation`. */
  put(key: Key, value: V, plan: Plan, sinceMs: number, costMs: number, generation: number): Stored {
    const { ttlJitter, random } = this.#settings;
    const ttlMs = ttlJitter === 0 ? plan.ttlMs : jittered(plan.ttlMs, ttlJitter, random());
    return this.putUntil(key, value, plan, sinceMs, sinceMs + ttlMs, costMs, generation);
  }

  /** The same where it is known how long it is fresh. */
  putUntil(
    key: Key,
    value: V,
    plan: Plan,
    sinceMs: number,
    freshUntilMs: number,
    costMs: number,
    generation: number,
  ): Stored {
    const { terms } = plan;
    const { size } = terms;
    if (terms.tags !== undefined && this.#tags.outdated(terms.tags, generation)) return 'tag';
    const untilMs =
      generation < this.#expiredGeneration ? Math.min(freshUntilMs, this.#expiredAtMs) : freshUntilMs;
    const entry = new Entry(value, sinceMs, untilMs, terms, costMs, this.#tags.generation);
    if (this.#entries.set(key, entry, size)) return 'stored';
    this.#statistics.oversized++;
    if (this.#reporter.on) this.#reporter.tell('oversized', { size, maxSize: this.#settings.maxSize });
    return 'size';
  }

  /** Remembers a failure where there is no value. */
  refuse(key: Key, error: unknown, nowMs: number, errorTtlMs: number): void {
    this.#entries.set(key, refusal(error, nowMs, nowMs + errorTtlMs, this.#tags.generation));
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

  /** Nothing is fresh any more, in constant time; what is stale stays as good as it was. */
  expireAll(nowMs: number): void {
    this.#expiredAtMs = nowMs;
    this.#expiredGeneration = ++this.#tags.generation;
  }

  #unlessOutdated(key: Key, entry: Entry<V>): Entry<V> | undefined {
    if (entry.terms.tags !== undefined && this.#tags.outdated(entry.terms.tags, entry.generation)) {
      this.#entries.delete(key);
      return undefined;
    }
    if (entry.generation < this.#expiredGeneration)
      entry.freshUntilMs = Math.min(entry.freshUntilMs, this.#expiredAtMs);
    // Looked into once per invalidation, not once per read.
    entry.generation = this.#tags.generation;
    return entry;
  }

  #dropped(entry: Entry<V>, why: Dropped, key: Key, dispose: (value: V, why: Dropped) => void): void {
    if (entry.refused) return;
    // Found unchanged by a refresh, or set again: it is still held.
    if (why === 'replaced' && Object.is(this.#entries.peek(key)?.value, entry.value)) return;
    try {
      dispose(entry.value, why);
    } catch {
      // Whoever reads or writes another key has nothing to do with it.
    }
  }
}
