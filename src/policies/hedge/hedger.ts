/** What a hedge knows of all calls: when one is late, and whether another attempt may be made. */
import { type Clock, systemClock } from '../../core/clock.ts';
import type { Context } from '../../core/context.ts';
import { Reporter } from '../../core/observer.ts';
import { checkCount, checkDuration, checkFunction } from '../../core/options.ts';
import type { Classify, Outcome } from '../../core/outcome.ts';
import { invoke, type Next } from '../../core/policy.ts';
import { mayRepeat } from '../../core/repeat.ts';
import { Watch, type Watcher } from '../../core/watch.ts';
import type { RetryBudget } from '../../structures/retry-budget.ts';
import { type Engine, observes } from '../guard.ts';
import type { HedgeOptions, HedgeSnapshot } from './options.ts';
import { HedgedCall, type Hedging } from './hedged-call.ts';
import { Latency, type LatencyQuantile } from '../../core/latency.ts';
import { budgetOf, countCall, retryBudget, type RetryBudgetOptions } from '../retry/retry-budget.ts';

const USUAL_BUDGET: RetryBudgetOptions = { ratio: 0.1, reservePerSecond: 1 };
const USUAL_DELAY: LatencyQuantile = { quantile: 0.95 };

/** A quantile below this would hedge what is answered from memory; timers are no finer. */
const MIN_QUANTILE_MS = 1;

/** A call that is only observed. */
interface Observed {
  readonly attempt: number;
  readonly startMs: number;
  readonly delayMs: number;
}

export class Hedger implements Hedging, Watcher<Observed>, Engine<HedgeOptions, HedgeSnapshot> {
  readonly reporter: Reporter;
  maxHedges = 0;
  classify: Classify | undefined = undefined;
  readonly #own = retryBudget(USUAL_BUDGET);
  readonly #clock: Clock;
  readonly #now: () => number;
  #said: HedgeOptions['delayMs'];
  #delay: number | (() => number) | Latency = 0;
  #latency: Latency | undefined = undefined;
  #budget: RetryBudget | undefined = undefined;
  #overloadPauseMs = 0;
  #discard: ((response: unknown) => void) | undefined = undefined;
  #observes = false;
  #pausedUntilMs = -Infinity;
  #hedges = 0;
  #won = 0;
  #withheld = 0;

  constructor(options: HedgeOptions) {
    this.reporter = new Reporter('hedge', options);
    this.#clock = options.clock ?? systemClock;
    this.#now = () => this.#clock.now();
    this.configure(options);
  }

  /** A quantile that stays keeps what it has measured. */
  configure({ delayMs = USUAL_DELAY, ...options }: HedgeOptions): void {
    const where = 'hedge';
    const maxHedges = checkCount(where, 'maxHedges', options.maxHedges ?? 1, 0);
    const budget = budgetOf(where, options.budget, () => this.#own);
    const overloadPauseMs = checkDuration(where, 'overloadPauseMs', options.overloadPauseMs ?? 1000);
    const classify = options.classify && checkFunction(where, 'classify', options.classify);
    const discard = options.discard && checkFunction(where, 'discard', options.discard);
    const observing = observes(where, options);
    if (delayMs !== this.#said) this.#delay = delayOf(delayMs);
    this.#said = delayMs;
    this.#latency = this.#delay instanceof Latency ? this.#delay : undefined;
    this.maxHedges = maxHedges;
    this.classify = classify;
    this.#budget = budget;
    this.#overloadPauseMs = overloadPauseMs;
    this.#discard = discard;
    this.#observes = observing;
  }

  execute<Q, S>(next: Next<Q, S>, request: Q, context: Context): Promise<S> {
    if (!mayRepeat(request, context, undefined)) return invoke(next, request, context);
    const inner = this.#budget !== undefined && !countCall(this.#budget, context.call, this.#now);
    try {
      const startMs = this.#latency === undefined && !this.#observes ? 0 : this.#now();
      const delayMs = this.#delayMs(startMs);
      return this.#observes
        ? this.#observed(next, request, context, { attempt: context.attempt, startMs, delayMs })
        : new HedgedCall(this, next, request, context, { delayMs, startMs, inner }).run();
    } catch (error) {
      return Promise.reject(error);
    }
  }

  spend(attempt: number, why: 'delay' | 'failure'): number {
    const nowMs = this.#now();
    const paid =
      nowMs < this.#pausedUntilMs ? 0 : this.#budget === undefined ? 1 : this.#budget.withdraw(nowMs, false);
    if (paid > 0) this.#hedges++;
    else this.#withheld++;
    if (!this.reporter.on) return paid;
    const reason = nowMs < this.#pausedUntilMs ? 'overload' : 'budget';
    const type = paid === 0 ? 'withheld' : this.#observes ? 'would-hedge' : 'hedging';
    this.reporter.tell(type, { attempt, why, ...(paid === 0 && { reason }) });
    return paid;
  }

  settled({ kind }: Outcome, paid: number): void {
    if (kind !== 'ignored') this.#budget?.settled?.(kind === 'success', paid);
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
    if (this.reporter.on) this.reporter.tell('won', { attempt });
  }

  unwanted(response: unknown): void {
    try {
      this.#discard?.(response);
    } catch {
      // The call has its answer; a fault in tidying up is not the call's.
    }
  }

  /** A call that was only observed has ended, or was given up: whether it was late enough for a hedge. */
  ended({ attempt, startMs, delayMs }: Observed, { kind }: Outcome): void {
    if (kind === 'overload') this.overloaded();
    if (this.maxHedges > 0 && this.#now() - startMs > delayMs) this.spend(attempt + 1, 'delay');
    if (kind === 'success' || kind === 'failure') this.measured(startMs);
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

  #observed<Q, S>(next: Next<Q, S>, request: Q, context: Context, call: Observed): Promise<S> {
    return new Watch(context, this.classify, this, call).follow(invoke(next, request, context));
  }

  #delayMs(nowMs: number): number {
    const delay = this.#delay;
    if (typeof delay === 'number') return delay;
    if (typeof delay === 'function') return checkDuration('hedge', 'delayMs', delay());
    return Math.max(MIN_QUANTILE_MS, delay.ms(nowMs) ?? Infinity);
  }
}

function delayOf(said: NonNullable<HedgeOptions['delayMs']>): number | (() => number) | Latency {
  if (typeof said === 'number') return checkDuration('hedge', 'delayMs', said);
  return typeof said === 'function' ? said : new Latency('hedge', 'delayMs', said);
}
