/**
 * Retry budgets: how many retries may be made, so that they do not multiply an outage.
 *
 * The one here counts over time: retries may be a share of the calls of the last seconds, plus a small reserve for
 * clients with few calls (Finagle's RetryBudget, tower's TpsBudget).
 *
 *   balance = ratio · calls + reserve per second · window − retries, each counted over the window
 *
 * So it is full at the start, and what was saved is forgotten when the window has passed.
 */
import { RollingWindow } from './rolling-window.ts';

/** What retries and hedges spend from; one may be shared by many of them. */
export interface RetryBudget {
  /** A call was made. */
  deposit(now: () => number): void;
  /** Takes out what one more attempt costs; answers with how much that was, or with 0 if it may not be made. */
  withdraw(nowMs: number, timedOut: boolean): number;
  /** An attempt has ended, which had cost so much; 0 for a first one. Not told of what says nothing of the server. */
  settled?(succeeded: boolean, paid: number): void;
  /** How many more attempts may be made now. */
  balance(nowMs: number): number;
  /** What it has counted, as plain data. */
  export?(nowMs: number): Readonly<Record<string, number>>;
  /** Takes over what another has counted. */
  hydrate?(saved: Readonly<Record<string, number>>, nowMs: number): void;
}

/** Calls are stamped in batches of this many: a clock reading for each would cost more than the count. */
const BATCH = 16;

export class WindowBudget implements RetryBudget {
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

  deposit(now: () => number): void {
    if (++this.#fresh >= BATCH) this.#stamp(now());
  }

  withdraw(nowMs: number): number {
    if (this.balance(nowMs) < 1) return 0;
    this.#retries.add(nowMs, 1);
    return 1;
  }

  balance(nowMs: number): number {
    this.#stamp(nowMs);
    this.#retries.advance(nowMs);
    return this.#ratio * this.#calls.sum + this.#reserve - this.#retries.sum;
  }

  export(nowMs: number): { readonly calls: number; readonly retries: number } {
    this.balance(nowMs);
    return { calls: this.#calls.sum, retries: this.#retries.sum };
  }

  hydrate({ calls = 0, retries = 0 }: Readonly<Record<string, number>>, nowMs: number): void {
    this.#calls.add(nowMs, calls);
    this.#retries.add(nowMs, retries);
  }

  #stamp(nowMs: number): void {
    this.#calls.advance(nowMs);
    if (this.#fresh > 0) this.#calls.add(nowMs, this.#fresh);
    this.#fresh = 0;
  }
}
