/**
 * Places: at most so many calls at once, and a line for some of those that find none. A place is held until the work has
 * really ended. The bulkhead says how many there are; the adaptive limit finds it out.
 */
import type { Context } from '../core/context.ts';
import type { Reporter } from '../core/observer.ts';
import { checkCount, checkDuration } from '../core/options.ts';
import { type GuardMode, observes } from './guard.ts';
import { Refusals } from './refusals.ts';
import { checkOrder, type QueueOrder, type TurnedAway, WaitingLine } from './waiting-line.ts';

export interface PlacesOptions {
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

/** Who keeps the places. */
export interface Keeper {
  readonly reporter: Reporter;
  /** How many there are now. */
  readonly limit: number;
  /** What a call is told that finds none. */
  refusal(reason: TurnedAway): Error;
}

export class Places {
  running = 0;
  readonly refusals: Refusals;
  readonly #keeper: Keeper;
  readonly #line = new WaitingLine();
  #maxQueue = 0;
  #queueTimeoutMs = 0;

  constructor(keeper: Keeper) {
    this.#keeper = keeper;
    this.refusals = new Refusals(keeper.reporter);
  }

  get waiting(): number {
    return this.#line.size;
  }

  /** Checks the options; what it answers obeys them, once all others are checked too. */
  checked(where: string, options: PlacesOptions & { readonly mode?: GuardMode }): () => void {
    const maxQueue = checkCount(where, 'maxQueue', options.maxQueue ?? 0, 0);
    const queueTimeoutMs = checkDuration(where, 'queueTimeoutMs', options.queueTimeoutMs ?? 1000);
    const order = checkOrder(where, options.order);
    const observing = observes(where, options);
    return () => {
      this.refusals.observes = observing;
      this.#maxQueue = maxQueue;
      this.#queueTimeoutMs = queueTimeoutMs;
      this.#line.order = order;
    };
  }

  /** Takes a place, if one is free. */
  take(): boolean {
    if (this.running >= this.#keeper.limit) return false;
    this.running++;
    return true;
  }

  /** The same promise, whose work holds the place that was taken. */
  hold<S>(work: Promise<S>): Promise<S> {
    return work.then(this.#kept, this.#lost) as Promise<S>;
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

  /** What becomes of a call that found no place: it waits for one, or is turned away. */
  beyond<S>(context: Context, run: () => Promise<S>): Promise<S> {
    const full = this.waiting >= this.#maxQueue;
    if (this.refusals.observes) {
      this.refusals.add({ reason: full ? 'queue-full' : 'wait', ...this.#facts });
      this.running++;
      return run();
    }
    if (full && !this.#line.displace(context)) return Promise.reject(this.#refuse('queue-full'));
    // The reaction runs in this caller's async context, whoever frees the place (law 8).
    const turn = this.#line.join(context, this.#queueTimeoutMs, (why) => this.#refuse(why));
    return turn.then(() => {
      if (context.scope?.aborted !== true) return run();
      // The place came free and the caller left in one tick: it goes to the next.
      this.#release();
      throw context.scope.reason;
    });
  }

  /** Lets in whom there is room for now. */
  serve(): void {
    while (this.running < this.#keeper.limit && this.#line.next()) this.running++;
  }

  get #facts(): Readonly<Record<string, number>> {
    return { limit: this.#keeper.limit, running: this.running, waiting: this.waiting };
  }

  #release(): void {
    this.running--;
    this.serve();
  }

  #refuse(reason: TurnedAway): Error {
    this.refusals.add({ reason, ...this.#facts });
    return this.#keeper.refusal(reason);
  }
}
