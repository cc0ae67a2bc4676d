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
  // Attempts, without those that an open breaker refused; of these, how many there were in a row.
  #sent = 1;
  #refused = 0;
  // Steps of the backoff, and the last one's length.
  #step = 0;
  #delayMs = 0;
  // What the last attempt took from the budget.
  #paid = 0;

  constructor(retrying: Retrying, next: Next<Q, S>, request: Q, first: Context) {
    this.#retrying = retrying;
    this.#next = next;
    this.#request = request;
    this.#first = first;
  }

  /**
   * After an attempt: another one, or `undefined` if the call ends as this attempt did. Who asks hands that on by itself,
   * because throwing costs the more the further it has to go.
   */
  after(context: Context, failed: boolean, result: unknown, mark: number): Promise<S> | undefined {
    const { rules } = this.#retrying;
    const outcome = judge(context, rules.classify, failed, result);
    const ended: Ended = { outcome, failed, result, mark };
    this.#count(ended);
    if (outcome.kind === 'success') return undefined;
    const stop = this.#reasonToStop(ended);
    if (stop === undefined && !rules.observes) return this.#again(ended);
    if (stop === undefined) this.#tell('would-retry', ended);
    else this.#giveUp(stop, ended);
    return undefined;
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

  #again(ended: Ended): Promise<S> {
    this.#retrying.retries++;
    if (!ended.failed) this.#letGo(ended.result);
    this.#tell('retrying', ended);
    return sleep(this.#delayMs, this.#first).then(() => this.#send());
  }

  #send(): Promise<S> {
    const context = this.#first.retried(this.#first.attempt + this.#sent++);
    const mark = marksSoFar();
    return invoke(this.#next, this.#request, context).then(
      (response) => this.after(context, false, response, mark) ?? response,
      (error: unknown) => {
        const again = this.after(context, true, error, mark);
        if (again === undefined) throw error;
        return again;
      },
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
