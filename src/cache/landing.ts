/**
 * The landing: what becomes of a load that has ended. Its value is stored, unless it came too late; whoever waits is
 * answered; and what a failure means for the calls to come is remembered.
 */
import type { Reporter } from '../core/observer.ts';
import { type Cargo, unpack } from './cargo.ts';
import type { Deadlines } from './deadlines.ts';
import { refuseResponse } from './errors.ts';
import { afterFailure, type Entry, verdictOf } from './freshness.ts';
import { Said } from './loaded.ts';
import type { Fence, Load, Loads, Prompt, Wait } from './loads.ts';
import type { Settings } from './options.ts';
import type { Plan } from './plan.ts';
import type { StaleReason, Statistics } from './statistics.ts';
import type { Store, Stored } from './store.ts';

/** The parts of a cache that a landing needs. */
interface Parts<A, V> {
  readonly where: string;
  readonly settings: Settings<A, V>;
  readonly store: Store<A, V>;
  readonly loads: Loads<A, V>;
  readonly deadlines: Deadlines<Load<A, V>>;
  readonly statistics: Statistics;
  readonly reporter: Reporter;
}

export class Landing<A, V> {
  readonly #parts: Parts<A, V>;

  constructor(parts: Parts<A, V>) {
    this.#parts = parts;
  }

  loaded(load: Load<A, V>, said: V): void {
    const { where, store } = this.#parts;
    const nowMs = store.clock.read();
    let plan: Plan;
    try {
      if (said instanceof Said) {
        this.#land(load, unpack(where, store.planner, load, said, nowMs), nowMs);
        return;
      }
      refuseResponse(where, said);
      plan = store.planner.of(said, load.arg, undefined);
    } catch (error) {
      this.failed(load, error);
      return;
    }
    const { startedMs } = load;
    const costMs = nowMs - startedMs;
    this.#ended(load, nowMs);
    const stored =
      load.fencedBy === undefined
        ? store.put(load.key, said, plan, startedMs, costMs, load.generation)
        : load.fencedBy;
    this.#told(load, stored);
    load.keep(said, 'loaded', startedMs, undefined);
    if (load.prompt !== undefined) this.close(load)?.keep(said, 'loaded', startedMs, undefined);
  }

  /** A load that had failed by its hard timeout has brought a value after all. */
  late(load: Load<A, V>, said: V): void {
    const { where, store, loads, statistics } = this.#parts;
    if (!loads.arrived(load)) return;
    const nowMs = store.clock.read();
    try {
      const cargo = unpack(where, store.planner, load, said, nowMs);
      const known = store.peek(load.key, nowMs);
      if (known !== undefined && known.sinceMs > cargo.sinceMs) return;
      if (this.#keep(load, cargo) === 'stored') statistics.late++;
    } catch {
      // It has failed already.
    }
  }

  /** What is more than a plain value. */
  #land(load: Load<A, V>, cargo: Cargo<V>, nowMs: number): void {
    const { store, statistics } = this.#parts;
    const { value, sinceMs, error } = cargo;
    this.#ended(load, nowMs);
    const stored = load.fencedBy === undefined ? this.#keep(load, cargo) : load.fencedBy;
    this.#told(load, stored);
    const state = error === undefined ? 'loaded' : 'stale';
    const prompt = this.close(load);
    if (error !== undefined) {
      if (stored === 'stored') this.#remember(load, store.peek(load.key, nowMs), error, nowMs);
      statistics.staleServed.error += load.callers + (prompt?.callers ?? 0);
    }
    load.keep(value, state, sinceMs, error);
    prompt?.keep(value, state, sinceMs, error);
  }

  #keep(load: Load<A, V>, { value, plan, sinceMs, costMs, freshUntilMs }: Cargo<V>): Stored {
    const { store } = this.#parts;
    const { key, generation } = load;
    return freshUntilMs === undefined
      ? store.put(key, value, plan, sinceMs, costMs, generation)
      : store.putUntil(key, value, plan, sinceMs, freshUntilMs, costMs, generation);
  }

  #ended(load: Load<A, V>, nowMs: number): void {
    this.end(load);
    const { statistics } = this.#parts;
    statistics.loaded++;
    statistics.loadsMs += nowMs - load.startedMs;
  }

  #told(load: Load<A, V>, stored: Stored | Fence): void {
    const { statistics, reporter } = this.#parts;
    // What is too large was told by the store: that is no matter of time.
    const fenced = stored !== 'stored' && stored !== 'size';
    if (fenced) statistics.fenced++;
    if (!reporter.on) return;
    const { background, startedMs } = load;
    reporter.tell('loaded', { background, durationMs: this.#parts.store.clock.read() - startedMs });
    if (fenced) reporter.tell('fenced', { by: stored });
  }

  failed(load: Load<A, V>, error: unknown): void {
    this.end(load);
    this.#parts.statistics.failures++;
    const nowMs = this.#parts.store.clock.read();
    const entry = this.#parts.store.peek(load.key, nowMs);
    const { background } = load;
    if (this.#parts.reporter.on) {
      this.#parts.reporter.tell('load-failed', { background, durationMs: nowMs - load.startedMs });
    }
    if (load.fencedBy === undefined) this.#remember(load, entry, error, nowMs);
    for (const wait of [load, this.close(load)]) {
      if (wait === undefined) continue;
      if (entry === undefined) wait.fail(error);
      else this.serve(wait, entry, 'error', error, nowMs);
    }
  }

  end(load: Load<A, V>): void {
    load.ended = true;
    this.#parts.deadlines.disarm(load);
    this.#parts.loads.end(load);
  }

  /** What a failure means for the calls to come. */
  #remember(load: Load<A, V>, entry: Entry<V> | undefined, error: unknown, nowMs: number): void {
    const { refreshBackoffMs, maxRefreshBackoffMs, errorTtlMs, random } = this.#parts.settings;
    if (entry !== undefined) {
      const trouble = afterFailure(entry, error, nowMs, refreshBackoffMs, maxRefreshBackoffMs, random());
      entry.trouble = trouble;
      if (this.#parts.reporter.on) {
        const { failures, retryAtMs } = trouble;
        this.#parts.reporter.tell('refresh-backoff', { failures, pauseMs: retryAtMs - nowMs });
      }
    } else if (load.generation >= this.#parts.store.generation) {
      const ms = typeof errorTtlMs === 'function' ? attempt(() => errorTtlMs(error, load.arg)) : errorTtlMs;
      if (ms > 0) this.#parts.store.refuse(load.key, error, nowMs, ms);
    }
  }

  /** Answers those who wait with what is known. */
  serve(wait: Wait<V>, entry: Entry<V>, reason: StaleReason, error: unknown, nowMs: number): void {
    const ageMs = nowMs - entry.sinceMs;
    // Somebody may have set a value meanwhile.
    if (verdictOf(entry, nowMs) === 'fresh') {
      wait.keep(entry.value, 'fresh', entry.sinceMs, undefined);
      return;
    }
    this.#parts.statistics.staleServed[reason] += wait.callers;
    this.#parts.statistics.agesMs += wait.callers * ageMs;
    if (wait.callers > 0 && this.#parts.reporter.on) {
      this.#parts.reporter.tell('stale-served', { reason, ageMs, callers: wait.callers });
    }
    wait.keep(entry.value, 'stale', entry.sinceMs, error);
  }

  /** The callers with a soft timeout, if they still wait. */
  close(load: Load<A, V>): Prompt<A, V> | undefined {
    const { prompt } = load;
    if (prompt === undefined || !prompt.open) return undefined;
    prompt.open = false;
    this.#parts.settings.clock.clearTimeout(prompt.timer);
    return prompt;
  }
}

/** How long to remember an error, by a function of the user; one that throws has said nothing. */
function attempt(say: () => number): number {
  try {
    return say();
  } catch {
    return 0;
  }
}
