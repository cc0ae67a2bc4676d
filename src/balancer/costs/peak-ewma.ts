/**
 * Peak EWMA: an average of latencies that believes bad news at once and good news slowly.
 *
 *   estimate(t)  = e · exp(−(t − t₀)/τ)                         read without being changed
 *   sample x     : e' = x                     if x > estimate    a peak counts at once
 *                  e' = e·w + x·(1 − w)       otherwise, with w = exp(−(t − t₀)/τ)
 *   cost         = max(floor, estimate, age) · (pending / weight + 1)
 *
 * From Finagle's PeakEwma, with what has been learnt since: a read that does not move the average's own clock,
 * and failures recorded as a penalty instead of as the very fast answers they often are (linkerd2-proxy,
 * PenaltyPeakEwma; brpc). The age of unanswered calls lets a server that hangs be avoided before any call to it
 * has ended (as in Kratos).
 */
import { checkDuration, checkInterval } from '../../core/options.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Cost, CostMeter, Load } from './cost.ts';

export interface PeakEwmaOptions {
  /** Milliseconds in which an old latency fades to 1/e. @defaultValue 10_000 */
  readonly decayMs?: number;
  /** Milliseconds below which latencies are taken as equal, so that noise does not choose. @defaultValue 1 */
  readonly floorMs?: number;
  /** Milliseconds that a failure is recorded as, at least. @defaultValue 5_000 */
  readonly penaltyMs?: number;
}

/** No `Retry-After` counts as more than this: 5 minutes, linkerd's bound. */
const MAX_HINT_MS = 300_000;
/** What an endpoint is taken for while its very first call is out: it gets one call, not a herd. */
const UNKNOWN_MS = 1000;

/**
 * Costs by latency, remembering peaks: the fast endpoint gets the call, times the number it has already.
 *
 * Failures and overloads count as at least `penaltyMs`, a `Retry-After` may only raise that: an endpoint that
 * fails fast never looks good. Not for long polling, where latency says nothing; take `leastPending` there.
 *
 * @throws {@link OptionError} for a decay or penalty that is not above 0, or a floor below 0
 * @example
 * ```ts
 * import { balance, p2c, peakEwma } from 'evenkeel';
 * const call = balance({
 *   endpoints: ['a', 'b', 'c'],
 *   send: async (host) => host,
 *   pick: p2c(),
 *   cost: peakEwma({ decayMs: 10_000 }),
 * });
 * if (!['a', 'b', 'c'].includes(await call())) throw new Error('who answered?');
 * ```
 */
export function peakEwma(options: PeakEwmaOptions = {}): Cost {
  const decayMs = checkInterval('peakEwma', 'decayMs', options.decayMs ?? 10_000);
  const floorMs = checkDuration('peakEwma', 'floorMs', options.floorMs ?? 1);
  const penaltyMs = checkInterval('peakEwma', 'penaltyMs', options.penaltyMs ?? 5000);
  const times = { decayMs, floorMs, penaltyMs };
  const meters = { meter: () => new PeakEwma(times) };
  return { create: () => meters };
}

class PeakEwma implements CostMeter {
  readonly #times: Required<PeakEwmaOptions>;
  // Whole numbers: V8 keeps them in the object, and boxes fractions, which costs a cache miss a pick.
  #estimateUs = 0;
  #stampMs = 0;
  #known = false;

  constructor(times: Required<PeakEwmaOptions>) {
    this.#times = times;
  }

  cost(nowMs: number, load: Load): number {
    const latencyMs = this.#known ? this.#estimate(nowMs) : load.pending > 0 ? UNKNOWN_MS : 0;
    return Math.max(this.#times.floorMs, latencyMs, load.ageMs(nowMs)) * (load.pending / load.weight + 1);
  }

  record(nowMs: number, latencyMs: number, outcome: Outcome): void {
    const estimateMs = this.#known ? this.#estimate(nowMs) : 0;
    const { kind } = outcome;
    if (kind === 'success') {
      const weight = this.#known ? this.#fade(nowMs) : 0;
      this.#set(nowMs, latencyMs > estimateMs ? latencyMs : estimateMs + latencyMs * (1 - weight));
    } else if (kind === 'ignored') {
      // Given up by its caller: it would have taken at least this long.
      if (latencyMs > estimateMs) this.#set(nowMs, latencyMs);
    } else {
      const hintMs = Math.min(outcome.retryAfterMs, MAX_HINT_MS);
      this.#set(nowMs, Math.max(this.#times.penaltyMs, hintMs, latencyMs, estimateMs));
    }
  }

  reset(): void {
    this.#known = false;
  }

  latencyMs(nowMs: number): number | undefined {
    return this.#known ? this.#estimate(nowMs) : undefined;
  }

  #estimate(nowMs: number): number {
    return (this.#estimateUs / 1000) * this.#fade(nowMs);
  }

  /** A clock that steps back fades nothing. */
  #fade(nowMs: number): number {
    return nowMs > this.#stampMs ? Math.exp((this.#stampMs - nowMs) / this.#times.decayMs) : 1;
  }

  #set(nowMs: number, estimateMs: number): void {
    this.#estimateUs = Math.round(estimateMs * 1000);
    this.#stampMs = Math.floor(nowMs);
    this.#known = true;
  }
}
