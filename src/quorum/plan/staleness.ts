/**
 * Probabilistically bounded staleness (Bailis and others, VLDB 2012; CACM 2014): how likely does a read of R see a
 * write of W, so long after it was acknowledged?
 *
 * The WARS model: a write takes W[i] to replica i and its acknowledgement A[i] back; a read takes R[i] there and
 * S[i] back. The write is acknowledged at the W-th smallest of W + A; a read that begins t later is fresh if one of
 * the first R to answer had the write when the read came by: ack + t + R[i] ≥ W[i]. (The paper's prose prints the
 * condition for stale.) Per run that is one least t, so one run answers for all t.
 *
 * Replicas are alike and independent, nobody repairs, nothing fails: a pessimist about repair, an optimist about
 * outages.
 */
import { OptionError } from '../../core/errors.ts';
import { checkCount, checkFunction, checkNumber } from '../../core/options.ts';
import { type Random, systemRandom } from '../../core/random.ts';
import { choose } from '../../structures/binomial.ts';
import { OrderStatistic } from '../../structures/order-statistic.ts';

/** The legs of one write and one read, per replica, in milliseconds. */
export interface StalenessDraw {
  readonly write: Float64Array;
  readonly ack: Float64Array;
  readonly read: Float64Array;
  readonly reply: Float64Array;
}

/** Milliseconds of round trips to one replica, as measured; half of each is taken for the way there. */
export interface RoundTrips {
  readonly writes: readonly number[];
  readonly reads: readonly number[];
}

/** How long each leg takes; replicas are alike, and one message says nothing of the next. */
export interface Legs {
  readonly write: (random: Random) => number;
  readonly ack: (random: Random) => number;
  readonly read: (random: Random) => number;
  readonly reply: (random: Random) => number;
}

export interface PredictStalenessOptions {
  readonly n: number;
  /** Answers that a read waits for; it is sent to all. */
  readonly read: number;
  /** Acknowledgements that a write waits for; it is sent to all. */
  readonly write: number;
  /**
   * Measured round trips; or how long each leg takes; or, where replicas are not alike, a function that draws all
   * legs of one run.
   */
  readonly latencies: RoundTrips | Legs | ((random: Random, draw: StalenessDraw) => void);
  /** How many runs; the 99.9th percentile of 100 000 rests on 100 of them. @defaultValue 100_000 */
  readonly runs?: number;
  readonly random?: Random;
}

export interface Staleness {
  /** The probability that a read which begins so many milliseconds after the acknowledgement is fresh. */
  freshAt(ms: number): number;
  /** Milliseconds after which a read is fresh with this probability. */
  freshAfterMs(probability: number): number;
  /** Milliseconds that a share of the reads does not exceed. */
  readMs(share: number): number;
  /** The same of writes. */
  writeMs(share: number): number;
}

const WHERE = 'predictStaleness';

/**
 * Predicts by Monte Carlo how stale reads are that ask fewer than R + W > N, and what they save.
 *
 * @throws `OptionError` for counts and latencies that are none
 * @example
 * ```ts
 * import { predictStaleness } from 'evenkeel';
 * import { seededRandom } from 'evenkeel/testing';
 * const latencies = { writes: [4, 5, 6, 40], reads: [2, 3, 3, 4] };
 * const one = predictStaleness({ n: 3, read: 1, write: 1, latencies, random: seededRandom(1) });
 * const two = predictStaleness({ n: 3, read: 2, write: 2, latencies, random: seededRandom(1) });
 * if (!(one.freshAt(0) < 1) || two.freshAt(0) !== 1) throw new Error('majorities meet');
 * if (!(one.writeMs(0.99) < two.writeMs(0.99))) throw new Error('and cost');
 * ```
 */
export function predictStaleness(options: PredictStalenessOptions): Staleness {
  const { n, random = systemRandom } = options;
  checkSize('n', n, Infinity);
  checkSize('read', options.read, n);
  checkSize('write', options.write, n);
  const runs = checkCount(WHERE, 'runs', options.runs ?? 100_000);
  const { latencies } = options;
  const fill =
    typeof latencies === 'function'
      ? latencies
      : filling('writes' in latencies ? halves(latencies) : latencies);
  // Where replicas are alike every one of them tells of all: that is n times as many samples, and no chance is left
  // in which of them came k-th.
  const alike = typeof latencies !== 'function';
  const pooled = {
    acks: new Float64Array(alike ? n * runs : 0),
    replies: new Float64Array(alike ? n * runs : 0),
  };
  const draw = drawOf(n);
  const [stale, reads, writes] = [new Float64Array(runs), new Float64Array(runs), new Float64Array(runs)];
  const acks = new Float64Array(n);
  const replies = new Float64Array(n);
  for (let run = 0; run < runs; run++) {
    fill(random, draw);
    for (let i = 0; i < n; i++) {
      acks[i] = (draw.write[i] as number) + (draw.ack[i] as number);
      replies[i] = (draw.read[i] as number) + (draw.reply[i] as number);
    }
    if (alike) {
      pooled.acks.set(acks, n * run);
      pooled.replies.set(replies, n * run);
    }
    const ackedMs = nth(acks, options.write);
    const repliedMs = nth(replies, options.read);
    let least = Infinity;
    for (let i = 0; i < n; i++) {
      if ((replies[i] as number) > repliedMs) continue;
      least = Math.min(least, (draw.write[i] as number) - ackedMs - (draw.read[i] as number));
    }
    stale[run] = Math.max(0, least);
    reads[run] = repliedMs;
    writes[run] = ackedMs;
  }
  for (const list of [stale, reads, writes, pooled.acks, pooled.replies]) list.sort();
  const at = (list: Float64Array, option: string, share: number): number => {
    checkNumber(WHERE, option, share, 0, 1);
    return list[Math.min(runs - 1, Math.max(0, Math.ceil(share * runs) - 1))] as number;
  };
  const quantile = (counted: Float64Array, all: Float64Array, k: number, share: number): number =>
    alike
      ? new OrderStatistic(all, k, n).quantile(checkNumber(WHERE, 'share', share, 0, 1))
      : at(counted, 'share', share);
  return {
    freshAt: (ms) => countUpTo(stale, checkNumber(WHERE, 'ms', ms, 0)) / runs,
    freshAfterMs: (probability) => at(stale, 'probability', probability),
    readMs: (share) => quantile(reads, pooled.replies, options.read, share),
    writeMs: (share) => quantile(writes, pooled.acks, options.write, share),
  };
}

/**
 * The probability that a read of `read` is at most `k` versions behind a write of `write`, of n replicas, however
 * soon it comes: 1 − (C(n − write, read) / C(n, read))ᵏ. The bound for non-expanding quorums; writes that go on
 * spreading do better.
 *
 * @throws `OptionError` for counts that are none
 * @example
 * ```ts
 * import { withinVersions } from 'evenkeel';
 * if (Math.abs(withinVersions({ n: 3, read: 1, write: 1, k: 2 }) - 5 / 9) > 1e-12) throw new Error('not 0.5556');
 * ```
 */
export function withinVersions({ n, read, write, k }: VersionBound): number {
  checkSize('n', n, Infinity);
  checkSize('read', read, n);
  checkSize('write', write, n);
  checkNumber('withinVersions', 'k', k, 0);
  return 1 - (choose(n - write, read) / choose(n, read)) ** k;
}

/** For {@link withinVersions}. */
export interface VersionBound {
  readonly n: number;
  readonly read: number;
  readonly write: number;
  /** Versions; for monotonic reads 1 + the writes of all per read of one client. */
  readonly k: number;
}

function checkSize(option: string, value: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= 1 && value <= most) return;
  const range = most === Infinity ? 'of at least 1' : `from 1 to ${most}`;
  throw new OptionError(WHERE, option, value, `a whole number ${range}`);
}

function drawOf(n: number): StalenessDraw {
  const leg = (): Float64Array => new Float64Array(n);
  return { write: leg(), ack: leg(), read: leg(), reply: leg() };
}

function filling({ write, ack, read, reply }: Legs): (random: Random, draw: StalenessDraw) => void {
  for (const [leg, drawn] of Object.entries({ write, ack, read, reply })) {
    checkFunction(WHERE, `latencies.${leg}`, drawn);
  }
  return (random, draw) => {
    for (let i = 0; i < draw.write.length; i++) {
      draw.write[i] = write(random);
      draw.ack[i] = ack(random);
      draw.read[i] = read(random);
      draw.reply[i] = reply(random);
    }
  };
}

/** Half of a measured round trip for each way. */
function halves({ writes, reads }: RoundTrips): Legs {
  const half = (option: string, list: readonly number[]): ((random: Random) => number) => {
    const good = Array.isArray(list) && list.length > 0 && list.every((ms) => ms >= 0 && ms < Infinity);
    if (!good) throw new OptionError(WHERE, option, list, 'a list of at least one, milliseconds each');
    return (random) => (list[Math.floor(random() * list.length)] as number) / 2;
  };
  const [write, read] = [half('latencies.writes', writes), half('latencies.reads', reads)];
  return { write, ack: write, read, reply: read };
}

/** The k-th smallest, by counting: n is small. */
function nth(list: Float64Array, k: number): number {
  let value = -Infinity;
  for (let taken = 0; taken < k;) {
    let next = Infinity;
    for (const one of list) if (one > value && one < next) next = one;
    value = next;
    for (const one of list) if (one === value) taken++;
  }
  return value;
}

function countUpTo(sorted: Float64Array, limit: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
