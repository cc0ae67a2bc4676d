/** Admission: a call that cannot finish before its deadline is not begun. */
import { type Clock, systemClock } from '../core/clock.ts';
import type { Context } from '../core/context.ts';
import { isTimeoutError } from '../core/errors.ts';
import { Reporter } from '../core/observer.ts';
import { checkDuration, checkFunction } from '../core/options.ts';
import type { Classify, Outcome } from '../core/outcome.ts';
import { invoke, type Next } from '../core/policy.ts';
import { Watch, type Watcher } from '../core/watch.ts';
import { TooLateError } from './errors.ts';
import { Latency, type LatencyQuantile } from '../core/latency.ts';
import { type Engine, type Guard, guardOf, type GuardOptions, observes } from './guard.ts';
import { Refusals } from './refusals.ts';

export interface AdmissionOptions extends GuardOptions {
  /**
   * Milliseconds that a call needs: a number, or a quantile of how long calls took lately.
   * @defaultValue `{ quantile: 0.5 }`
   */
  readonly expectedMs?: number | LatencyQuantile;
  /** Judges how a call settled, where no inner layer has. @defaultValue what throws has failed */
  readonly classify?: Classify;
}

/** What {@link admission} makes. */
export type Admission = Guard<AdmissionOptions, AdmissionSnapshot>;

export interface AdmissionSnapshot {
  /** Milliseconds that a call needs now; `undefined` for a quantile of too few calls, where all are admitted. */
  readonly expectedMs: number | undefined;
  /** Calls refused so far. */
  readonly refused: number;
}

/**
 * Refuses a call at once, with a {@link TooLateError}, when less time is left until its deadline than calls need:
 * what comes too late is work for nobody. A call without a deadline is always admitted.
 *
 * With a quantile, half of the calls (0.5) that are admitted with just that much time left still come too late; 0.9
 * refuses more. Successes are measured, and calls that ran out of time by what they had. When everything becomes slow
 * and all are refused, the measurements go out of date with their window, and calls are admitted again.
 *
 * Put it inside `retry`, so that it sees what is left for each attempt, and a `bulkhead` outside of it, so that a call
 * that waited is asked again. Not for work whose time says nothing about the next one's.
 *
 * @throws {@link OptionError} at construction for an option out of its range
 * @throws {@link TooLateError} for a call that would come too late
 * @example
 * ```ts
 * import { admission, isTooLateError } from 'evenkeel';
 * const guard = admission({ expectedMs: 200 });
 * const load = async () => 'loaded';
 * if ((await guard.run(load, { timeoutMs: 500 })) !== 'loaded') throw new Error('there was time');
 * const error = await guard.run(load, { timeoutMs: 100 }).catch((error: unknown) => error);
 * if (!isTooLateError(error)) throw new Error('there was none');
 * ```
 */
export function admission(options: AdmissionOptions = {}): Admission {
  const door = new Door(options);
  return guardOf('admission', options, door, (next, request, context) =>
    door.execute(next, request, context),
  );
}

const MEDIAN: LatencyQuantile = { quantile: 0.5 };

class Door implements Watcher<number>, Engine<AdmissionOptions, AdmissionSnapshot> {
  readonly reporter: Reporter;
  readonly #refusals: Refusals;
  readonly #clock: Clock;
  #said: AdmissionOptions['expectedMs'];
  #expected: number | Latency = 0;
  #classify: Classify | undefined;

  constructor(options: AdmissionOptions) {
    this.reporter = new Reporter('admission', options);
    this.#refusals = new Refusals(this.reporter);
    this.#clock = options.clock ?? systemClock;
    this.configure(options);
  }

  /** A quantile that stays keeps what it has measured. */
  configure({ expectedMs = MEDIAN, ...options }: AdmissionOptions): void {
    const where = 'admission';
    const classify = options.classify && checkFunction(where, 'classify', options.classify);
    const observing = observes(where, options);
    if (typeof expectedMs === 'number') this.#expected = checkDuration(where, 'expectedMs', expectedMs);
    else if (expectedMs !== this.#said) this.#expected = new Latency(where, 'expectedMs', expectedMs);
    this.#said = expectedMs;
    this.#refusals.observes = observing;
    this.#classify = classify;
  }

  execute<Q, S>(next: Next<Q, S>, request: Q, context: Context): Promise<S> {
    const remainingMs = context.remainingMs();
    const expectedMs = remainingMs === Infinity ? 0 : (this.#expectedMs() ?? 0);
    if (remainingMs < expectedMs) {
      this.#refusals.add({ expectedMs, remainingMs });
      if (!this.#refusals.observes) return Promise.reject(new TooLateError(expectedMs, remainingMs));
    }
    if (typeof this.#expected === 'number') return invoke(next, request, context);
    return new Watch(context, this.#classify, this, this.#clock.now()).follow(invoke(next, request, context));
  }

  ended(startMs: number, { kind }: Outcome, failed: boolean, result: unknown): void {
    const measured = kind === 'success' || (failed && isTimeoutError(result));
    if (!measured || typeof this.#expected === 'number') return;
    const nowMs = this.#clock.now();
    this.#expected.record(nowMs, nowMs - startMs);
  }

  snapshot(): AdmissionSnapshot {
    return { expectedMs: this.#expectedMs(), refused: this.#refusals.count };
  }

  #expectedMs(): number | undefined {
    return typeof this.#expected === 'number' ? this.#expected : this.#expected.ms(this.#clock.now());
  }
}
