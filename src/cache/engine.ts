/**
 * The engine of all caches: finds what is known, decides by its verdict who is served and who waits for a load.
 *
 * Callers share the promise of the entry or of the load. A caller's signal or time limit is dealt with before the
 * engine, by the door in `core/policy.ts`: a caller who leaves changes nothing here, unless loads are to be aborted
 * when nobody waits for them any more.
 */
import type { Context } from '../core/context.ts';
import { Reporter } from '../core/observer.ts';
import type { Next } from '../core/policy.ts';
import { refuseResponse } from './errors.ts';
import { Entry, isEarly, mayBeEarly, verdictOf } from './freshness.ts';
import { type Key, Keys } from './keys.ts';
import { Loader } from './loader.ts';
import type { Wait } from './loads.ts';
import type { Settings } from './options.ts';
import { type CacheSnapshot, type StaleReason, Statistics } from './statistics.ts';
import { Store } from './store.ts';

/** A value, and where it comes from. */
export interface Lookup<V> {
  readonly value: V;
  /** `loaded`: by a load that this caller waited for. */
  readonly state: 'fresh' | 'stale' | 'loaded';
  /** Milliseconds since the load that brought it began. */
  readonly ageMs: number;
  /** Why it is not fresh: the error of the last load, or a `TimeoutError` after `softTimeoutMs`. */
  readonly error?: unknown;
}

export class CacheEngine<A, V> {
  readonly keys: Keys;
  readonly store: Store<A, V>;
  readonly settings: Settings<A, V>;
  readonly #where: string;
  readonly #loader: Loader<A, V>;
  readonly #statistics = new Statistics();
  readonly #reporter: Reporter;
  /** Told of each key that is changed by hand, and of nothing when all are. */
  readonly followers: Set<(key: Key | undefined) => void> = new Set();
  readonly #beta: number;
  readonly #abandons: boolean;

  constructor(where: string, settings: Settings<A, V>) {
    this.#where = where;
    this.settings = settings;
    this.keys = new Keys(where);
    this.#reporter = new Reporter('cache', settings);
    this.store = new Store(where, settings, this.#statistics, this.#reporter);
    this.#loader = new Loader(where, settings, this.store, this.#statistics, this.#reporter);
    this.#beta = settings.earlyRefreshBeta;
    this.#abandons = settings.whenAbandoned === 'abort';
  }

  get(arg: A, next: Next<A, V>, context?: Context): Promise<V> {
    try {
      const source = this.#find(arg, next);
      if (this.#abandons) this.#heed(source, context);
      return source.promise;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  lookup(arg: A, next: Next<A, V>, context?: Context): Promise<Lookup<V>> {
    try {
      const source = this.#find(arg, next);
      if (this.#abandons) this.#heed(source, context);
      if (!(source instanceof Entry)) return this.#described(source);
      const nowMs = this.store.clock.read();
      const fresh = verdictOf(source, nowMs) === 'fresh';
      return Promise.resolve(
        describe(source.value, fresh ? 'fresh' : 'stale', nowMs - source.sinceMs, source.trouble?.error),
      );
    } catch (error) {
      return Promise.reject(error);
    }
  }

  peek(arg: A): V | undefined {
    const nowMs = this.store.clock.read();
    const entry = this.store.peek(this.keyOf(arg), nowMs);
    return entry !== undefined && nowMs < entry.freshUntilMs ? entry.value : undefined;
  }

  set(arg: A, value: V): void {
    const key = this.keyOf(arg);
    refuseResponse(this.#where, value);
    const plan = this.store.planner.of(value, arg, undefined);
    this.#loader.loads.fence(key, 'set');
    this.#tell(key);
    this.store.put(key, value, plan, this.store.clock.read(), 0, this.store.generation);
  }

  delete(arg: A): boolean {
    return this.deleteKey(this.keyOf(arg));
  }

  deleteKey(key: Key): boolean {
    this.#loader.loads.fence(key, 'delete');
    this.#tell(key);
    return this.store.delete(key);
  }

  clear(): void {
    this.#loader.loads.fenceAll();
    this.#tell(undefined);
    this.store.clear();
  }

  invalidateTag(tag: string): void {
    this.store.invalidateTag(tag);
  }

  snapshot(): CacheSnapshot {
    const { loads } = this.#loader;
    return this.#statistics.snapshot(this.store.size, loads.running, loads.queued);
  }

  dispose(): void {
    this.store.clear();
    this.#loader.dispose();
  }

  keyOf(arg: A): Key {
    const { key } = this.settings;
    return this.keys.of(key === undefined ? arg : key(arg));
  }

  #tell(key: Key | undefined): void {
    for (const follower of this.followers) follower(key);
  }

  #heed(source: Entry<V> | Wait<V>, context: Context | undefined): void {
    if (!(source instanceof Entry) && context?.scope !== undefined) this.#loader.heed(source, context);
  }

  /** What this caller gets: something known, or a load to wait for. */
  #find(arg: A, next: Next<A, V>): Entry<V> | Wait<V> {
    const key = this.keyOf(arg);
    const entry = this.store.get(key);
    if (entry === undefined) return this.#wait(key, arg, next, undefined);
    const nowMs = this.store.clock.read();
    if (nowMs >= entry.freshUntilMs) return this.#findStale(key, arg, next, entry, nowMs);
    this.#statistics.hits++;
    this.#statistics.agesMs += nowMs - entry.sinceMs;
    if (this.#beta > 0 && mayBeEarly(entry, nowMs, this.#beta)) this.#early(key, arg, next, entry, nowMs);
    return entry;
  }

  #findStale(key: Key, arg: A, next: Next<A, V>, entry: Entry<V>, nowMs: number): Entry<V> | Wait<V> {
    const verdict = verdictOf(entry, nowMs);
    const { trouble } = entry;
    if (trouble !== undefined && nowMs < trouble.retryAtMs) {
      if (verdict !== 'gone') return this.#stale(entry, 'backoff', nowMs);
      this.#statistics.errorsServed++;
      throw trouble.error;
    }
    switch (verdict) {
      case 'revalidate':
        if (this.#joinable(key) === undefined) this.#loader.refresh(key, arg, next, entry);
        return this.#stale(entry, 'revalidate', nowMs);
      case 'fallback':
        return this.#waitBriefly(key, arg, next, entry, nowMs);
      default:
        return this.#wait(key, arg, next, entry);
    }
  }

  /** Refreshes a value that is fresh still, if a draw says so. */
  #early(key: Key, arg: A, next: Next<A, V>, entry: Entry<V>, nowMs: number): void {
    if (entry.trouble !== undefined && nowMs < entry.trouble.retryAtMs) return;
    if (this.#joinable(key) !== undefined) return;
    if (!isEarly(entry, nowMs, this.#beta, this.settings.random())) return;
    if (this.#loader.refresh(key, arg, next, entry)) this.#statistics.early++;
  }

  /** Joins the load of this key, or begins it. */
  #wait(key: Key, arg: A, next: Next<A, V>, known: Entry<V> | undefined): Wait<V> {
    let load = this.#joinable(key);
    if (load === undefined) {
      load = this.#loader.load(key, arg, next, known);
      this.#statistics.misses++;
    } else {
      this.#statistics.coalesced++;
    }
    return this.#loader.join(load);
  }

  /** The same where there is something stale to turn to. */
  #waitBriefly(key: Key, arg: A, next: Next<A, V>, entry: Entry<V>, nowMs: number): Entry<V> | Wait<V> {
    const { loads } = this.#loader;
    const joined = this.#joinable(key);
    if (joined === undefined && !loads.hasRoom) return this.#stale(entry, 'overload', nowMs);
    const { softTimeoutMs } = this.settings;
    if (softTimeoutMs === Infinity) return this.#wait(key, arg, next, entry);
    const load = joined ?? this.#loader.load(key, arg, next, entry);
    const leftMs = load.createdMs + softTimeoutMs - nowMs;
    if (leftMs <= 0) return this.#stale(entry, 'timeout', nowMs);
    if (joined === undefined) this.#statistics.misses++;
    else this.#statistics.coalesced++;
    const prompt = this.#loader.prompt(load, leftMs);
    prompt.callers++;
    return prompt;
  }

  #joinable(key: Key): ReturnType<Loader<A, V>['loads']['joinable']> {
    return this.#loader.loads.joinable(key, this.store.generation);
  }

  #stale(entry: Entry<V>, reason: StaleReason, nowMs: number): Entry<V> {
    const ageMs = nowMs - entry.sinceMs;
    this.#statistics.staleServed[reason]++;
    this.#statistics.agesMs += ageMs;
    if (this.#reporter.on) this.#reporter.tell('stale-served', { reason, ageMs, callers: 1 });
    return entry;
  }

  #described(wait: Wait<V>): Promise<Lookup<V>> {
    return wait.promise.then((value) =>
      describe(value, wait.state, this.store.clock.read() - wait.sinceMs, wait.error),
    );
  }
}

function describe<V>(value: V, state: Lookup<V>['state'], ageMs: number, error: unknown): Lookup<V> {
  return error === undefined ? { value, state, ageMs } : { value, state, ageMs, error };
}
