import { RollingWindow } from '../structures/rolling-window.ts';
import { checkCount, checkInterval, checkNumber } from './options.ts';
import type { OutcomeKind } from './outcome.ts';
import type { TripCounter, TripRule } from './trip-rule.ts';

export interface FailureRateOptions {
  /** Milliseconds over which calls are counted. @defaultValue 10_000 */
  readonly windowMs?: number;
  /** Fewer calls than this in the window never trip. @defaultValue 20 */
  readonly minimumCalls?: number;
  /** The share of failures, above 0 up to 1, at which the rule trips. @defaultValue 0.5 */
  readonly rate?: number;
}

/**
 * Trips when the share of failures over a sliding window reaches `rate`. Overloads count as failures.
 *
 * The window is ten buckets, and all that have passed are emptied at the next call, however long ago the last
 * one was: after an hour of silence an outage is found as fast as on the first day. Not for a trickle of calls,
 * where `minimumCalls` is never reached.
 *
 * @throws {@link OptionError} for a rate outside (0, 1], a window that is not above 0, or a minimum below 1
 * @example
 * ```ts
 * import { circuitBreaker, failureRate } from 'evenkeel';
 * const breaker = circuitBreaker({ trip: failureRate({ windowMs: 10_000, minimumCalls: 20, rate: 0.5 }) });
 * if ((await breaker.run(async () => 'ok')) !== 'ok') throw new Error('closed breakers let calls through');
 * ```
 */
export function failureRate(options: FailureRateOptions = {}): TripRule {
  const windowMs = checkInterval('failureRate', 'windowMs', options.windowMs ?? 10_000);
  const minimumCalls = checkCount('failureRate', 'minimumCalls', options.minimumCalls ?? 20);
  const rate = checkNumber('failureRate', 'rate', options.rate ?? 0.5, Number.MIN_VALUE, 1);
  return { timed: true, counter: () => new RateCounter(windowMs, minimumCalls, rate) };
}

class RateCounter implements TripCounter {
  /** Every call counts. */
  readonly calm: boolean = false;
  readonly #window: RollingWindow;
  readonly #minimumCalls: number;
  readonly #rate: number;

  constructor(windowMs: number, minimumCalls: number, rate: number) {
    this.#window = new RollingWindow(windowMs);
    this.#minimumCalls = minimumCalls;
    this.#rate = rate;
  }

  record(kind: OutcomeKind, _durationMs: number, nowMs: number): boolean {
    if (kind === 'ignored') return false;
    const window = this.#window;
    window.add(nowMs, kind === 'success' ? 0 : 1);
    return window.count >= this.#minimumCalls && window.sum >= this.#rate * window.count;
  }

  reset(): void {
    this.#window.clear();
  }

  reason(): string {
    return `${this.#window.sum} of ${this.#window.count} calls failed`;
  }
}
