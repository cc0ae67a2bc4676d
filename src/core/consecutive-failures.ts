import { checkCount } from './options.ts';
import type { OutcomeKind } from './outcome.ts';
import type { TripCounter, TripRule } from './trip-rule.ts';

export interface ConsecutiveFailuresOptions {
  /** How many failures in a row trip the rule. @defaultValue 5 */
  readonly failures?: number;
}

/**
 * Trips after so many failures in a row; one success forgets them.
 *
 * Finds a total outage fastest, and never sees an endpoint that fails every other call: pair it with
 * `failureRate`. An overload counts for nothing here: it ends a row no more than it makes one longer, because
 * one refusal among others says "busy", not "broken" (as in Linkerd's breaker, where 429 is left to the rate).
 *
 * @throws {@link OptionError} if `failures` is not a whole number of at least 1
 * @example
 * ```ts
 * import { circuitBreaker, consecutiveFailures } from 'evenkeel';
 * const breaker = circuitBreaker({ trip: consecutiveFailures({ failures: 1 }) });
 * await breaker.run(() => Promise.reject(new Error('down'))).catch(() => {});
 * if (breaker.state !== 'open') throw new Error(breaker.state);
 * ```
 */
export function consecutiveFailures(options: ConsecutiveFailuresOptions = {}): TripRule {
  const failures = checkCount('consecutiveFailures', 'failures', options.failures ?? 5);
  return { timed: false, counter: () => new ConsecutiveCounter(failures) };
}

class ConsecutiveCounter implements TripCounter {
  readonly #limit: number;
  #row = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  record(kind: OutcomeKind): boolean {
    if (kind === 'success') this.#row = 0;
    else if (kind === 'failure') this.#row++;
    return this.#row >= this.#limit;
  }

  get calm(): boolean {
    return this.#row === 0;
  }

  reset(): void {
    this.#row = 0;
  }

  reason(): string {
    return `${this.#row} failures in a row`;
  }
}
