import { type Clock, systemClock } from '../core/clock.ts';
import { BoundedMap } from '../core/bounded-map.ts';
import type { Context } from '../core/context.ts';
import type { Status } from '../core/health.ts';
import { Latency, type LatencyQuantile } from '../core/latency.ts';
import { type Observer, Reporter } from '../core/observer.ts';
import { checkCount, checkDuration, checkPort } from '../core/options.ts';
import { type RetryBudget, WindowBudget } from '../structures/retry-budget.ts';
import type { Count, Race } from './race.ts';
import { StagedRace, type Stages } from './staged-race.ts';
import type { FanOutStrategy } from './strategy.ts';

/** Who knows how well a replica is: a `healthTracker` is one. */
export interface ReplicaHealth<R> {
  status(replica: R): Status;
  /** Told how each request went. */
  report?(replica: R, outcome: 'success' | 'failure', latencyMs: number): void;
}

export interface HedgedFanOutOptions<R> {
  /**
   * Milliseconds without a decision after which one more replica is asked: a number, or a quantile of how long
   * replicas take. `Infinity`: only if one has failed. @defaultValue `{ quantile: 0.95 }`
   */
  readonly delayMs?: number | LatencyQuantile;
  /**
   * The longest delay that a quantile may give: one bad replica in ten drags a 95th percentile up to its own
   * latency, and with it every hedge that should have spared us from it (Cassandra 14293). @defaultValue Infinity
   */
  readonly maxDelayMs?: number;
  /** How many replicas beyond those needed, in one call. @defaultValue 1 */
  readonly maxHedges?: number;
  /**
   * What hedges spend from, for instance a `retryBudget` to share. Replacing a replica that has failed costs
   * nothing. @defaultValue a budget of its own: 10 % of calls and 1 per second, over 10 s
   */
  readonly budget?: RetryBudget | 'unlimited';
  /** Healthy replicas come first, whatever their latency. @defaultValue all are taken for healthy */
  readonly health?: ReplicaHealth<R>;
  /** Replicas whose latency is remembered. @defaultValue 1_000 */
  readonly maxReplicas?: number;
  /** Milliseconds in which half of a replica's latency is forgotten, so that a slow one is tried again. @defaultValue 10_000 */
  readonly decayMs?: number;
  readonly clock?: Clock;
  readonly observer?: Observer;
  readonly name?: string;
}

export interface HedgedFanOutSnapshot {
  readonly calls: number;
  /** Requests beyond those needed, because answers were late. */
  readonly hedges: number;
  /** Hedges that were due, and not made for lack of budget. */
  readonly withheld: number;
  /** Milliseconds until a hedge, now; `undefined` while too little is known. */
  readonly delayMs: number | undefined;
}

/** A {@link FanOutStrategy} that remembers; to be shared by all calls of one kind. */
export interface HedgedFanOut<R> extends FanOutStrategy<R> {
  snapshot(): HedgedFanOutSnapshot;
}

const WHERE = 'hedgedFanOut';
/** What a failure counts as: failing fast must not make a replica the preferred one (law 5). */
const PENALTY_MS = 5_000;
/** The weight of a new measurement. */
const ALPHA = 0.3;
/** A quantile below this would hedge what is answered from memory; timers are no finer. */
const MIN_QUANTILE_MS = 1;

/**
 * Makes a way of asking for `fanOut` of {@link quorumRead} and {@link agree}: only as many replicas as it takes, the
 * healthiest and fastest first; another at once for each that fails or disagrees; and one more when answers are
 * late. Of three replicas with a long tail it costs 4 to 8 % more reads than asking two, and has nearly the tail of
 * asking all three.
 *
 * Writes go to all replicas anyway. Not for requests that do harm when they are sent to one replica more.
 *
 * @throws {@link OptionError} for an option out of its range
 * @example
 * ```ts
 * import { hedgedFanOut, quorumRead } from 'evenkeel';
 * const fanOut = hedgedFanOut<string>({ delayMs: 8 });
 * const asked: string[] = [];
 * await quorumRead({
 *   replicas: ['a', 'b', 'c'],
 *   required: 2,
 *   fanOut,
 *   read: async (name) => asked.push(name),
 * });
 * if (asked.join() !== 'a,b') throw new Error('asked the third');
 * ```
 */
export function hedgedFanOut<R>(options: HedgedFanOutOptions<R> = {}): HedgedFanOut<R> {
  return new Hedges(options);
}

interface Measured {
  readonly latencyMs: number;
  readonly atMs: number;
}

class Hedges<R> implements HedgedFanOut<R> {
  readonly #delay: number | Latency;
  readonly #maxDelayMs: number;
  readonly #maxHedges: number;
  readonly #budget: RetryBudget | undefined;
  readonly #health: ReplicaHealth<R> | undefined;
  readonly #known: BoundedMap<R & {}, Measured>;
  readonly #decayMs: number;
  readonly #clock: Clock;
  readonly #reporter: Reporter;
  #calls = 0;
  #hedges = 0;
  #withheld = 0;

  constructor(options: HedgedFanOutOptions<R>) {
    const { delayMs = { quantile: 0.95 }, budget = new WindowBudget(0.1, 1, 10_000) } = options;
    this.#delay =
      typeof delayMs === 'number'
        ? checkDuration(WHERE, 'delayMs', delayMs)
        : new Latency(WHERE, 'delayMs', delayMs);
    this.#maxDelayMs = checkDuration(WHERE, 'maxDelayMs', options.maxDelayMs ?? Infinity);
    this.#maxHedges = checkCount(WHERE, 'maxHedges', options.maxHedges ?? 1, 0);
    this.#budget = budget === 'unlimited' ? undefined : checkPort(WHERE, 'budget', budget, 'withdraw');
    this.#health = options.health && checkPort(WHERE, 'health', options.health, 'status');
    this.#known = new BoundedMap(WHERE, { maxEntries: options.maxReplicas ?? 1_000 });
    this.#decayMs = checkDuration(WHERE, 'decayMs', options.decayMs ?? 10_000);
    this.#clock = options.clock ?? systemClock;
    this.#reporter = new Reporter('quorum', options);
  }

  race<V, T>(replicas: readonly R[], context: Context, count: Count<R, V, T>): Race<R, V, T> {
    this.#calls++;
    this.#budget?.deposit(() => this.#clock.now());
    let left = this.#maxHedges;
    const stages: Stages = {
      order: () => this.#order(replicas),
      delayMs: () => (left > 0 ? this.#delayMs() : Infinity),
      spend: () => left-- > 0 && this.#spend(),
      measured: (index, end, latencyMs) => this.#measured(replicas[index] as R & {}, end, latencyMs),
    };
    return new StagedRace(replicas, context, count, stages);
  }

  snapshot(): HedgedFanOutSnapshot {
    const delayMs = this.#delayMs();
    return {
      calls: this.#calls,
      hedges: this.#hedges,
      withheld: this.#withheld,
      delayMs: delayMs === Infinity ? undefined : delayMs,
    };
  }

  /** By status, then by what is remembered of their latency; equals stay as they were listed. */
  #order(replicas: readonly R[]): readonly number[] {
    const nowMs = this.#clock.now();
    const ranked = replicas.map((replica, index) => ({
      index,
      rank: RANKS[this.#health?.status(replica) ?? 'healthy'],
      latencyMs: this.#remembered(replica as R & {}, nowMs),
    }));
    ranked.sort((a, b) => a.rank - b.rank || a.latencyMs - b.latencyMs || a.index - b.index);
    return ranked.map(({ index }) => index);
  }

  #remembered(replica: R & {}, nowMs: number): number {
    const known = this.#known.peek(replica);
    return known === undefined ? 0 : known.latencyMs * 0.5 ** ((nowMs - known.atMs) / this.#decayMs);
  }

  #measured(replica: R & {}, end: 'answered' | 'failed' | 'out', latencyMs: number): void {
    const nowMs = this.#clock.now();
    const known = this.#known.peek(replica);
    const seenMs = end === 'failed' ? Math.max(latencyMs, PENALTY_MS) : latencyMs;
    const before = known === undefined ? seenMs : this.#remembered(replica, nowMs);
    // Of one that was still out it is only known that it takes longer: that may raise what is remembered.
    if (end !== 'out' || seenMs > before || known === undefined) {
      this.#known.set(replica, { latencyMs: before + ALPHA * (seenMs - before), atMs: nowMs });
    }
    if (end !== 'failed' && this.#delay instanceof Latency) this.#delay.record(nowMs, latencyMs);
    if (end !== 'out') this.#report(replica, end === 'failed' ? 'failure' : 'success', latencyMs);
  }

  #report(replica: R, outcome: 'success' | 'failure', latencyMs: number): void {
    try {
      this.#health?.report?.(replica, outcome, latencyMs);
    } catch {
      // Whoever is told must not break the call told about.
    }
  }

  #delayMs(): number {
    if (typeof this.#delay === 'number') return this.#delay;
    const ms = this.#delay.ms(this.#clock.now()) ?? Infinity;
    return Math.min(Math.max(MIN_QUANTILE_MS, ms), this.#maxDelayMs);
  }

  #spend(): boolean {
    const granted = this.#budget?.withdraw(this.#clock.now(), false) !== 0;
    if (granted) this.#hedges++;
    else this.#withheld++;
    if (this.#reporter.on) this.#reporter.tell(granted ? 'hedging' : 'hedge-withheld', {});
    return granted;
  }
}

const RANKS: Readonly<Record<Status, number>> = { healthy: 0, degraded: 1, unhealthy: 2 };
