/**
 * The loads in flight: who waits for them, which of them is still wanted, and how many run.
 *
 * They are kept apart from the entries and are never evicted: where an in-flight load sits in the LRU itself,
 * more misses than entries reject innocent callers (lru-cache issue 320). A load is fenced by taking it out of
 * the map: it ends as any other and answers whoever waits, but nobody new joins it and nothing is stored.
 */
import type { TimerHandle } from '../core/clock.ts';
import type { Next } from '../core/policy.ts';
import type { Scope } from '../core/scope.ts';
import { SparseMap } from '../structures/sparse-map.ts';
import type { Limited } from './deadlines.ts';
import type { Entry } from './freshness.ts';
import type { Key } from './keys.ts';

/** What made a load's value unwanted. */
export type Fence = 'set' | 'delete' | 'clear' | 'tag';

/** No invalidation can make a load late that has not been begun. */
const NOT_BEGUN = -1;

// One executor for all promises, which hands on what it is given at once: a closure for each would cost more than the
// promise itself.
let resolveNext: (value: never) => void;
let rejectNext: (error: unknown) => void;
const executor = (resolve: (value: never) => void, reject: (error: unknown) => void): void => {
  resolveNext = resolve;
  rejectNext = reject;
};

/** A promise that callers share, and how it was kept. */
export class Wait<V> {
  readonly promise: Promise<V>;
  /** How many callers hold it. While there is none it is not rejected: nobody would hear. */
  callers = 0;
  state: 'fresh' | 'stale' | 'loaded' = 'loaded';
  sinceMs = 0;
  error: unknown = undefined;
  readonly #resolve: (value: V) => void;
  readonly #reject: (error: unknown) => void;

  constructor() {
    this.promise = new Promise<V>(executor);
    this.#resolve = resolveNext as (value: V) => void;
    this.#reject = rejectNext;
  }

  keep(value: V, state: 'fresh' | 'stale' | 'loaded', sinceMs: number, error: unknown): void {
    this.state = state;
    this.sinceMs = sinceMs;
    this.error = error;
    this.#resolve(value);
  }

  fail(error: unknown): void {
    if (this.callers > 0) this.#reject(error);
  }
}

/** One call of the loader, and those who wait for its end. */
export class Load<A, V> extends Wait<V> implements Limited {
  readonly key: Key;
  readonly arg: A;
  readonly next: Next<A, V>;
  /** What was known when it was begun. */
  readonly known: Entry<V> | undefined;
  readonly scope: Scope;
  /** Whether nobody waited when it was begun. */
  readonly background: boolean;
  readonly createdMs: number;
  /** When the loader was called. */
  startedMs: number;
  /** The generation of tags when the loader was called. */
  generation: number = NOT_BEGUN;
  fencedBy: Fence | undefined = undefined;
  /** Callers who take a stale value when the soft timeout has passed. */
  prompt: Prompt<A, V> | undefined = undefined;
  ended = false;
  timer: TimerHandle = undefined;

  constructor(
    key: Key,
    arg: A,
    next: Next<A, V>,
    known: Entry<V> | undefined,
    scope: Scope,
    background: boolean,
    nowMs: number,
  ) {
    super();
    this.key = key;
    this.arg = arg;
    this.next = next;
    this.known = known;
    this.scope = scope;
    this.background = background;
    this.createdMs = nowMs;
    this.startedMs = nowMs;
  }

  get dueMs(): number {
    return this.scope.deadline;
  }

  /** Whether it was begun for callers, and all of them have left. */
  get abandoned(): boolean {
    return !this.background && !this.ended && this.callers === 0 && (this.prompt?.callers ?? 0) === 0;
  }

  get idle(): boolean {
    return this.background && this.callers === 0 && this.prompt === undefined;
  }
}

/** A wait with a soft timeout. */
export class Prompt<A, V> extends Wait<V> {
  readonly load: Load<A, V>;
  open = true;
  timer: TimerHandle = undefined;

  constructor(load: Load<A, V>) {
    super();
    this.load = load;
  }
}

export class Loads<A, V> {
  readonly #maxLoads: number;
  readonly #maxQueued: number;
  readonly #current = new SparseMap<Key, Load<A, V>>();
  // Those whose callers still wait.
  readonly #fenced = new Set<Load<A, V>>();
  // Those whose hard timeout has passed, and which may bring something all the same.
  readonly #overdue = new Map<Key, Load<A, V>>();
  // In order of arrival.
  readonly #queue = new Map<Load<A, V>, () => void>();
  #running = 0;

  constructor(maxLoads: number, maxQueued: number) {
    this.#maxLoads = maxLoads;
    this.#maxQueued = maxQueued;
  }

  get running(): number {
    return this.#running;
  }

  get queued(): number {
    return this.#queue.size;
  }

  get hasRoom(): boolean {
    return this.#running < this.#maxLoads;
  }

  get hasQueue(): boolean {
    return this.#queue.size < this.#maxQueued;
  }

  /** The load of this key that a new caller may join: none that began before the last invalidation of a tag. */
  joinable(key: Key, generation: number): Load<A, V> | undefined {
    const load = this.#current.get(key);
    if (load === undefined || load.generation === generation) return load;
    return load.generation === NOT_BEGUN ? load : undefined;
  }

  /** Makes it the load of its key; an earlier one is fenced. */
  add(load: Load<A, V>): void {
    this.fence(load.key, 'tag');
    this.#current.set(load.key, load);
  }

  /** What the load brings later may still be stored, unless its key changes before. */
  linger(load: Load<A, V>): void {
    this.#overdue.delete(load.key);
    this.#overdue.set(load.key, load);
    if (this.#overdue.size <= this.#maxLoads) return;
    for (const key of this.#overdue.keys()) {
      this.#overdue.delete(key);
      return;
    }
  }

  /** An overdue load has ended: whether it still counts. */
  arrived(load: Load<A, V>): boolean {
    return this.#overdue.get(load.key) === load && this.#overdue.delete(load.key);
  }

  fence(key: Key, by: Fence): void {
    if (by !== 'tag') this.#overdue.delete(key);
    const load = this.#current.get(key);
    if (load === undefined) return;
    load.fencedBy = by;
    this.#fenced.add(load);
    this.#current.delete(key);
  }

  fenceAll(): void {
    this.#overdue.clear();
    for (const key of this.#current.keys()) this.fence(key, 'clear');
  }

  /** Every load under way, after {@link Loads.fenceAll}. */
  get fenced(): readonly Load<A, V>[] {
    return [...this.#fenced];
  }

  /** Takes a place; ask `hasRoom` before. */
  enter(): void {
    this.#running++;
  }

  /** Resolves when the load has a place. The reaction runs in the async context of whoever awaits it (law 8). */
  turn(load: Load<A, V>): Promise<void> {
    return new Promise((resolve) => this.#queue.set(load, resolve));
  }

  /** The load has ended: its place goes to whoever has waited longest. */
  end(load: Load<A, V>): void {
    if (load.fencedBy === undefined) this.#current.delete(load.key);
    else this.#fenced.delete(load);
    // One that ends while it waits has no place to give.
    if (this.#queue.size > 0 && this.#queue.delete(load)) return;
    for (const [load, enter] of this.#queue) {
      this.#queue.delete(load);
      enter();
      return;
    }
    this.#running--;
  }
}
