/** Bulkhead: at most so many calls at once, so that one slow dependency cannot take everything with it. */
import type { Context } from '../core/context.ts';
import { Reporter } from '../core/observer.ts';
import { checkCount, checkDuration } from '../core/options.ts';
import { invoke, type Next } from '../core/policy.ts';
import { BulkheadFullError } from './errors.ts';
import { type Engine, type Guard, guardOf, type GuardOptions, observes } from './guard.ts';
import { Refusals } from './refusals.ts';
import { checkOrder, type QueueOrder, type TurnedAway, WaitingLine } from './waiting-line.ts';

export interface BulkheadOptions extends GuardOptions {
  /** How many calls run at once. */
  readonly maxConcurrent: number;
  /** How many calls may wait for room. @defaultValue 0 */
  readonly maxQueue?: number;
  /** Milliseconds a call may wait for room. @defaultValue 1_000 */
  readonly queueTimeoutMs?: number;
  /**
   * Who is next among those of the same `criticality`: who came first, or, once somebody has been waiting for a tenth of
   * a second, who came last, because the first ones are about to give up. @defaultValue 'fifo'
   */
  readonly order?: QueueOrder;
}

/** What {@link bulkhead} makes. */
export type Bulkhead = Guard<BulkheadOptions, BulkheadSnapshot>;

export interface BulkheadSnapshot {
  readonly running: number;
  readonly waiting: number;
  /** Calls refused so far. */
  readonly refused: number;
}

/**
 * Lets at most `maxConcurrent` calls run; up to `maxQueue` more wait their turn, for at most `queueTimeoutMs`. The rest
 * is refused at once with a {@link BulkheadFullError}.
 *
 * Critical calls go before others, sheddable ones after them; where the queue is full, a more critical call takes the
 * place of a less critical one. A place is held until the work has really ended, also when its caller has left:
 * otherwise the dependency would carry more than was promised. Put a `timeout` inside, or a call that never settles
 * keeps its place for ever. Not for rates: ten calls of a millisecond are ten thousand a second.
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
  return guardOf('bulkhead', options, permits, (next, request, context) =>
    permits.execute(next, request, context),
  );
}

class Permits implements Engine<BulkheadOptions, BulkheadSnapshot> {
  readonly reporter: Reporter;
  readonly #refusals: Refusals;
  readonly #line = new WaitingLine();
  #maxConcurrent = 0;
  #maxQueue = 0;
  #queueTimeoutMs = 0;
  #running = 0;

  constructor(options: BulkheadOptions) {
    this.reporter = new Reporter('bulkhead', options);
    this.#refusals = new Refusals(this.reporter);
    this.configure(options);
  }

  configure(options: BulkheadOptions): void {
    const where = 'bulkhead';
    const maxConcurrent = checkCount(where, 'maxConcurrent', options.maxConcurrent);
    const maxQueue = checkCount(where, 'maxQueue', options.maxQueue ?? 0, 0);
    const queueTimeoutMs = checkDuration(where, 'queueTimeoutMs', options.queueTimeoutMs ?? 1000);
    const order = checkOrder(where, options.order);
    this.#refusals.observes = observes(where, options);
    this.#maxConcurrent = maxConcurrent;
    this.#maxQueue = maxQueue;
    this.#queueTimeoutMs = queueTimeoutMs;
    this.#line.order = order;
    this.#serve();
  }

  execute<Q, S>(next: Next<Q, S>, request: Q, context: Context): Promise<S> {
    if (this.#running < this.#maxConcurrent) {
      this.#running++;
      return this.#run(next, request, context);
    }
    return this.#beyond(next, request, context);
  }

  snapshot(): BulkheadSnapshot {
    return { running: this.#running, waiting: this.#line.size, refused: this.#refusals.count };
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

  #beyond<Q, S>(next: Next<Q, S>, request: Q, context: Context): Promise<S> {
    const full = this.#line.size >= this.#maxQueue;
    if (this.#refusals.observes) {
      this.#refusals.add({ reason: full ? 'queue-full' : 'wait', ...this.snapshot() });
      this.#running++;
      return this.#run(next, request, context);
    }
    if (full && !this.#line.displace(context)) return Promise.reject(this.#refuse('queue-full'));
    // The reaction runs in this caller's async context, whoever frees the place (law 8).
    const turn = this.#line.join(context, this.#queueTimeoutMs, (why) => this.#refuse(why));
    return turn.then(() => {
      if (context.scope?.aborted !== true) return this.#run(next, request, context);
      // The place came free and the caller left in one tick: it goes to the next.
      this.#release();
      throw context.scope.reason;
    });
  }

  #release(): void {
    this.#running--;
    this.#serve();
  }

  /** Lets in whom there is room for now. */
  #serve(): void {
    while (this.#running < this.#maxConcurrent && this.#line.next()) this.#running++;
  }

  #refuse(reason: TurnedAway): BulkheadFullError {
    this.#refusals.add({ reason, ...this.snapshot() });
    return new BulkheadFullError(reason);
  }
}
