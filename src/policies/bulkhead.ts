/** Bulkhead: at most so many calls at once, so that one slow dependency cannot take everything with it. */
import { type Clock, systemClock } from '../core/clock.ts';
import type { Context } from '../core/context.ts';
import { type Observer, Reporter } from '../core/observer.ts';
import { checkCount, checkDuration } from '../core/options.ts';
import { invoke, type Next, type Policy, policyOf } from '../core/policy.ts';
import { BulkheadFullError } from './errors.ts';
import { WaitingLine } from './waiting-line.ts';

export interface BulkheadOptions {
  /** How many calls run at once. */
  readonly maxConcurrent: number;
  /** How many calls may wait for room. @defaultValue 0 */
  readonly maxQueue?: number;
  /** Milliseconds a call may wait for room. @defaultValue 1_000 */
  readonly queueTimeoutMs?: number;
  readonly clock?: Clock;
  readonly observer?: Observer;
  /** In events. */
  readonly name?: string;
}

/** What {@link bulkhead} makes. */
export interface Bulkhead extends Policy {
  snapshot(): BulkheadSnapshot;
}

export interface BulkheadSnapshot {
  readonly running: number;
  readonly waiting: number;
  /** Calls refused so far. */
  readonly refused: number;
}

/**
 * Lets at most `maxConcurrent` calls run; up to `maxQueue` more wait their turn, first come first served, for
 * at most `queueTimeoutMs`. The rest is refused at once with a {@link BulkheadFullError}.
 *
 * A place is held until the work has really ended, also when its caller has left: otherwise the dependency would
 * carry more than was promised. Put a `timeout` inside, or a call that never settles keeps its place for ever.
 * Not for rates: ten calls of a millisecond are ten thousand a second.
 *
 * @throws {@link OptionError} at construction for an option out of its range
 * @throws {@link BulkheadFullError} when there is no room
 * @example
 * ```ts
 * import { bulkhead, isBulkheadFullError } from 'evenkeel';
 * const one = bulkhead({ maxConcurrent: 1 });
 * const first = one.run(async () => 'first');
 * const second = await one.run(async () => 'second').catch((error: unknown) => error);
 * if ((await first) !== 'first' || !isBulkheadFullError(second)) throw new Error('only one has room');
 * ```
 */
export function bulkhead(options: BulkheadOptions): Bulkhead {
  const permits = new Permits(options);
  const policy = policyOf(
    (next, request, context) => permits.execute(next, request, context),
    options.clock ?? systemClock,
  );
  return Object.assign(policy, { snapshot: () => permits.snapshot() });
}

class Permits {
  readonly #maxConcurrent: number;
  readonly #maxQueue: number;
  readonly #queueTimeoutMs: number;
  readonly #reporter: Reporter;
  readonly #queue = new WaitingLine();
  #running = 0;
  #refused = 0;

  constructor(options: BulkheadOptions) {
    this.#maxConcurrent = checkCount('bulkhead', 'maxConcurrent', options.maxConcurrent);
    this.#maxQueue = checkCount('bulkhead', 'maxQueue', options.maxQueue ?? 0, 0);
    this.#queueTimeoutMs = checkDuration('bulkhead', 'queueTimeoutMs', options.queueTimeoutMs ?? 1000);
    this.#reporter = new Reporter('bulkhead', options);
  }

  execute<Q, S>(next: Next<Q, S>, request: Q, context: Context): Promise<S> {
    if (this.#running < this.#maxConcurrent) {
      this.#running++;
      return this.#run(next, request, context);
    }
    return this.#queued(next, request, context);
  }

  snapshot(): BulkheadSnapshot {
    return { running: this.#running, waiting: this.#queue.size, refused: this.#refused };
  }

  #run<Q, S>(next: Next<Q, S>, request: Q, context: Context): Promise<S> {
    return invoke(next, request, context).then(this.#kept, this.#lost) as Promise<S>;
  }

  // Made once: a pair of closures per call would double the cost of the whole guard.
  readonly #kept = (value: unknown): unknown => {
    this.#release();
    return value;
  };

  readonly #lost = (error: unknown): never => {
    this.#release();
    throw error;
  };

  #queued<Q, S>(next: Next<Q, S>, request: Q, context: Context): Promise<S> {
    if (this.#queue.size >= this.#maxQueue) return Promise.reject(this.#refuse('queue-full'));
    // The reaction runs in this caller's async context, whoever frees the place (law 8).
    const turn = this.#queue.join(context, this.#queueTimeoutMs, () => this.#refuse('queue-timeout'));
    return turn.then(() => {
      if (context.scope?.aborted !== true) return this.#run(next, request, context);
      // The place came free and the caller left in one tick: it goes to the next.
      this.#release();
      throw context.scope.reason;
    });
  }

  /** Hands the place to whoever has waited longest, or frees it. */
  #release(): void {
    if (!this.#queue.next()) this.#running--;
  }

  #refuse(reason: 'queue-full' | 'queue-timeout'): BulkheadFullError {
    this.#refused++;
    if (this.#reporter.on) this.#reporter.tell('refused', { reason, ...this.snapshot() });
    return new BulkheadFullError(reason);
  }
}
