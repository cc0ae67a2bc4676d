import { checkCount, checkInterval, checkNumber } from '../core/options.ts';
import { outliers } from '../structures/outliers.ts';
import { percent, type PoolRule } from './pool-rule.ts';

export interface SuccessRateOutliersOptions {
  /** Milliseconds over which calls are counted. @defaultValue 10_000 */
  readonly intervalMs?: number;
  /** An endpoint with fewer calls than this in the interval is not judged. @defaultValue 100 */
  readonly minimumCalls?: number;
  /** From this many judged endpoints on the standard deviation tells something. @defaultValue 5 */
  readonly minimumEndpoints?: number;
  /** Standard deviations below the mean that make an outlier. @defaultValue 1.9 */
  readonly deviations?: number;
  /** How much less than all others together makes an outlier, from 0 to 1. @defaultValue 0.3 */
  readonly points?: number;
  /** At this rate of success nobody is an outlier, from 0 to 1. @defaultValue 0.9 */
  readonly floor?: number;
}

/**
 * A detector that ejects endpoints whose calls succeed more seldom than those of the others: below the mean by 1.9
 * standard deviations (Envoy's success rate, gRPC A50), or, in a pool of any size, by 30 points below all others
 * together; and in both cases below 90 %, because 99.9 % among 100 % is no illness.
 *
 * The calls of an interval are judged at the first report after it. Overloads count as failures. While nobody fails
 * nothing is counted. Not for a trickle of calls, where `minimumCalls` is never reached.
 *
 * @throws {@link OptionError} for a value out of its range
 * @example
 * ```ts
 * import { healthTracker, successRateOutliers } from 'evenkeel';
 * import { virtualClock } from 'evenkeel/testing';
 * const clock = virtualClock();
 * const health = healthTracker<string>({ detectors: [successRateOutliers({ minimumCalls: 10 })], clock });
 * health.watch(['a', 'b', 'c']);
 * for (let n = 0; n < 10; n++) {
 *   health.report('a', n % 2 === 0 ? 'failure' : 'success');
 *   for (const well of ['b', 'c']) health.report(well, 'success');
 * }
 * clock.jump(10_000);
 * health.report('b', 'success');
 * if (health.status('a') !== 'unhealthy') throw new Error('50 % next to 100 %');
 * ```
 */
export function successRateOutliers(options: SuccessRateOutliersOptions = {}): PoolRule {
  const where = 'successRateOutliers';
  const rules = {
    minimumCalls: checkCount(where, 'minimumCalls', options.minimumCalls ?? 100),
    minimumEndpoints: checkCount(where, 'minimumEndpoints', options.minimumEndpoints ?? 5, 2),
    deviations: checkNumber(where, 'deviations', options.deviations ?? 1.9, 0),
    points: checkNumber(where, 'points', options.points ?? 0.3, 0, 1),
    floor: checkNumber(where, 'floor', options.floor ?? 0.9, 0, 1),
  };
  return {
    intervalMs: checkInterval(where, 'intervalMs', options.intervalMs ?? 10_000),
    blames: ({ kind }) => (kind === 'ignored' ? undefined : kind !== 'success'),
    outliers: (tallies) =>
      outliers(tallies, rules).map(({ index, rate, below }) => ({
        index,
        reason: `${percent(rate)} of its calls succeeded, less than ${percent(below)} as measured by the others`,
      })),
  };
}
