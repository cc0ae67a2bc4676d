/**
 * The loader: runs loads within their bounds, stores what they bring, and answers whoever waits.
 *
 * A load ends once: with a value, with an error, or when its hard timeout has passed. A load does not end because
 * its callers have left: aborting it then is what keeps an overloaded origin down for ever (see docs/cache.md).
 */
import { Background } from '../core/background.ts';
import { Call } from '../core/call.ts';
import { Context } from '../core/context.ts';
import { TimeoutError } from '../core/errors.ts';
import type { Reporter } from '../core/observer.ts';
import { invoke, type Next } from '../core/policy.ts';
import { Scope } from '../core/scope.ts';
import { Deadlines } from './deadlines.ts';
import { CacheDisposedError, LoadsFullError, refuseResponse } from './errors.ts';
import { afterFailure, type Entry, verdictOf } from './freshness.ts';
import type { Key } from './keys.ts';
import { Load, Loads, Prompt, type Wait } from './loads.ts';
import type { Settings } from './options.ts';
import type { StaleReason, Statistics } from './statistics.ts';
import type { Store } from './store.ts';

export class Loader<A, V> {
  readonly loads: Loads<A, V>;
  readonly #where: string;
  readonly #next: Next<A, V>;
  readonly #settings: Settings<A, V>;
  readonly #store: Store<A, V>;
  readonly #statistics: Statistics;
  readonly #reporter: Reporter;
  readonly #background = new Background();
  readonly #deadlines: Deadlines<Load<A, V>>;
  #disposed: CacheDisposedError | undefined = undefined;

  constructor(
    where: string,
    next: Next<A, V>,
    settings: Settings<A, V>,
    store: Store<A, V>,
    statistics: Statistics,
    reporter: Reporter,
  ) {
    this.#where = where;
    this.#next = next;
    this.#settings = settings;
    this.#store = store;
    this.#statistics = statistics;
    this.#reporter = reporter;
    this.loads = new Loads(settings.maxLoads, settings.maxQueuedLoads);
    this.#deadlines = new Deadlines(settings.clock, (load) =>
      this.#abort(load, new TimeoutError(settings.hardTimeoutMs, 'the load')),
    );
  }

  /**
   * Loads for a caller, in the caller's async context, when there is room.
   *
   * @throws {@link LoadsFullError} if there is none, and none to wait for it either
   * @throws {@link CacheDisposedError} after {@link Loader.dispose}
   */
  load(key: Key, arg: A): Load<A, V> {
    if (this.#disposed !== undefined) throw this.#disposed;
    const { loads } = this;
    if (loads.hasRoom) {
      const load = this.#open(key, arg, false);
      loads.enter();
      this.#run(load);
      return load;
    }
    if (!loads.hasQueue) throw this.#full();
    const load = this.#open(key, arg, false);
    void loads.turn(load).then(() => this.#run(load));
    return load;
  }

  /** Loads in the background, in the async context of the cache's creator; not at all if there is no room. */
  refresh(key: Key, arg: A): void {
    if (this.#disposed !== undefined || !this.loads.hasRoom) return;
    const load = this.#open(key, arg, true);
    this.loads.enter();
    this.#background.run(() => this.#run(load));
  }

  /** One more caller waits for the load; the first makes a background load one that the process stays alive for. */
  join(load: Load<A, V>): Load<A, V> {
    const { idle } = load;
    load.callers++;
    if (idle) this.#deadlines.arm(load);
    return load;
  }

  /** The same load with a stale value after `ms` if there is one then. */
  prompt(load: Load<A, V>, ms: number): Prompt<V> {
    if (load.prompt !== undefined) return load.prompt;
    const prompt = new Prompt<V>();
    prompt.timer = this.#settings.clock.setTimeout(() => {
      const nowMs = this.#store.clock.read();
      const entry = this.#store.peek(load.key, nowMs);
      // Invalidated meanwhile, or too old: only the load can help.
      if (entry === undefined) return;
      prompt.open = false;
      this.#serve(
        prompt,
        entry,
        'timeout',
        new TimeoutError(this.#settings.softTimeoutMs, 'the load'),
        nowMs,
      );
    }, ms);
    const { idle } = load;
    load.prompt = prompt;
    if (idle) this.#deadlines.arm(load);
    return prompt;
  }

  /** Ends every load; their callers are rejected. */
  dispose(): void {
    this.#disposed ??= new CacheDisposedError();
    this.loads.fenceAll();
    for (const load of this.loads.fenced) this.#abort(load, this.#disposed);
  }

  #open(key: Key, arg: A, background: boolean): Load<A, V> {
    const { clock, hardTimeoutMs } = this.#settings;
    const coarse = this.#store.clock;
    const nowMs = coarse.read();
    const scope = new Scope(clock, coarse.timeOf(nowMs) + hardTimeoutMs);
    const load = new Load<A, V>(key, arg, scope, background, nowMs);
    this.#deadlines.watch(load);
    this.loads.add(load);
    return load;
  }

  #run(load: Load<A, V>): void {
    const { scope } = load;
    // Its time ran out between being given its place and taking it.
    if (scope.aborted) return;
    load.startedMs = this.#store.clock.read();
    load.generation = this.#store.generation;
    this.#statistics.loads++;
    const context = new Context(new Call(this.#settings.clock, undefined), scope, 1, undefined);
    invoke(this.#next, load.arg, context).then(
      (value) => {
        if (scope.settle()) this.#loaded(load, value);
      },
      (error: unknown) => {
        if (scope.settle()) this.#failed(load, error);
      },
    );
  }

  #abort(load: Load<A, V>, reason: unknown): void {
    load.scope.abort(reason);
    this.#failed(load, reason);
  }

  #loaded(load: Load<A, V>, value: V): void {
    let tags: readonly string[] | undefined;
    try {
      refuseResponse(this.#where, value);
      tags = this.#store.tagsOf(value, load.arg);
    } catch (error) {
      this.#failed(load, error);
      return;
    }
    this.#end(load);
    const stored =
      load.fencedBy === undefined && this.#store.put(load.key, value, load.startedMs, tags, load.generation);
    if (!stored) this.#statistics.fenced++;
    if (this.#reporter.on) this.#tellLoaded(load, stored);
    load.keep(value, 'loaded', load.startedMs, undefined);
    if (load.prompt !== undefined) this.#close(load)?.keep(value, 'loaded', load.startedMs, undefined);
  }

  #failed(load: Load<A, V>, error: unknown): void {
    this.#end(load);
    this.#statistics.failures++;
    const nowMs = this.#store.clock.read();
    const entry = this.#store.peek(load.key, nowMs);
    const { background } = load;
    if (this.#reporter.on) {
      this.#reporter.tell('load-failed', { background, durationMs: nowMs - load.startedMs });
    }
    if (load.fencedBy === undefined) this.#remember(load, entry, error, nowMs);
    for (const wait of [load, this.#close(load)]) {
      if (wait === undefined) continue;
      if (entry === undefined) wait.fail(error);
      else this.#serve(wait, entry, 'error', error, nowMs);
    }
  }

  #end(load: Load<A, V>): void {
    load.ended = true;
    this.#deadlines.disarm(load);
    this.loads.end(load);
  }

  /** What a failure means for the calls to come. */
  #remember(load: Load<A, V>, entry: Entry<V> | undefined, error: unknown, nowMs: number): void {
    const { refreshBackoffMs, maxRefreshBackoffMs, errorTtlMs, random } = this.#settings;
    if (entry !== undefined) {
      const trouble = afterFailure(entry, error, nowMs, refreshBackoffMs, maxRefreshBackoffMs, random());
      entry.trouble = trouble;
      if (this.#reporter.on) {
        const { failures, retryAtMs } = trouble;
        this.#reporter.tell('refresh-backoff', { failures, pauseMs: retryAtMs - nowMs });
      }
    } else if (errorTtlMs > 0 && load.generation >= this.#store.generation) {
      this.#store.refuse(load.key, error, nowMs);
    }
  }

  /** Answers those who wait with what is known. */
  #serve(wait: Wait<V>, entry: Entry<V>, reason: StaleReason, error: unknown, nowMs: number): void {
    const ageMs = nowMs - entry.sinceMs;
    // Somebody may have set a value meanwhile.
    if (verdictOf(entry, nowMs) === 'fresh') {
      wait.keep(entry.value, 'fresh', entry.sinceMs, undefined);
      return;
    }
    this.#statistics.staleServed[reason] += wait.callers;
    if (wait.callers > 0 && this.#reporter.on) {
      this.#reporter.tell('stale-served', { reason, ageMs, callers: wait.callers });
    }
    wait.keep(entry.value, 'stale', entry.sinceMs, error);
  }

  /** The callers with a soft timeout, if they still wait. */
  #close(load: Load<A, V>): Prompt<V> | undefined {
    const { prompt } = load;
    if (prompt === undefined || !prompt.open) return undefined;
    prompt.open = false;
    this.#settings.clock.clearTimeout(prompt.timer);
    return prompt;
  }

  #tellLoaded(load: Load<A, V>, stored: boolean): void {
    const { background, startedMs } = load;
    this.#reporter.tell('loaded', { background, durationMs: this.#store.clock.read() - startedMs });
    if (!stored) this.#reporter.tell('fenced', { by: load.fencedBy ?? 'tag' });
  }

  #full(): LoadsFullError {
    this.#statistics.refused++;
    if (this.#reporter.on) {
      this.#reporter.tell('refused', { running: this.loads.running, queued: this.loads.queued });
    }
    return new LoadsFullError();
  }
}
