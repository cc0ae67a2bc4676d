import { checkCount, checkInterval, checkNumber } from '../core/options.ts';
import { outliers } from '../structures/outliers.ts';
import { percent, type PoolRule } from './pool-rule.ts';

export interface DenialOutliersOptions {
  /** Milliseconds over which answers are counted. @defaultValue 10_000 */
  readonly intervalMs?: number;
  /** An endpoint with fewer answers than this in the interval is not judged. @defaultValue 5 */
  readonly minimumCalls?: number;
  /** How much more it denies than all others together, from 0 to 1. @defaultValue 0.5 */
  readonly points?: number;
}

/**
 * A detector that ejects an endpoint which denies callers (401, 403) whom the others accept: it has lost its keys,
 * or was never given them. What all deny is the callers' own fault, and ejects nobody.
 *
 * It counts answers whose outcome has the reason `denied`, as a classifier says it. While nobody denies nothing is
 * counted. Not for replicas that may do different things: there a refusal is right.
 *
 * @throws {@link OptionError} for a value out of its range
 * @example
 * ```ts
 * import { denialOutliers, healthTracker } from 'evenkeel';
 * import { virtualClock } from 'evenkeel/testing';
 * const clock = virtualClock();
 * const health = healthTracker<string>({ detectors: [denialOutliers()], clock });
 * health.watch(['a', 'b', 'c']);
 * for (let n = 0; n < 5; n++) {
 *   health.report('a', { kind: 'success', retryAfterMs: 0, reason: 'denied' });
 *   health.report('b', 'success');
 * }
 * clock.jump(10_000);
 * health.report('b', 'success');
 * if (health.status('a') !== 'unhealthy') throw new Error('only it denies');
 * ```
 */
export function denialOutliers(options: DenialOutliersOptions = {}): PoolRule {
  const where = 'denialOutliers';
  const rules = {
    minimumCalls: checkCount(where, 'minimumCalls', options.minimumCalls ?? 5),
    minimumEndpoints: Infinity,
    deviations: 0,
    points: checkNumber(where, 'points', options.points ?? 0.5, 0, 1),
    floor: 1,
  };
  return {
    intervalMs: checkInterval(where, 'intervalMs', options.intervalMs ?? 10_000),
    // A call that failed says nothing of whom its endpoint would let in.
    blames: ({ kind, reason }) => (kind === 'success' ? reason === 'denied' : undefined),
    outliers: (tallies) =>
      outliers(tallies, rules).map(({ index, rate }) => ({
        index,
        reason: `it denied ${percent(1 - rate)} of its callers, whom others accept`,
      })),
  };
}
