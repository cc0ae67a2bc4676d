/** One call whose first attempt was no success: what is done about it, attempt by attempt. */
import type { Context } from '../../core/context.ts';
import { isTimeoutError } from '../../core/errors.ts';
import { judge } from '../../core/judge.ts';
import type { Reporter } from '../../core/observer.ts';
import { checkDuration } from '../../core/options.ts';
import type { Outcome } from '../../core/outcome.ts';
import { invoke, type Next } from '../../core/policy.ts';
import type { Random } from '../../core/random.ts';
import { mayRepeat } from '../../core/repeat.ts';
import { sleep } from '../../core/wait.ts';
import { isCircuitOpenError } from '../errors.ts';
import type { Rules } from './options.ts';
import { markSpent, marksSoFar, spentSince } from './spent.ts';

/** What the calls of one policy share. */
export interface Retrying {
  readonly rules: Rules;
  readonly reporter: Reporter;
  readonly now: () => number;
  readonly draw: Random;
  retries: number;
  givenUp: number;
}

/** How an attempt ended. */
interface Ended {
  readonly outcome: Outcome;
  readonly failed: boolean;
  readonly result: unknown;
  /** How many errors had been marked as spent when it began. */
  readonly mark: number;
}

export class RetriedCall<Q, S> {
  readonly #retrying: Retrying;
  readonly #next: Next<Q, S>;
  readonly #request: Q;
  readonly #first: Context;
  readonly #resolve: (response: S) => void;
  readonly #reject: (error: unknown) => void;
  // Attempts, without those that an open breaker refused; of these, how many there were in a row.
  #sent = 1;
  #refused = 0;
  // Steps of the backoff, and the last one's length.
  #step = 0;
  #delayMs = 0;
  // What the last attempt took from the budget.
  #paid = 0;

  constructor(
    retrying: Retrying,
    next: Next<Q, S>,
    request: Q,
    first: Context,
    resolve: (response: S) => void,
    reject: (error: unknown) => void,
  ) {
    this.#retrying = retrying;
    this.#next = next;
    this.#request = request;
    this.#first = first;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** An attempt has ended: the call ends with it, or there is another one. */
  ended(context: Context, failed: boolean, result: unknown, mark: number): void {
    const { rules } = this.#retrying;
    const outcome = judge(context, rules.classify, failed, result);
    const ended: Ended = { outcome, failed, result, mark };
    this.#count(ended);
    if (outcome.kind === 'success') {
      this.#resolve(result as S);
      return;
    }
    try {
      const stop = this.#reasonToStop(ended);
      if (stop !== undefined) this.#giveUp(stop, ended);
      else if (rules.observes) this.#tell('would-retry', ended);
      else {
        this.#again(ended);
        return;
      }
    } catch (error) {
      this.#reject(error);
      return;
    }
    if (failed) this.#reject(result);
    else this.#resolve(result as S);
  }

  /** What an open breaker refused was no attempt: it is counted apart, and says nothing of the server. */
  #count(ended: Ended): void {
    if (refusedByBreaker(ended)) {
      this.#sent--;
      this.#refused++;
      return;
    }
    this.#refused = 0;
    const { kind } = ended.outcome;
    if (kind !== 'ignored') this.#retrying.rules.budget?.settled?.(kind === 'success', this.#paid);
  }

  /** Why there is no other attempt; `undefined` when there may be one, which is then paid for. */
  #reasonToStop(ended: Ended): string | undefined {
    const { maxAttempts, maxDelayMs } = this.#retrying.rules;
    const { outcome, failed, result, mark } = ended;
    const first = this.#first;
    if (outcome.kind === 'ignored') return 'ignored';
    if (this.#sent >= maxAttempts || this.#refused >= maxAttempts) return 'attempts';
    if (first.scope?.aborted === true) return 'aborted';
    if (!mayRepeat(this.#request, first, failed ? result : undefined)) return 'not-repeatable';
    if (spentSince(result, mark)) return 'budget of an inner layer';
    if (outcome.retryAfterMs > maxDelayMs) return 'retry-after';
    this.#stepUp(outcome);
    if (this.#delayMs >= first.remainingMs()) return 'deadline';
    return this.#pay(ended) ? undefined : 'budget';
  }

  #stepUp({ retryAfterMs }: Outcome): void {
    const { backoff, baseDelayMs, maxDelayMs } = this.#retrying.rules;
    const step = {
      retry: ++this.#step,
      draw: this.#retrying.draw(),
      previousMs: this.#delayMs,
      baseDelayMs,
      maxDelayMs,
    };
    const ownMs = Math.min(maxDelayMs, checkDuration('retry', 'backoff', backoff(step)));
    this.#delayMs = Math.max(ownMs, retryAfterMs);
    // The server has said when: what it says next is another matter (gRPC A6).
    if (retryAfterMs > ownMs) this.#step = 0;
  }

  #pay(ended: Ended): boolean {
    const { budget } = this.#retrying.rules;
    // What was refused here at home has cost nobody anything, and is paid for already if it was a retry.
    if (budget === undefined || refusedByBreaker(ended)) return true;
    this.#paid = budget.withdraw(this.#retrying.now(), ended.failed && isTimeoutError(ended.result));
    return this.#paid > 0;
  }

  #giveUp(reason: string, { outcome, result }: Ended): void {
    const { reporter } = this.#retrying;
    this.#retrying.givenUp++;
    if (reason === 'budget') markSpent(result);
    if (reporter.on) reporter.tell('gave-up', { attempts: this.#sent, reason, outcome });
  }

  #again(ended: Ended): void {
    this.#retrying.retries++;
    if (!ended.failed) this.#letGo(ended.result);
    this.#tell('retrying', ended);
    sleep(this.#delayMs, this.#first).then(() => this.#send(), this.#reject);
  }

  #send(): void {
    const context = this.#first.retried(this.#first.attempt + this.#sent++);
    const mark = marksSoFar();
    invoke(this.#next, this.#request, context).then(
      (response) => this.ended(context, false, response, mark),
      (error: unknown) => this.ended(context, true, error, mark),
    );
  }

  #tell(type: string, { outcome }: Ended): void {
    const { reporter } = this.#retrying;
    if (!reporter.on) return;
    reporter.tell(type, { attempt: this.#first.attempt + this.#sent, delayMs: this.#delayMs, outcome });
  }

  #letGo(response: unknown): void {
    try {
      this.#retrying.rules.discard?.(response);
    } catch {
      // A fault in tidying up is not the call's.
    }
  }
}

function refusedByBreaker({ failed, result }: Ended): boolean {
  return failed && isCircuitOpenError(result);
}
