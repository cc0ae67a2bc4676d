/** What a retry does with one call: the first attempt here, and, if that was no success, the others in retried-call.ts. */
import { type Clock, systemClock } from '../../core/clock.ts';
import type { Context } from '../../core/context.ts';
import { judge } from '../../core/judge.ts';
import { Reporter } from '../../core/observer.ts';
import { invoke, type Next } from '../../core/policy.ts';
import { type Random, systemRandom } from '../../core/random.ts';
import type { RetryBudget } from '../../structures/retry-budget.ts';
import type { Engine } from '../guard.ts';
import { type RetryOptions, type RetrySnapshot, type RetryState, type Rules, rulesOf } from './options.ts';
import { RetriedCall, type Retrying } from './retried-call.ts';
import { countCall, retryBudget } from './retry-budget.ts';
import { marksSoFar } from './spent.ts';

export class Retrier implements Retrying, Engine<RetryOptions, RetrySnapshot> {
  readonly reporter: Reporter;
  readonly #own: RetryBudget = retryBudget();
  readonly #clock: Clock;
  readonly now: () => number;
  readonly draw: Random;
  rules: Rules;
  retries = 0;
  givenUp = 0;

  constructor(options: RetryOptions) {
    this.reporter = new Reporter('retry', options);
    this.#clock = options.clock ?? systemClock;
    this.now = () => this.#clock.now();
    this.draw = options.random ?? systemRandom;
    this.rules = rulesOf(options, this.#own);
  }

  configure(options: RetryOptions): void {
    this.rules = rulesOf(options, this.#own);
  }

  /** The first attempt, in the context that came in. */
  execute<Q, S>(next: Next<Q, S>, request: Q, context: Context): Promise<S> {
    const { budget, classify } = this.rules;
    if (budget !== undefined) countCall(budget, context.call, this.now);
    const mark = marksSoFar();
    return invoke(next, request, context).then(
      (result) => {
        if (judge(context, classify, false, result).kind !== 'success')
          return new RetriedCall(this, next, request, context).after(context, false, result, mark) ?? result;
        if (budget?.settled !== undefined) budget.settled(true, 0);
        return result;
      },
      (error: unknown) => {
        const again = new RetriedCall(this, next, request, context).after(context, true, error, mark);
        if (again === undefined) throw error;
        return again;
      },
    );
  }

  snapshot(): RetrySnapshot {
    const { budget } = this.rules;
    return {
      retries: this.retries,
      givenUp: this.givenUp,
      budget: budget === undefined ? Infinity : Math.floor(budget.balance(this.now())),
    };
  }

  export(): RetryState {
    const budget = this.rules.budget?.export?.(this.now());
    return budget === undefined ? {} : { budget };
  }

  hydrate({ budget }: RetryState): void {
    if (budget !== undefined) this.rules.budget?.hydrate?.(budget, this.now());
  }
}
