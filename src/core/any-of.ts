import { OptionError } from './errors.ts';
import { checkPort } from './options.ts';
import type { OutcomeKind, OutcomeReason } from './outcome.ts';
import type { TripCounter, TripRule } from './trip-rule.ts';

/**
 * Trips when any of the rules does: a row of failures finds a total outage fastest, a rate finds what fails every other
 * call (Finagle's default; Linkerd's "unified" breaker).
 *
 * For a breaker; a health tracker takes a list of rules, and tells which of them it was.
 *
 * @throws {@link OptionError} for no rule, or what is none
 * @example
 * ```ts
 * import { anyOf, circuitBreaker, consecutiveFailures, failureRate } from 'evenkeel';
 * const trip = anyOf(consecutiveFailures({ failures: 5 }), failureRate({ windowCalls: 4 }));
 * const breaker = circuitBreaker({ trip });
 * for (const fails of [true, false, true, false])
 *   await breaker.run(() => (fails ? Promise.reject(new Error('down')) : Promise.resolve())).catch(() => {});
 * if (breaker.state !== 'open') throw new Error(breaker.state);
 * ```
 */
export function anyOf(...rules: readonly TripRule[]): TripRule {
  if (rules.length === 0) throw new OptionError('anyOf', 'rules', rules, 'at least one trip rule');
  for (const rule of rules) checkPort('anyOf', 'rules', rule, 'counter');
  const timed = rules.some((rule) => rule.timed);
  return { timed, counter: () => new AnyCounter(rules.map((rule) => rule.counter())) };
}

class AnyCounter implements TripCounter {
  readonly #counters: readonly TripCounter[];
  #tripped: TripCounter;

  constructor(counters: readonly TripCounter[]) {
    this.#counters = counters;
    this.#tripped = counters[0] as TripCounter;
  }

  /** All of them count, also when one before them has tripped. */
  record(kind: OutcomeKind, durationMs: number, nowMs: number, reason?: OutcomeReason): boolean {
    let tripped = false;
    for (const counter of this.#counters) {
      if (!counter.record(kind, durationMs, nowMs, reason) || tripped) continue;
      tripped = true;
      this.#tripped = counter;
    }
    return tripped;
  }

  get calm(): boolean {
    return this.#counters.every(({ calm }) => calm);
  }

  reset(): void {
    for (const counter of this.#counters) counter.reset();
  }

  reason(): string {
    return this.#tripped.reason();
  }
}
