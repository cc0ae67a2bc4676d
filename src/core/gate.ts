/**
 * The gate: bounded background fan-out (probes, refreshes, repairs, replays), and the one door to p-limit.
 *
 * p-limit bounds how many run; it has no bound on how many wait, and a waiting call cannot be withdrawn. The
 * gate adds both.
 */
import pLimit, { type LimitFunction } from 'p-limit';
import { type AbortHook, hookOf, unlink } from './abort.ts';
import type { Context } from './context.ts';
import { EvenkeelError } from './errors.ts';
import { checkCount } from './options.ts';

export interface GateOptions {
  /** How many run at once. */
  readonly maxConcurrent: number;
  /** How many may wait. */
  readonly maxQueue: number;
}

/** The gate's queue is full. */
export class GateFullError extends EvenkeelError {
  readonly retryAfterMs: number = 0;

  constructor() {
    super('EVENKEEL_GATE_FULL', 'too many calls are running and waiting');
  }
}

export class Gate {
  readonly #limit: LimitFunction;
  readonly #maxQueue: number;
  readonly #maxConcurrent: number;
  // Those that wait and have not been withdrawn; p-limit's own count still holds the withdrawn.
  #waiting = 0;

  constructor(where: string, options: GateOptions) {
    this.#maxConcurrent = checkCount(where, 'maxConcurrent', options.maxConcurrent);
    this.#maxQueue = checkCount(where, 'maxQueue', options.maxQueue, 0);
    this.#limit = pLimit(this.#maxConcurrent);
  }

  get running(): number {
    return this.#limit.activeCount;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /**
   * Runs `work` when there is room, in the caller's async context. Rejects with {@link GateFullError} when too
   * many wait, and with the context's reason when it is aborted while waiting: then the work is never begun.
   */
  run<T>(work: () => Promise<T>, context?: Context): Promise<T> {
    const place = this.#limit.activeCount + this.#limit.pendingCount < this.#maxConcurrent ? 0 : 1;
    if (place > 0 && this.#waiting >= this.#maxQueue) return Promise.reject(new GateFullError());
    this.#waiting += place;
    return new Promise<T>((resolve, reject) => {
      let open = true;
      const hook: AbortHook = hookOf((reason) => {
        open = false;
        this.#waiting -= place;
        reject(reason);
      });
      context?.onAbort(hook);
      if (!open) return;
      this.#limit(async () => {
        // Withdrawn while waiting: the turn passes to the next.
        if (!open) return;
        unlink(hook);
        this.#waiting -= place;
        resolve(await work());
      }).catch(reject);
    });
  }
}
