/**
 * A waiting line: callers wait for their turn, first come first served. Each may leave at any time, by an abort or
 * because it has waited too long, and leaves nothing behind; who goes on does so in its own async context.
 */
import { type AbortHook, hookOf, unlink } from '../core/abort.ts';
import type { Clock, TimerHandle } from '../core/clock.ts';
import type { Context } from '../core/context.ts';

/** A caller in the line. */
interface Waiter {
  readonly hook: AbortHook;
  readonly timer: TimerHandle;
  readonly clock: Clock;
  readonly enter: () => void;
}

export class WaitingLine {
  // In order of arrival; a set, so that whoever leaves the middle does so in constant time.
  readonly #line = new Set<Waiter>();
  readonly #left: () => void;

  /** @param left - told whenever somebody has left the line, for whatever reason */
  constructor(left: () => void = nothing) {
    this.#left = left;
  }

  get size(): number {
    return this.#line.size;
  }

  /**
   * Resolves at the caller's turn; rejects when it is aborted, or, after `timeoutMs`, with what `late` makes. Who
   * continues after this has to look whether the caller was aborted in the tick in which its turn came.
   */
  join(context: Context, timeoutMs: number, late: () => Error): Promise<void> {
    const { clock } = context.call;
    return new Promise((resolve, reject) => {
      const leave = (reason: unknown): void => {
        this.#remove(waiter);
        reject(reason);
      };
      const waiter: Waiter = {
        hook: hookOf(leave),
        timer: clock.setTimeout(() => leave(late()), timeoutMs),
        clock,
        enter: resolve,
      };
      this.#line.add(waiter);
      context.onAbort(waiter.hook);
    });
  }

  /** The turn of whoever has waited longest; false if nobody waits. */
  next(): boolean {
    for (const waiter of this.#line) {
      this.#remove(waiter);
      waiter.enter();
      return true;
    }
    return false;
  }

  #remove(waiter: Waiter): void {
    this.#line.delete(waiter);
    unlink(waiter.hook);
    waiter.clock.clearTimeout(waiter.timer);
    this.#left();
  }
}

function nothing(): void {}
