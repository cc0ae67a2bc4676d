/**
 * The loads in flight: who waits for them, which of them is still wanted, and how many run.
 *
 * They are kept apart from the entries and are never evicted: where an in-flight load sits in the LRU itself,
 * more misses than entries reject innocent callers (lru-cache issue 320). A load is fenced by taking it out of
 * the map: it ends as any other and answers whoever waits, but nobody new joins it and nothing is stored.
 */
import type { Scope } from '../core/scope.ts';
import type { Key } from './keys.ts';

/** What made a load's value unwanted. */
export type Fence = 'set' | 'delete' | 'clear' | 'tag';

const ignore = (): void => {};

/** A promise that callers share, and how it was kept. */
export class Wait<V> {
  readonly promise: Promise<V>;
  /** How many callers hold it. While there is none it is not rejected: nobody would hear. */
  callers = 0;
  state: 'fresh' | 'stale' | 'loaded' = 'loaded';
  sinceMs = 0;
  error: unknown = undefined;
  #resolve: (value: V) => void = ignore;
  #reject: (error: unknown) => void = ignore;

  constructor() {
    this.promise = new Promise<V>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
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
export class Load<A, V> extends Wait<V> {
  readonly key: Key;
  readonly arg: A;
  readonly scope: Scope;
  /** Whether nobody waited when it was begun. */
  readonly background: boolean;
  readonly createdMs: number;
  /** When the loader was called. */
  startedMs: number;
  /** The generation of tags when the loader was called; until then nothing can make it late. */
  generation: number = Infinity;
  fencedBy: Fence | undefined = undefined;
  /** Callers who take a stale value when the soft timeout has passed. */
  prompt: Prompt<V> | undefined = undefined;

  constructor(key: Key, arg: A, scope: Scope, background: boolean, nowMs: number) {
    super();
    this.key = key;
    this.arg = arg;
    this.scope = scope;
    this.background = background;
    this.createdMs = nowMs;
    this.startedMs = nowMs;
  }
}

/** A wait with a soft timeout. */
export class Prompt<V> extends Wait<V> {
  open = true;
  timer: unknown = undefined;
}

export class Loads<A, V> {
  readonly #maxLoads: number;
  readonly #maxQueued: number;
  #current = new Map<Key, Load<A, V>>();
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
    return load === undefined || load.generation < generation ? undefined : load;
  }

  /** Makes it the load of its key; an earlier one is fenced. */
  add(load: Load<A, V>): void {
    this.fence(load.key, 'tag');
    this.#current.set(load.key, load);
  }

  fence(key: Key, by: Fence): void {
    const load = this.#current.get(key);
    if (load === undefined) return;
    load.fencedBy = by;
    this.#current.delete(key);
  }

  fenceAll(): void {
    for (const load of this.#current.values()) load.fencedBy = 'clear';
    this.#current = new Map();
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
    // One that ends while it waits has no place to give.
    if (!this.#queue.delete(load)) this.leave();
  }

  leave(): void {
    for (const [load, enter] of this.#queue) {
      this.#queue.delete(load);
      enter();
      return;
    }
    this.#running--;
  }
}
