/**
 * Retry: another attempt when one has failed, if it may be repeated, if there is time, and if the budget allows.
 */
import { type Clock, systemClock } from '../core/clock.ts';
import type { Context } from '../core/context.ts';
import { judge } from '../core/judge.ts';
import { type Observer, Reporter } from '../core/observer.ts';
import { checkCount, checkDuration, checkFunction } from '../core/options.ts';
import type { Classify, Outcome } from '../core/outcome.ts';
import { invoke, type Next, type Policy, policyOf } from '../core/policy.ts';
import { type Random, systemRandom } from '../core/random.ts';
import { mayRepeat } from '../core/repeat.ts';
import { sleep } from '../core/wait.ts';
import { fullJitter } from '../structures/backoff.ts';
import { countCall, retryBudget, type RetryBudget } from './retry-budget.ts';

export interface RetryOptions {
  /** How many attempts a call gets, the first included. @defaultValue 3 */
  readonly maxAttempts?: number;
  /** Milliseconds: the backoff's upper end at the first retry; it doubles with each. @defaultValue 50 */
  readonly baseDelayMs?: number;
  /** Milliseconds: the backoff's upper end at most. A server that asks for more ends the retrying. @defaultValue 5_000 */
  readonly maxDelayMs?: number;
  /** What retries spend from. @defaultValue a budget of its own: 20 % of calls and 10 per second, over 10 s */
  readonly budget?: RetryBudget | 'unlimited';
  /** Judges how an attempt settled, where no inner layer has. @defaultValue what throws has failed */
  readonly classify?: Classify;
  /** Told of a response that another attempt will replace: close what it holds open. */
  readonly discard?: (response: unknown) => void;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly observer?: Observer;
  /** In events. */
  readonly name?: string;
}

/** What {@link retry} makes. */
export interface RetryPolicy extends Policy {
  snapshot(): RetrySnapshot;
}

export interface RetrySnapshot {
  /** Attempts beyond the first. */
  readonly retries: number;
  /** Calls that ended with a failed last attempt. */
  readonly givenUp: number;
  /** How many retries the budget allows now. */
  readonly budget: number;
}

/**
 * Tries a failed call again, after a randomly jittered, growing delay.
 *
 * A call that may have reached the server is repeated only if it may act twice: a plain function may (you
 * wrapped it), a request that names an HTTP method must be idempotent by it, or the caller says `idempotent`
 * or gives an `idempotencyKey`. A server's `Retry-After` is honoured up to `maxDelayMs`. Retrying ends early when
 * the delay would pass the call's deadline, or when the budget is spent. The last attempt's own error is thrown,
 * or its own response resolved, untouched.
 *
 * Use it at one layer only: three layers with three attempts each make 27. Not for a server that is overloaded
 * for long: the budget (20 % of calls) then makes it a retry now and then.
 *
 * @throws {@link OptionError} at construction for an option out of its range
 * @example
 * ```ts
 * import { retry } from 'evenkeel';
 * const value = await retry({ maxAttempts: 4, baseDelayMs: 1 }).run(async ({ attempt }) => {
 *   if (attempt < 3) throw new Error('not yet');
 *   return attempt;
 * });
 * if (value !== 3) throw new Error('expected the third attempt');
 * ```
 */
export function retry(options: RetryOptions = {}): RetryPolicy {
  const clock = options.clock ?? systemClock;
  const retrier = new Retrier(options, clock);
  const policy = policyOf((next, request, context) => retrier.execute(next, request, context), clock);
  return Object.assign(policy, { snapshot: () => retrier.snapshot(clock.now()) });
}

class Retrier {
  readonly #maxAttempts: number;
  readonly #baseDelayMs: number;
  readonly #maxDelayMs: number;
  readonly #budget: RetryBudget | undefined;
  readonly #classify: Classify | undefined;
  readonly #discard: ((response: unknown) => void) | undefined;
  readonly #now: () => number;
  readonly #random: Random;
  readonly #reporter: Reporter;
  #retries = 0;
  #givenUp = 0;

  constructor(options: RetryOptions, clock: Clock) {
    this.#maxAttempts = checkCount('retry', 'maxAttempts', options.maxAttempts ?? 3);
    this.#baseDelayMs = checkDuration('retry', 'baseDelayMs', options.baseDelayMs ?? 50);
    this.#maxDelayMs = checkDuration('retry', 'maxDelayMs', options.maxDelayMs ?? 5000);
    this.#budget = options.budget === 'unlimited' ? undefined : (options.budget ?? retryBudget());
    if (options.classify !== undefined) checkFunction('retry', 'classify', options.classify);
    this.#classify = options.classify;
    this.#discard = options.discard;
    this.#now = () => clock.now();
    this.#random = options.random ?? systemRandom;
    this.#reporter = new Reporter('retry', options);
  }

  /** The first attempt, in the context that came in; all that is not a success goes to the slow path. */
  execute<Q, S>(next: Next<Q, S>, request: Q, context: Context): Promise<S> {
    if (this.#budget !== undefined) countCall(this.#budget, context.call, this.#now);
    return invoke(next, request, context).then(
      (value) => {
        const outcome = judge(context, this.#classify, false, value);
        return outcome.kind === 'success'
          ? value
          : this.#again(next, request, context, outcome, false, value);
      },
      (error: unknown) => {
        const outcome = judge(context, this.#classify, true, error);
        return this.#again(next, request, context, outcome, true, error);
      },
    );
  }

  snapshot(nowMs: number): RetrySnapshot {
    return {
      retries: this.#retries,
      givenUp: this.#givenUp,
      budget: this.#budget === undefined ? Infinity : Math.floor(this.#budget.balance(nowMs)),
    };
  }

  /** Further attempts, until one succeeds or there is a reason to stop. */
  async #again<Q, S>(
    next: Next<Q, S>,
    request: Q,
    first: Context,
    firstOutcome: Outcome,
    firstFailed: boolean,
    firstResult: unknown,
  ): Promise<S> {
    let outcome = firstOutcome;
    let failed = firstFailed;
    let result = firstResult;
    for (let retries = 1; ; retries++) {
      if (outcome.kind === 'success') return result as S;
      const delayMs = this.#delay(retries, outcome);
      const stop = this.#reasonToStop(request, first, outcome, retries, delayMs, failed ? result : undefined);
      if (stop !== undefined) {
        this.#givenUp++;
        if (this.#reporter.on) this.#reporter.tell('gave-up', { attempts: retries, reason: stop, outcome });
        if (failed) throw result;
        return result as S;
      }
      if (!failed) this.#letGo(result);
      this.#retries++;
      if (this.#reporter.on) this.#reporter.tell('retrying', { attempt: retries + 1, delayMs, outcome });
      await sleep(delayMs, first);
      const context = first.retried(first.attempt + retries);
      try {
        result = await invoke(next, request, context);
        failed = false;
      } catch (error) {
        result = error;
        failed = true;
      }
      outcome = judge(first, this.#classify, failed, result);
    }
  }

  #letGo(response: unknown): void {
    try {
      this.#discard?.(response);
    } catch {
      // A fault in tidying up is not the call's.
    }
  }

  #delay(retry: number, outcome: Outcome): number {
    const backoffMs = fullJitter(retry, this.#baseDelayMs, this.#maxDelayMs, this.#random());
    return Math.max(backoffMs, outcome.retryAfterMs);
  }

  #reasonToStop(
    request: unknown,
    context: Context,
    outcome: Outcome,
    attempts: number,
    delayMs: number,
    error: unknown,
  ): string | undefined {
    if (outcome.kind === 'ignored') return 'ignored';
    if (attempts >= this.#maxAttempts) return 'attempts';
    if (context.scope?.aborted === true) return 'aborted';
    if (!mayRepeat(request, context, error)) return 'not-repeatable';
    if (outcome.retryAfterMs > this.#maxDelayMs) return 'retry-after';
    if (delayMs >= context.remainingMs()) return 'deadline';
    if (this.#budget !== undefined && !this.#budget.withdraw(this.#now())) return 'budget';
    return undefined;
  }
}
