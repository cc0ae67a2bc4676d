/**
 * A retry budget: retries may be a share of the calls of the last seconds, plus a small reserve for clients with
 * few calls (Finagle's RetryBudget, tower's TpsBudget). It keeps retries from multiplying an outage.
 *
 * balance = ratio · calls + reserve per second · window − retries, each counted over the window; so it is full
 * at the start, and what was saved is forgotten when the window has passed.
 */
import { RollingWindow } from './rolling-window.ts';

/** Calls are stamped in batches of this many: a clock reading for each would cost more than the count. */
const BATCH = 16;

export class RetryBudget {
  readonly #ratio: number;
  readonly #reserve: number;
  readonly #calls: RollingWindow;
  readonly #retries: RollingWindow;
  // Calls that are not stamped yet.
  #fresh = 0;

  constructor(ratio: number, reservePerSecond: number, windowMs: number) {
    this.#ratio = ratio;
    this.#reserve = (reservePerSecond * windowMs) / 1000;
    this.#calls = new RollingWindow(windowMs);
    this.#retries = new RollingWindow(windowMs);
  }

  /** A call was made. */
  deposit(now: () => number): void {
    if (++this.#fresh >= BATCH) this.#stamp(now());
  }

  /** Takes one retry out, if there is one. */
  withdraw(nowMs: number): boolean {
    if (this.balance(nowMs) < 1) return false;
    this.#retries.add(nowMs, 1);
    return true;
  }

  /** How many retries may be made now. */
  balance(nowMs: number): number {
    this.#stamp(nowMs);
    this.#retries.advance(nowMs);
    return this.#ratio * this.#calls.sum + this.#reserve - this.#retries.sum;
  }

  #stamp(nowMs: number): void {
    this.#calls.advance(nowMs);
    if (this.#fresh > 0) this.#calls.add(nowMs, this.#fresh);
    this.#fresh = 0;
  }
}
