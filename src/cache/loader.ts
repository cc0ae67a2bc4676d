/**
 * The loader: runs loads within their bounds. What becomes of what they bring is the matter of the landing.
 *
 * A load ends once: with a value, with an error, or when its hard timeout has passed. A load does not end because
 * its callers have left: aborting it then is what keeps an overloaded origin down for ever (see docs/cache.md).
 */
import { hookOf, unlink } from '../core/abort.ts';
import { Background } from '../core/background.ts';
import { Call } from '../core/call.ts';
import type { Context } from '../core/context.ts';
import { TimeoutError } from '../core/errors.ts';
import type { Reporter } from '../core/observer.ts';
import { invoke, type Next } from '../core/policy.ts';
import { Scope } from '../core/scope.ts';
import { Deadlines } from './deadlines.ts';
import { CacheDisposedError, LoadsFullError } from './errors.ts';
import type { Entry } from './freshness.ts';
import type { Key } from './keys.ts';
import { Landing } from './landing.ts';
import { LoadingContext } from './loaded.ts';
import { Load, Loads, Prompt, type Wait } from './loads.ts';
import type { Settings } from './options.ts';
import type { Statistics } from './statistics.ts';
import type { Store } from './store.ts';

export class Loader<A, V> {
  readonly loads: Loads<A, V>;
  readonly #settings: Settings<A, V>;
  readonly #store: Store<A, V>;
  readonly #statistics: Statistics;
  readonly #reporter: Reporter;
  readonly #background = new Background();
  readonly #deadlines: Deadlines<Load<A, V>>;
  readonly #landing: Landing<A, V>;
  #disposed: CacheDisposedError | undefined = undefined;

  constructor(
    where: string,
    settings: Settings<A, V>,
    store: Store<A, V>,
    statistics: Statistics,
    reporter: Reporter,
  ) {
    this.#settings = settings;
    this.#store = store;
    this.#statistics = statistics;
    this.#reporter = reporter;
    this.loads = new Loads(settings.maxLoads, settings.maxQueuedLoads);
    this.#deadlines = new Deadlines(settings.clock, (load) => this.#expire(load));
    const { loads } = this;
    this.#landing = new Landing({
      where,
      settings,
      store,
      loads,
      deadlines: this.#deadlines,
      statistics,
      reporter,
    });
  }

  /**
   * Loads for a caller, in the caller's async context, when there is room.
   *
   * @throws {@link LoadsFullError} if there is none, and none to wait for it either
   * @throws {@link CacheDisposedError} after {@link Loader.dispose}
   */
  load(key: Key, arg: A, next: Next<A, V>, known: Entry<V> | undefined): Load<A, V> {
    if (this.#disposed !== undefined) throw this.#disposed;
    const { loads } = this;
    if (loads.hasRoom) {
      const load = this.#open(key, arg, next, known, false);
      loads.enter();
      this.#run(load);
      return load;
    }
    if (!loads.hasQueue) throw this.#full();
    const load = this.#open(key, arg, next, known, false);
    void loads.turn(load).then(() => this.#run(load));
    return load;
  }

  /** Loads in the background, in the async context of the cache's creator; not at all if there is no room. */
  refresh(key: Key, arg: A, next: Next<A, V>, known: Entry<V>): boolean {
    if (this.#disposed !== undefined || !this.loads.hasRoom) return false;
    const load = this.#open(key, arg, next, known, true);
    this.loads.enter();
    this.#background.run(() => this.#run(load));
    return true;
  }

  /** One more caller waits for the load; the first makes a background load one that the process stays alive for. */
  join(load: Load<A, V>): Load<A, V> {
    const { idle } = load;
    load.callers++;
    if (idle) this.#deadlines.arm(load);
    return load;
  }

  /** The same load with a stale value after `ms` if there is one then. */
  prompt(load: Load<A, V>, ms: number): Prompt<A, V> {
    if (load.prompt !== undefined) return load.prompt;
    const prompt = new Prompt(load);
    prompt.timer = this.#settings.clock.setTimeout(() => {
      const nowMs = this.#store.clock.read();
      const entry = this.#store.peek(load.key, nowMs);
      // Invalidated meanwhile, or too old: only the load can help.
      if (entry === undefined) return;
      prompt.open = false;
      this.#landing.serve(
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

  /** When this caller leaves, and was the last, the load ends. */
  heed(wait: Wait<V>, context: Context): void {
    const load = wait instanceof Prompt ? (wait as Prompt<A, V>).load : (wait as Load<A, V>);
    const hook = hookOf((reason) => {
      wait.callers--;
      if (load.abandoned) this.#abandon(load, reason);
    });
    context.onAbort(hook);
    const settled = (): void => unlink(hook);
    wait.promise.then(settled, settled);
  }

  /** Ends every load; their callers are rejected. */
  dispose(): void {
    this.#disposed ??= new CacheDisposedError();
    this.loads.fenceAll();
    for (const load of this.loads.fenced) this.#abort(load, this.#disposed);
  }

  #open(key: Key, arg: A, next: Next<A, V>, known: Entry<V> | undefined, background: boolean): Load<A, V> {
    const { clock, hardTimeoutMs } = this.#settings;
    const coarse = this.#store.clock;
    const nowMs = coarse.read();
    const scope = new Scope(clock, coarse.timeOf(nowMs) + hardTimeoutMs);
    const load = new Load<A, V>(key, arg, next, known, scope, background, nowMs);
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
    const call = new Call(this.#settings.clock, undefined);
    const context = new LoadingContext(call, scope, load.known, load.startedMs);
    invoke(load.next, load.arg, context).then(
      (value) => {
        if (scope.settle()) this.#landing.loaded(load, value);
        else this.#landing.late(load, value);
      },
      (error: unknown) => {
        if (scope.settle()) this.#landing.failed(load, error);
        else this.loads.arrived(load);
      },
    );
  }

  #abort(load: Load<A, V>, reason: unknown): void {
    load.scope.abort(reason);
    this.#landing.failed(load, reason);
  }

  /** Its hard timeout has passed. Not every loader heeds its signal, and a value is a value. */
  #expire(load: Load<A, V>): void {
    const lasting = load.fencedBy === undefined;
    this.#abort(load, new TimeoutError(this.#settings.hardTimeoutMs, 'the load'));
    if (lasting) this.loads.linger(load);
  }

  /** Nobody is left who waits for it. That says nothing of the origin: no pause, nothing to remember. */
  #abandon(load: Load<A, V>, reason: unknown): void {
    this.#statistics.abandoned++;
    load.scope.abort(reason);
    this.#landing.end(load);
    this.#landing.close(load);
    if (this.#reporter.on) {
      this.#reporter.tell('abandoned', { durationMs: this.#store.clock.read() - load.startedMs });
    }
  }

  #full(): LoadsFullError {
    this.#statistics.refused++;
    if (this.#reporter.on) {
      this.#reporter.tell('refused', { running: this.loads.running, queued: this.loads.queued });
    }
    return new LoadsFullError();
  }
}
