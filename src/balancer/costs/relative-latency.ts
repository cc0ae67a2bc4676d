/**
 * Relative latency: calls in flight, and latency only where it is more than noise.
 *
 *   typical  = mean latency of all endpoints' successes, each weighing 1 %, none counted as more than 3 × typical
 *   mean     = mean of the endpoint's own, each weighing 10 % (the first ten evenly); fades to `typical` over τ
 *   slow     = max(mean, age of what is out)
 *   cost     = (pending / weight + 1) · (slow / typical   if slow > 2 × typical and > typical + floor
 *                                        1                otherwise)
 *
 * Whoever compares bare latencies chases noise: where servers are equal and their latencies vary, peak EWMA sends
 * calls to whoever was lucky last, and with many clients is slower than round robin. Such a mean of exponential
 * latencies is beyond twice the truth in about one of two hundred looks; within that endpoints are equal here, and
 * the calls in flight decide, which tell of queues sooner than any latency. Beyond it latency counts in full.
 *
 * Failures count by how many there were in a row, 2 · 4^(n−1) times the typical latency up to the penalty: one in
 * a hundred, which happens to everybody, moves nothing, and a server that fails fast is avoided after its second.
 * A success ends the row and what it was recorded as.
 */
import { checkDuration, checkInterval } from '../../core/options.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Cost, CostMeter, Load } from './cost.ts';

export interface RelativeLatencyOptions {
  /** Milliseconds in which what an endpoint was fades to 1/e, towards what all are. @defaultValue 10_000 */
  readonly decayMs?: number;
  /** Milliseconds of difference that are taken for none. @defaultValue 1 */
  readonly floorMs?: number;
  /** Milliseconds that failures in a row are recorded as in the end; a `Retry-After` at once. @defaultValue 5_000 */
  readonly penaltyMs?: number;
}

/** Within this factor of the others nobody is slow. */
const NOISE = 2;
/** What one more failure in a row multiplies. */
const GROWTH = 4;
/** How much one call weighs, in the mean of its endpoint and in that of all. */
const [OWN, ALL] = [0.1, 0.01];
/** No call counts as more than this many times the mean of all, in that mean. */
const CLIP = 3;
/** No `Retry-After` counts as more than this: 5 minutes. */
const MAX_HINT_MS = 300_000;

/**
 * Costs by calls in flight, and by latency for endpoints that are more than twice as slow as the others: the
 * default of `balance`, because it loses to nobody among equals and still avoids who is slow, hangs or fails.
 *
 * Not for long polling, where latency says nothing: take `leastPending` there. `peakEwma` reacts to smaller
 * differences, at the price of chasing noise.
 *
 * @throws {@link OptionError} for a decay or penalty that is not above 0, or a floor below 0
 * @example
 * ```ts
 * import { balance, p2c, relativeLatency } from 'evenkeel';
 * const call = balance({
 *   endpoints: ['a', 'b', 'c'],
 *   send: async (host) => host,
 *   pick: p2c(),
 *   cost: relativeLatency(),
 * });
 * if (!['a', 'b', 'c'].includes(await call())) throw new Error('who answered?');
 * ```
 */
export function relativeLatency(options: RelativeLatencyOptions = {}): Cost {
  const where = 'relativeLatency';
  const times = {
    decayMs: checkInterval(where, 'decayMs', options.decayMs ?? 10_000),
    floorMs: checkDuration(where, 'floorMs', options.floorMs ?? 1),
    penaltyMs: checkInterval(where, 'penaltyMs', options.penaltyMs ?? 5000),
  };
  return {
    create: () => {
      const all = new Typical();
      return { meter: () => new RelativeLatency(times, all) };
    },
  };
}

/** What calls take in one balancer, whoever answers them. In whole microseconds, as in peak-ewma.ts. */
class Typical {
  us = 0;

  count(latencyUs: number): void {
    const { us } = this;
    // Never 0 once anything is known: 0 says that nothing is.
    this.us =
      us === 0
        ? Math.max(1, latencyUs)
        : Math.max(1, Math.round(us + (Math.min(latencyUs, CLIP * us) - us) * ALL));
  }
}

class RelativeLatency implements CostMeter {
  outlier = false;
  readonly #times: Required<RelativeLatencyOptions>;
  readonly #all: Typical;
  #meanUs = 0;
  #stampMs = 0;
  #calls = 0;
  #failuresInRow = 0;

  constructor(times: Required<RelativeLatencyOptions>, all: Typical) {
    this.#times = times;
    this.#all = all;
  }

  cost(nowMs: number, load: Load): number {
    const calls = load.pending / load.weight + 1;
    const typicalUs = this.#all.us;
    const slowUs = Math.max(this.#estimateUs(nowMs), load.ageMs(nowMs) * 1000);
    this.outlier =
      typicalUs > 0 && slowUs > NOISE * typicalUs && slowUs > typicalUs + this.#times.floorMs * 1000;
    return this.outlier ? (calls * slowUs) / typicalUs : calls;
  }

  record(nowMs: number, latencyMs: number, outcome: Outcome): void {
    const beforeUs = this.#estimateUs(nowMs);
    const latencyUs = Math.round(latencyMs * 1000);
    if (outcome.kind === 'success') {
      // A success after failures ends what they were recorded as: whoever is well again is no outlier any more.
      const fromUs = this.#failuresInRow > 0 ? Math.min(beforeUs, NOISE * this.#all.us) : beforeUs;
      this.#failuresInRow = 0;
      const weight = Math.max(OWN, 1 / ++this.#calls);
      this.#set(nowMs, fromUs + (latencyUs - fromUs) * weight);
      this.#all.count(latencyUs);
    } else {
      if (outcome.kind !== 'ignored') this.#failuresInRow++;
      // Given up by its caller, it would have taken at least as long; so would a failure that timed out.
      const penaltyUs = outcome.kind === 'ignored' ? 0 : this.#penaltyUs(outcome);
      const atLeastUs = Math.max(latencyUs, penaltyUs);
      if (atLeastUs <= beforeUs) return;
      this.#calls = Math.max(this.#calls, 1);
      this.#set(nowMs, atLeastUs);
    }
  }

  reset(): void {
    this.#calls = this.#failuresInRow = this.#meanUs = 0;
  }

  latencyMs(nowMs: number): number | undefined {
    return this.#calls === 0 ? undefined : this.#estimateUs(nowMs) / 1000;
  }

  #penaltyUs({ retryAfterMs }: Outcome): number {
    const fullUs = this.#times.penaltyMs * 1000;
    const grownUs = NOISE * this.#all.us * GROWTH ** (this.#failuresInRow - 1);
    const hintUs = Math.min(retryAfterMs, MAX_HINT_MS) * 1000;
    // While nothing is known of the others, one failure is all the evidence there is.
    return Math.max(hintUs, this.#all.us === 0 ? fullUs : Math.min(fullUs, grownUs));
  }

  /** The mean, faded towards what is typical; 0 while nothing is known. A clock that steps back fades nothing. */
  #estimateUs(nowMs: number): number {
    const meanUs = this.#meanUs;
    const typicalUs = this.#all.us;
    // What is typical or better needs no fading: it would not become an outlier by it.
    if (meanUs <= NOISE * typicalUs || nowMs <= this.#stampMs) return meanUs;
    return typicalUs + (meanUs - typicalUs) * Math.exp((this.#stampMs - nowMs) / this.#times.decayMs);
  }

  #set(nowMs: number, us: number): void {
    this.#meanUs = Math.round(us);
    this.#stampMs = Math.floor(nowMs);
  }
}
