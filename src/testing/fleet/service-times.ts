/** How long servers work on a request: distributions to draw from. */
import { checkDuration, checkInterval } from '../../core/options.ts';
import type { Random } from '../../core/random.ts';

/** Draws the milliseconds that one request takes. */
export type ServiceTime = (random: Random) => number;

/**
 * Service times with this mean, most of them short, some long: what queueing theory assumes.
 *
 * @param meanMs - milliseconds
 * @throws `OptionError` for a mean that is not above 0
 * @example
 * ```ts
 * import { exponential } from 'evenkeel/testing';
 * if (Math.abs(exponential(50)(() => 0.5) - 50 * Math.LN2) > 1e-9) throw new Error('not the median');
 * ```
 */
export function exponential(meanMs: number): ServiceTime {
  checkInterval('exponential', 'meanMs', meanMs);
  return (random) => -meanMs * Math.log(1 - random());
}

/**
 * Service times of which each between two bounds is equally likely.
 *
 * @param fromMs - milliseconds
 * @param toMs - milliseconds, not below `fromMs`
 * @throws `OptionError` for bounds below 0, or in the wrong order
 * @example
 * ```ts
 * import { uniform } from 'evenkeel/testing';
 * if (uniform(2, 8)(() => 0.5) !== 5) throw new Error('not the middle');
 * ```
 */
export function uniform(fromMs: number, toMs: number): ServiceTime {
  checkDuration('uniform', 'fromMs', fromMs);
  const widthMs = checkDuration('uniform', 'toMs', toMs - fromMs);
  return (random) => fromMs + widthMs * random();
}
