/**
 * A read of many replicas: asks all, ends at the first moment at which the outcome is certain, aborts the losers.
 * What makes it certain is the business of a {@link Count}, which only counts and performs nothing.
 */
import type { Context } from '../core/context.ts';
import { lostRace } from '../core/lost-race.ts';
import { type Ask, FanOut } from './fan-out.ts';
import type { Verdict } from './poll.ts';
import type { Reply, Vote } from './reply.ts';

/** What the votes mean, and what comes of them. */
export interface Count<R, V, T> {
  /** Takes one more vote in. What it throws rejects the call. */
  count(vote: Vote<R, V>, index: number): Verdict;
  /** Asked once, when the verdict was `reached`. */
  result(replies: readonly Reply<R, V>[], elapsedMs: number): T;
  /** Asked once, when the verdict was `impossible`. */
  failure(replies: readonly Reply<R, V>[], elapsedMs: number): Error;
  /** Whether it could be reached with what these say, who have been asked and have not voted. */
  reachedWith(asked: readonly number[]): boolean;
  /** Wants to hear of those who answer after the call has succeeded; without it they are aborted. */
  straggler?: ((vote: Vote<R, V>) => void) | undefined;
}

export class Race<R, V, T> extends FanOut<R, V> {
  protected readonly counted: Count<R, V, T>;
  protected decided = false;
  #resolve: (value: T) => void = nobody;
  #reject: (error: unknown) => void = nobody;

  constructor(replicas: readonly R[], context: Context, count: Count<R, V, T>) {
    super(replicas, context);
    this.counted = count;
  }

  run(ask: Ask<R, V>, replicaTimeoutMs: number, context: Context): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.begin(ask, replicaTimeoutMs, context);
    });
  }

  protected begin(ask: Ask<R, V>, replicaTimeoutMs: number, context: Context): void {
    this.askAll(ask, replicaTimeoutMs, context.scope);
  }

  protected override heard(vote: Vote<R, V>, index: number): void {
    if (this.decided) return this.counted.straggler?.(vote);
    try {
      const verdict = this.counted.count(vote, index);
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
    this.decided = true;
    if (reached && this.counted.straggler !== undefined) this.detach();
    else this.close(lostRace());
    const replies = this.replies(elapsedMs, 'aborted');
    // What it throws rejects the call: here for a user's function, or because they agree on an error.
    if (reached) this.#resolve(this.counted.result(replies, elapsedMs));
    else this.#reject(this.counted.failure(replies, elapsedMs));
  }
}

function nobody(): void {}
