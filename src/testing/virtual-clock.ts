import type { Clock, TimerHandle } from '../core/clock.ts';
import { EvenkeelError } from '../core/errors.ts';
import { checkNumber } from '../core/options.ts';
import { Heap } from '../structures/heap.ts';

/** A {@link Clock} that moves only when the test says so. */
export interface VirtualClock extends Clock {
  /** Moves time on by `ms`, firing timers in order, and lets all promise work run before, between and after. */
  advance(ms: number): Promise<void>;
  /** Lets all promise work run without moving time. */
  settle(): Promise<void>;
  /** Moves time on without firing anything, as when a laptop wakes up; due timers fire at the next `advance`. */
  jump(ms: number): void;
  /** How many timers wait: 0 is what a test of leaks wants to see. */
  readonly pendingTimers: number;
}

interface Timer {
  readonly dueMs: number;
  readonly order: number;
  fn: (() => void) | undefined;
}

/**
 * A clock for tests: no waiting, no flakiness. It starts above 0, as real ones do.
 *
 * Promise work is let run by going once around the platform's own event loop, so however long a chain of
 * promises is, it has run when `advance` answers. Not for code that waits for real input or output.
 *
 * @param startMs - the first reading @defaultValue 1_000_000
 * @example
 * ```ts
 * import { virtualClock } from 'evenkeel/testing';
 * const clock = virtualClock();
 * let rang = false;
 * clock.setTimeout(() => (rang = true), 60_000);
 * await clock.advance(60_000);
 * if (!rang) throw new Error('it did not ring');
 * ```
 */
export function virtualClock(startMs: number = 1_000_000): VirtualClock {
  return new ManualClock(startMs);
}

class ManualClock implements VirtualClock {
  readonly #timers: Heap<Timer> = new Heap(
    (a, b) => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order),
  );
  #nowMs: number;
  #order = 0;
  #pending = 0;
  #advancing = false;

  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  now = (): number => this.#nowMs;

  get pendingTimers(): number {
    return this.#pending;
  }

  setTimeout(fn: () => void, ms: number): TimerHandle {
    const timer: Timer = { dueMs: this.#nowMs + Math.max(0, ms), order: this.#order++, fn };
    this.#timers.push(timer);
    this.#pending++;
    return timer;
  }

  clearTimeout(handle: TimerHandle): void {
    const timer = handle as Timer | undefined;
    if (timer?.fn === undefined) return;
    timer.fn = undefined;
    this.#pending--;
  }

  async advance(ms: number): Promise<void> {
    using _turn = this.#turn();
    const endMs = this.#nowMs + checkNumber('virtualClock.advance', 'ms', ms, 0, Number.MAX_SAFE_INTEGER);
    await inTurns(() => this.#fire(endMs));
    this.#nowMs = Math.max(this.#nowMs, endMs);
  }

  settle(): Promise<void> {
    return inTurns(() => false);
  }

  jump(ms: number): void {
    this.#nowMs += ms;
  }

  /** Two advances at once would each fire the other's timers: a test that forgot an await is told so. */
  #turn(): Disposable {
    if (this.#advancing)
      throw new EvenkeelError('EVENKEEL_TESTING', 'virtualClock: advance is running already');
    this.#advancing = true;
    return { [Symbol.dispose]: () => (this.#advancing = false) };
  }

  /** Fires the next timer that is due by then; false if there is none. */
  #fire(endMs: number): boolean {
    const timer = this.#due(endMs);
    if (timer === undefined) return false;
    this.#nowMs = Math.max(this.#nowMs, timer.dueMs);
    const { fn } = timer;
    this.clearTimeout(timer);
    fn?.();
    return true;
  }

  #due(endMs: number): Timer | undefined {
    for (let timer = this.#timers.peek(); timer !== undefined; timer = this.#timers.peek()) {
      if (timer.fn !== undefined && timer.dueMs > endMs) return undefined;
      this.#timers.pop();
      if (timer.fn !== undefined) return timer;
    }
    return undefined;
  }
}

/** The platform runs all promise reactions between two of its tasks; so many of them are queued at a time. */
const MAX_QUEUED = 64;

/**
 * Takes the step in a task of its own, again and again until it answers false: before, between and after, every
 * promise reaction that can run has run. A task that is queued beside others costs a tenth of one that is queued
 * alone, for going once around the event loop costs most; so they are queued in growing numbers.
 */
function inTurns(step: () => boolean): Promise<void> {
  const { setImmediate } = globalThis as { setImmediate?: (fn: () => void) => unknown };
  return new Promise((resolve, reject) => {
    let [queued, batch, over] = [0, 1, false];
    const turn = (): void => {
      queued--;
      if (over) return;
      try {
        over = !step();
        if (over) resolve();
        else if (queued === 0) queue();
      } catch (error) {
        over = true;
        reject(error);
      }
    };
    const queue = (): void => {
      for (; queued < batch; queued++) {
        if (setImmediate !== undefined) setImmediate(turn);
        else setTimeout(turn, 0);
      }
      batch = Math.min(2 * batch, MAX_QUEUED);
    };
    queue();
  });
}
