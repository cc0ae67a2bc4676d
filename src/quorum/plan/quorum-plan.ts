import { OptionError } from '../../core/errors.ts';
import { checkNumber } from '../../core/options.ts';
import { atLeast } from '../../structures/binomial.ts';
import { OrderStatistic } from '../../structures/order-statistic.ts';
import { majority } from '../majority.ts';

export interface QuorumPlanOptions {
  /** How many replicas there are, or are to be. @defaultValue 2f + 1, or 3 */
  readonly n?: number;
  /** How many have to be able to fail. */
  readonly f?: number;
  /** The share of time for which one replica is up, above 0 and at most 1. @defaultValue 0.99 */
  readonly availability?: number;
  /**
   * The share of a replica's outages that take all of them at once: a deploy, a certificate, a rack, a region
   * (the β-factor model). @defaultValue 0
   */
  readonly shared?: number;
  /** Milliseconds that answers of one replica took, as many as you have. */
  readonly latencies?: readonly number[];
  /** How busy a replica is now that there are `n` of them, from 0 to 1. */
  readonly utilisation?: number;
}

/** Of each of three ways to ask: any one, a majority, all. */
export interface ByQuorum<T> {
  readonly any: T;
  readonly majority: T;
  readonly all: T;
}

export interface PlannedLatency {
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What so many replicas would bring. */
export interface PlannedSize {
  readonly n: number;
  readonly majority: number;
  /** How many may fail while a majority is left. */
  readonly tolerates: number;
  /** The share of time for which so many are up. */
  readonly availability: ByQuorum<number>;
  /** When so many of all that are asked have answered; `undefined` without `latencies`. */
  readonly latency: ByQuorum<PlannedLatency> | undefined;
  /** How busy the others are when one is lost; `undefined` without `utilisation`. */
  readonly utilisationAfterLoss: number | undefined;
}

export interface QuorumPlan {
  /** That of `n`. */
  readonly chosen: PlannedSize;
  /** For 1 to 9, and `n` if it is more. */
  readonly sizes: readonly PlannedSize[];
  /** What to think about, in words. */
  readonly warnings: readonly string[];
}

const WHERE = 'quorumPlan';
const MOST = 9;
/** More than this costs every write, and buys failures that nobody has seen. */
const MANY = 7;
/** Queues grow without bound towards 1; from here on they are felt. */
const BUSY = 0.8;

/**
 * What a number of replicas brings and costs: how many may fail, how available a quorum is, when its answers are in,
 * and whether the others carry the load when one is lost. For people who choose, and for tests that hold them to it.
 *
 * Availability is counted as if replicas failed independently, but for the share of outages that is `shared`: then
 * it is (1 − β·q) of the rest, and no number of replicas helps. Six nines from three replicas of 99 % are true of
 * "any one of them" and of independent failures only; a hundredth of shared outages makes them 99.99 %.
 *
 * @throws `OptionError` for what is no number of replicas, no share, and no list of latencies
 * @example
 * ```ts
 * import { quorumPlan } from 'evenkeel';
 * const { chosen, warnings } = quorumPlan({ n: 4, availability: 0.99 });
 * if (chosen.tolerates !== 1) throw new Error('as many as three do');
 * if (!warnings[0]?.includes('even')) throw new Error('not told');
 * ```
 */
export function quorumPlan(options: QuorumPlanOptions = {}): QuorumPlan {
  const { f } = options;
  if (f !== undefined && (!Number.isSafeInteger(f) || f < 0)) {
    throw new OptionError(WHERE, 'f', f, 'a whole number of at least 0');
  }
  const n = options.n ?? (f === undefined ? 3 : 2 * f + 1);
  const availability = options.availability ?? 0.99;
  majority(n);
  if (!(availability > 0 && availability <= 1)) {
    throw new OptionError(WHERE, 'availability', availability, 'a share above 0, up to 1');
  }
  const shared = checkNumber(WHERE, 'shared', options.shared ?? 0, 0, 1);
  const utilisation = options.utilisation;
  if (utilisation !== undefined) checkNumber(WHERE, 'utilisation', utilisation, 0, 1);
  const sorted = options.latencies === undefined ? undefined : sortedSamples(options.latencies);
  const size = (count: number): PlannedSize => {
    const most = majority(count);
    const load = utilisation === undefined ? undefined : utilisation * n;
    return {
      n: count,
      majority: most,
      tolerates: count - most,
      availability: byQuorum(count, (k) => availabilityOf(k, count, availability, shared)),
      latency: sorted && byQuorum(count, (k) => latencyOf(new OrderStatistic(sorted, k, count))),
      utilisationAfterLoss: load === undefined ? undefined : count === 1 ? Infinity : load / (count - 1),
    };
  };
  const sizes = Array.from({ length: MOST }, (_, at) => size(at + 1));
  if (n > MOST) sizes.push(size(n));
  const chosen = sizes.find((one) => one.n === n) as PlannedSize;
  return { chosen, sizes, warnings: warningsOf(chosen, f, shared) };
}

function availabilityOf(k: number, n: number, availability: number, shared: number): number {
  const down = 1 - availability;
  const together = shared * down;
  const alone = (down - together) / (1 - together);
  return (1 - together) * atLeast(k, n, 1 - alone);
}

function byQuorum<T>(n: number, of: (k: number) => T): ByQuorum<T> {
  return { any: of(1), majority: of(majority(n)), all: of(n) };
}

function latencyOf(order: OrderStatistic): PlannedLatency {
  return { meanMs: order.mean, p50Ms: order.quantile(0.5), p99Ms: order.quantile(0.99) };
}

function sortedSamples(latencies: readonly number[]): Float64Array {
  const bad = latencies.find((ms) => !(typeof ms === 'number' && ms >= 0 && ms < Infinity));
  if (latencies.length === 0 || bad !== undefined) {
    throw new OptionError(WHERE, 'latencies', bad, 'a list of at least one, milliseconds each');
  }
  return Float64Array.from(latencies).sort();
}

function warningsOf(
  { n, tolerates, utilisationAfterLoss }: PlannedSize,
  f: number | undefined,
  shared: number,
): string[] {
  const warnings: string[] = [];
  if (n % 2 === 0) {
    const less = `${n - 1} replicas tolerate as many failures (${tolerates}) as ${n} do`;
    warnings.push(`an even number buys nothing: ${less}, and one less can fail`);
  }
  if (f !== undefined && tolerates < f) {
    warnings.push(
      `${n} replicas tolerate ${tolerates}, not ${f}: each further failure takes two replicas more`,
    );
  }
  if (n > MANY) {
    warnings.push(
      `more than ${MANY}: every write waits for ${majority(n)}; look at groups, or partition the keys`,
    );
  }
  if (shared === 0) {
    warnings.push(
      'failures are taken for independent: a share of outages that take all at once sets the limit',
    );
  }
  if (utilisationAfterLoss !== undefined && utilisationAfterLoss >= 1) {
    warnings.push('without one replica the others are overloaded: what fails next is not an accident');
  } else if (utilisationAfterLoss !== undefined && utilisationAfterLoss > BUSY) {
    warnings.push(`without one replica the others are ${Math.round(100 * utilisationAfterLoss)} % busy`);
  }
  return warnings;
}
