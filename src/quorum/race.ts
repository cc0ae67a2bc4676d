/**
 * A read of many replicas: asks all, ends at the first moment at which the outcome is certain, aborts the losers.
 * What makes it certain is the business of a {@link Count}, which only counts and performs nothing.
 */
import type { Context } from '../core/context.ts';
import { lostRace } from '../core/lost-race.ts';
import { type Ask, FanOut } from './fan-out.ts';
import type { Reply, Vote } from './reply.ts';
import type { Verdict } from './tally.ts';

/** What the votes mean, and what comes of them. */
export interface Count<R, V, T> {
  /** Takes one more vote in. What it throws rejects the call. */
  count(vote: Vote<R, V>, index: number): Verdict;
  /** Asked once, when the verdict was `reached`. */
  result(replies: readonly Reply<R, V>[], elapsedMs: number): T;
  /** Asked once, when the verdict was `impossible`. */
  failure(replies: readonly Reply<R, V>[], elapsedMs: number): Error;
}

export class Race<R, V, T> extends FanOut<R, V> {
  readonly #count: Count<R, V, T>;
  #resolve: (value: T) => void = nobody;
  #reject: (error: unknown) => void = nobody;

  constructor(replicas: readonly R[], context: Context, count: Count<R, V, T>) {
    super(replicas, context);
    this.#count = count;
  }

  run(ask: Ask<R, V>, replicaTimeoutMs: number, context: Context): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.askAll(ask, replicaTimeoutMs, context.scope);
    });
  }

  protected override heard(vote: Vote<R, V>, index: number): void {
    try {
      const verdict = this.#count.count(vote, index);
      if (verdict !== 'open') this.#end(verdict === 'reached', vote.latencyMs);
    } catch (error) {
      this.close(lostRace());
      this.#reject(error);
    }
  }

  protected override late(): void {}

  protected override left(reason: unknown): void {
    this.#reject(reason);
  }

  #end(reached: boolean, elapsedMs: number): void {
    this.close(lostRace());
    const replies = this.replies(elapsedMs, 'aborted');
    if (reached) this.#resolve(this.#count.result(replies, elapsedMs));
    else this.#reject(this.#count.failure(replies, elapsedMs));
  }
}

function nobody(): void {}
