import { checkWindow, type CountingWindow } from './counting-window.ts';
import { checkNumber } from './options.ts';
import type { OutcomeKind } from './outcome.ts';
import type { TripCounter, TripRule } from './trip-rule.ts';

export interface FailureRateOptions {
  /** Milliseconds over which calls are counted. @defaultValue 10_000, unless `windowCalls` is given */
  readonly windowMs?: number;
  /** How many of the last calls are counted, however long ago they were, in place of `windowMs`. */
  readonly windowCalls?: number;
  /** Fewer calls than this in the window never trip. @defaultValue 20, or `windowCalls` if that is less */
  readonly minimumCalls?: number;
  /** The share of failures, above 0 up to 1, at which the rule trips. @defaultValue 0.5 */
  readonly rate?: number;
}

/**
 * Trips when the share of failures over a sliding window reaches `rate`. Overloads count as failures.
 *
 * A window of time is ten buckets, and all that have passed are emptied at the next call, however long ago the last
 * one was: after an hour of silence an outage is found as fast as on the first day. It is not for a trickle of calls,
 * where `minimumCalls` is never reached: there `windowCalls` counts the last calls, however old, and reads no clock.
 *
 * @throws {@link OptionError} for a rate outside (0, 1], a window that is not above 0, both kinds of window, or a minimum
 * below 1 or above `windowCalls`
 * @example
 * ```ts
 * import { circuitBreaker, failureRate } from 'evenkeel';
 * const breaker = circuitBreaker({ trip: failureRate({ windowMs: 10_000, minimumCalls: 20, rate: 0.5 }) });
 * if ((await breaker.run(async () => 'ok')) !== 'ok') throw new Error('closed breakers let calls through');
 * ```
 */
export function failureRate(options: FailureRateOptions = {}): TripRule {
  const { timed, minimumCalls, open } = checkWindow('failureRate', options);
  const rate = checkNumber('failureRate', 'rate', options.rate ?? 0.5, Number.MIN_VALUE, 1);
  return { timed, counter: () => new RateCounter(open(), minimumCalls, rate) };
}

class RateCounter implements TripCounter {
  /** Every call counts. */
  readonly calm: boolean = false;
  readonly #window: CountingWindow;
  readonly #minimumCalls: number;
  readonly #rate: number;

  constructor(window: CountingWindow, minimumCalls: number, rate: number) {
    this.#window = window;
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
