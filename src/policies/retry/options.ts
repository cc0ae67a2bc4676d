/** What a retry may be told, what it shows, and the checks of it. */
import { checkCount, checkDuration, checkFunction } from '../../core/options.ts';
import type { Classify } from '../../core/outcome.ts';
import type { Random } from '../../core/random.ts';
import { type Backoff, fullJitter } from '../../structures/backoff.ts';
import type { RetryBudget } from '../../structures/retry-budget.ts';
import { type Guard, type GuardOptions, observes } from '../guard.ts';
import { budgetOf } from './retry-budget.ts';

export interface RetryOptions extends GuardOptions {
  /** How many attempts a call gets, the first included. @defaultValue 3 */
  readonly maxAttempts?: number;
  /** Milliseconds: the backoff's upper end at the first retry; it doubles with each. @defaultValue 50 */
  readonly baseDelayMs?: number;
  /** Milliseconds: the backoff's upper end at most. A server that asks for more ends the retrying. @defaultValue 5_000 */
  readonly maxDelayMs?: number;
  /** How long to wait; what it answers is cut at `maxDelayMs`. @defaultValue `fullJitter` */
  readonly backoff?: Backoff;
  /** What retries spend from. @defaultValue a budget of its own: 20 % of calls and 10 per second, over 10 s */
  readonly budget?: RetryBudget | 'unlimited';
  /** Judges how an attempt settled, where no inner layer has. @defaultValue what throws has failed */
  readonly classify?: Classify;
  /** Told of a response that another attempt will replace: close what it holds open. */
  readonly discard?: (response: unknown) => void;
  readonly random?: Random;
}

/** What {@link retry} makes. */
export interface RetryPolicy extends Guard<RetryOptions, RetrySnapshot> {
  /** What its budget has counted, as plain data. */
  export(): RetryState;
  /** Takes over what another's budget has counted. */
  hydrate(state: RetryState): void;
}

/** What is worth keeping of a retry when its process ends. */
export interface RetryState {
  readonly budget?: Readonly<Record<string, number>>;
}

export interface RetrySnapshot {
  /** Attempts beyond the first. */
  readonly retries: number;
  /** Calls that ended with a failed last attempt. */
  readonly givenUp: number;
  /** How many retries the budget allows now. */
  readonly budget: number;
}

/** The checked options. */
export interface Rules {
  readonly maxAttempts: number;
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
  readonly backoff: Backoff;
  readonly budget: RetryBudget | undefined;
  readonly classify: Classify | undefined;
  readonly discard: ((response: unknown) => void) | undefined;
  readonly observes: boolean;
}

export function rulesOf(options: RetryOptions, own: RetryBudget): Rules {
  const where = 'retry';
  const { classify, discard } = options;
  return {
    maxAttempts: checkCount(where, 'maxAttempts', options.maxAttempts ?? 3),
    baseDelayMs: checkDuration(where, 'baseDelayMs', options.baseDelayMs ?? 50),
    maxDelayMs: checkDuration(where, 'maxDelayMs', options.maxDelayMs ?? 5000),
    backoff: checkFunction(where, 'backoff', options.backoff ?? fullJitter),
    budget: budgetOf(where, options.budget, () => own),
    classify: classify && checkFunction(where, 'classify', classify),
    discard: discard && checkFunction(where, 'discard', discard),
    observes: observes(where, options),
  };
}
