/** What a health tracker may be told, and the checks of it. */
import type { Clock } from '../core/clock.ts';
import type { Observer } from '../core/observer.ts';
import { checkCount, checkFunction, checkInterval, checkNumber, checkPort } from '../core/options.ts';
import { OptionError } from '../core/errors.ts';
import type { Random } from '../core/random.ts';
import type { CallContext } from '../core/transport.ts';
import type { TripRule } from '../core/trip-rule.ts';

export interface ProbeOptions<E> {
  /** Asks one endpoint how it is: resolves if it is well, rejects if not. */
  readonly check: (address: E, context: CallContext) => Promise<unknown>;
  /** Milliseconds between two checks of one endpoint, jittered by a tenth. @defaultValue 10_000 */
  readonly intervalMs?: number;
  /** Milliseconds one check may take. @defaultValue 1_000 */
  readonly timeoutMs?: number;
  /** Successes in a row after which a dead endpoint lives again. @defaultValue 2 */
  readonly healthyAfter?: number;
  /** Failures in a row after which an endpoint is dead. @defaultValue 3 */
  readonly unhealthyAfter?: number;
  /** How many checks run at once. @defaultValue 10 */
  readonly maxConcurrent?: number;
}

export interface HealthTrackerOptions<E> {
  /** When has an endpoint failed too often? Any of them ejects. @defaultValue `[consecutiveFailures()]` */
  readonly detectors?: readonly TripRule[];
  /** Milliseconds of the first ejection; doubles with each one in a row. @defaultValue 5_000 */
  readonly ejectionMs?: number;
  /** Milliseconds of an ejection at most. @defaultValue 300_000 */
  readonly maxEjectionMs?: number;
  /** The largest share of the endpoints that may be ejected; one always may. @defaultValue 0.5 */
  readonly maxEjectedShare?: number;
  /** Active checks. @defaultValue none: health is learnt from calls alone */
  readonly probe?: ProbeOptions<E>;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly observer?: Observer;
  /** In events. */
  readonly name?: string;
}

export type CheckedProbe<E> = Required<ProbeOptions<E>>;

export function checkDetectors(detectors: readonly TripRule[]): readonly TripRule[] {
  if (!Array.isArray(detectors))
    throw new OptionError('healthTracker', 'detectors', detectors, 'a list of trip rules');
  for (const rule of detectors) checkPort<TripRule>('healthTracker', 'detectors', rule, 'counter');
  return detectors;
}

export function checkShare(share: number): number {
  return checkNumber('healthTracker', 'maxEjectedShare', share, 0, 1);
}

export function checkProbe<E>(probe: ProbeOptions<E>): CheckedProbe<E> {
  const where = 'healthTracker.probe';
  return {
    check: checkFunction(where, 'check', probe.check),
    intervalMs: checkInterval(where, 'intervalMs', probe.intervalMs ?? 10_000),
    timeoutMs: checkInterval(where, 'timeoutMs', probe.timeoutMs ?? 1000),
    healthyAfter: checkCount(where, 'healthyAfter', probe.healthyAfter ?? 2),
    unhealthyAfter: checkCount(where, 'unhealthyAfter', probe.unhealthyAfter ?? 3),
    maxConcurrent: checkCount(where, 'maxConcurrent', probe.maxConcurrent ?? 10),
  };
}
