/**
 * Hedging: the same request a second time when the first answer is late, and the first answer wins (Dean and
 * Barroso, "The Tail at Scale", CACM 2013).
 */
import { type Clock, systemClock } from '../core/clock.ts';
import type { Context } from '../core/context.ts';
import { Latency, type LatencyQuantile } from '../core/latency.ts';
import { type Observer, Reporter } from '../core/observer.ts';
import { checkCount, checkDuration, checkFunction, checkPort } from '../core/options.ts';
import type { Classify } from '../core/outcome.ts';
import { invoke, type Next, type Policy, policyOf } from '../core/policy.ts';
import { mayRepeat } from '../core/repeat.ts';
import { HedgedCall, type Hedging } from './hedged-call.ts';
import { countCall, retryBudget, type RetryBudget, type RetryBudgetOptions } from './retry-budget.ts';

export interface HedgeOptions {
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
  readonly clock?: Clock;
  readonly observer?: Observer;
  /** In events. */
  readonly name?: string;
}

/** What {@link hedge} makes. */
export interface Hedge extends Policy {
  snapshot(): HedgeSnapshot;
}

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

const DEFAULT_BUDGET: RetryBudgetOptions = { ratio: 0.1, reservePerSecond: 1 };

/** A quantile below this would hedge what is answered from memory; timers are no finer. */
const MIN_QUANTILE_MS = 1;

/**
 * Sends a request again when its answer is late, and takes the first answer; the losers are aborted with a
 * {@link LostRaceError}, which says nothing about their endpoints. A failed attempt is followed at once by the next
 * one left. If all fail, the call ends as the first attempt did.
 *
 * Around a balancer each attempt goes to another endpoint. Only what may act twice is hedged: a plain function
 * may (you wrapped it), a request that names an HTTP method must be idempotent by it, or the caller says
 * `idempotent` or gives an `idempotencyKey`. The load it adds is bounded by the budget, and an overload pauses it.
 *
 * Not where all is slow because the server is busy: more requests make that worse, and the budget is what keeps
 * hedging from it. Not for work that is expensive, or that goes on after an abort.
 *
 * @throws {@link OptionError} at construction for an option out of its range; at the call if a function under
 * `delayMs` answers with no number of milliseconds. What such a function throws rejects the call, and nothing is
 * sent.
 * @example
 * ```ts
 * import { hedge } from 'evenkeel';
 * const answer = await hedge({ delayMs: 5 }).run(
 *   ({ attempt, signal }) =>
 *     new Promise<string>((resolve, reject) => {
 *       if (attempt === 2) resolve('the second was faster');
 *       else signal.addEventListener('abort', () => reject(signal.reason));
 *     }),
 * );
 * if (answer !== 'the second was faster') throw new Error(answer);
 * ```
 */
export function hedge(options: HedgeOptions = {}): Hedge {
  const clock = options.clock ?? systemClock;
  const hedger = new Hedger(options, clock);
  const policy = policyOf((next, request, context) => hedger.execute(next, request, context), clock);
  return Object.assign(policy, { snapshot: () => hedger.snapshot() });
}

class Hedger implements Hedging {
  readonly maxHedges: number;
  readonly classify: Classify | undefined;
  readonly #delay: number | (() => number) | Latency;
  readonly #latency: Latency | undefined;
  readonly #budget: RetryBudget | undefined;
  readonly #overloadPauseMs: number;
  readonly #discard: ((response: unknown) => void) | undefined;
  readonly #now: () => number;
  readonly #reporter: Reporter;
  #pausedUntilMs = -Infinity;
  #hedges = 0;
  #won = 0;
  #withheld = 0;

  constructor(options: HedgeOptions, clock: Clock) {
    const delay = options.delayMs ?? { quantile: 0.95 };
    this.#delay =
      typeof delay === 'number'
        ? checkDuration('hedge', 'delayMs', delay)
        : typeof delay === 'function'
          ? delay
          : new Latency('hedge', 'delayMs', delay);
    this.#latency = this.#delay instanceof Latency ? this.#delay : undefined;
    this.maxHedges = checkCount('hedge', 'maxHedges', options.maxHedges ?? 1, 0);
    this.#budget =
      options.budget === 'unlimited'
        ? undefined
        : checkPort('hedge', 'budget', options.budget ?? retryBudget(DEFAULT_BUDGET), 'withdraw');
    this.#overloadPauseMs = checkDuration('hedge', 'overloadPauseMs', options.overloadPauseMs ?? 1000);
    this.classify = options.classify && checkFunction('hedge', 'classify', options.classify);
    this.#discard = options.discard && checkFunction('hedge', 'discard', options.discard);
    this.#now = () => clock.now();
    this.#reporter = new Reporter('hedge', options);
  }

  execute<Q, S>(next: Next<Q, S>, request: Q, context: Context): Promise<S> {
    if (!mayRepeat(request, context, undefined)) return invoke(next, request, context);
    if (this.#budget !== undefined) countCall(this.#budget, context.call, this.#now);
    const startMs = this.#latency === undefined ? 0 : this.#now();
    try {
      return new HedgedCall(this, next, request, context, this.#delayMs(startMs), startMs).run();
    } catch (error) {
      return Promise.reject(error);
    }
  }

  spend(attempt: number, why: 'delay' | 'failure'): boolean {
    const nowMs = this.#now();
    const refused =
      nowMs < this.#pausedUntilMs
        ? 'overload'
        : this.#budget?.withdraw(nowMs) === false
          ? 'budget'
          : undefined;
    if (refused === undefined) this.#hedges++;
    else this.#withheld++;
    if (this.#reporter.on) {
      if (refused === undefined) this.#reporter.tell('hedging', { attempt, why });
      else this.#reporter.tell('withheld', { attempt, why, reason: refused });
    }
    return refused === undefined;
  }

  overloaded(): void {
    this.#pausedUntilMs = this.#now() + this.#overloadPauseMs;
  }

  measured(startMs: number): void {
    if (this.#latency === undefined) return;
    const nowMs = this.#now();
    this.#latency.record(nowMs, nowMs - startMs);
  }

  won(attempt: number): void {
    this.#won++;
    if (this.#reporter.on) this.#reporter.tell('won', { attempt });
  }

  unwanted(response: unknown): void {
    try {
      this.#discard?.(response);
    } catch {
      // The call has its answer; a fault in tidying up is not the call's.
    }
  }

  snapshot(): HedgeSnapshot {
    const delay = this.#delay;
    return {
      hedges: this.#hedges,
      won: this.#won,
      withheld: this.#withheld,
      delayMs:
        typeof delay === 'number' ? delay : delay instanceof Latency ? delay.ms(this.#now()) : undefined,
      budget: this.#budget === undefined ? Infinity : Math.floor(this.#budget.balance(this.#now())),
    };
  }

  #delayMs(nowMs: number): number {
    const delay = this.#delay;
    if (typeof delay === 'number') return delay;
    if (typeof delay === 'function') return checkDuration('hedge', 'delayMs', delay());
    return Math.max(MIN_QUANTILE_MS, delay.ms(nowMs) ?? Infinity);
  }
}
