/** What a hedge may be told, and what it shows. */
import type { Classify } from '../../core/outcome.ts';
import type { RetryBudget } from '../../structures/retry-budget.ts';
import type { Guard, GuardOptions } from '../guard.ts';
import type { LatencyQuantile } from '../../core/latency.ts';

export interface HedgeOptions extends GuardOptions {
  /**
   * Milliseconds to wait for an answer before the next attempt, also between later ones: a number, a function
   * asked once per call, or a quantile of how long first attempts take. 0 sends all at once, `Infinity` only
   * after a failure. @defaultValue `{ quantile: 0.95 }`
   */
  readonly delayMs?: number | (() => number) | LatencyQuantile;
  /** How many attempts beyond the first. @defaultValue 1 */
  readonly maxHedges?: number;
  /** What hedges spend from. @defaultValue a budget of its own: 10 % of calls and 1 per second, over 10 s */
  readonly budget?: RetryBudget | 'unlimited';
  /** Milliseconds after an overload during which no call is hedged. @defaultValue 1_000 */
  readonly overloadPauseMs?: number;
  /** Judges how an attempt settled, where no inner layer has. @defaultValue what throws has failed */
  readonly classify?: Classify;
  /** Told of a response that nobody gets, because another attempt won: close what it holds open. */
  readonly discard?: (response: unknown) => void;
}

/** What {@link hedge} makes. */
export type Hedge = Guard<HedgeOptions, HedgeSnapshot>;

export interface HedgeSnapshot {
  /** Attempts beyond the first. */
  readonly hedges: number;
  /** Calls that such an attempt has won. */
  readonly won: number;
  /** Hedges that were due, and not made for lack of budget or because of an overload. */
  readonly withheld: number;
  /** Milliseconds until a hedge, now; `undefined` for a function, and for a quantile of too few calls. */
  readonly delayMs: number | undefined;
  /** How many hedges the budget allows now. */
  readonly budget: number;
}
