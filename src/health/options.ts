/** What a health tracker may be told, and the checks of it. */
import type { Clock } from '../core/clock.ts';
import type { Observer } from '../core/observer.ts';
import { checkCount, checkFunction, checkInterval, checkNumber, checkOneOf } from '../core/options.ts';
import { OptionError } from '../core/errors.ts';
import type { Random } from '../core/random.ts';
import type { CallContext } from '../core/transport.ts';
import type { TripRule } from '../core/trip-rule.ts';
import type { PoolRule } from './pool-rule.ts';

export interface ProbeOptions<E> {
  /**
   * Asks one endpoint how it is: resolves if it is up, rejects if not. An endpoint that is up may say more: if the
   * answer, or its `status`, is `'degraded'`, others go before it; if `'draining'`, it gets no new calls.
   */
  readonly check: (address: E, context: CallContext) => Promise<unknown>;
  /**
   * Milliseconds between two checks of one endpoint, jittered by a tenth. Where a call has succeeded meanwhile, it
   * stands for the check, four times in a row at most. @defaultValue 10_000
   */
  readonly intervalMs?: number;
  /** Milliseconds to the next check after one that did not find it well. @defaultValue `intervalMs` */
  readonly unhealthyIntervalMs?: number;
  /**
   * Milliseconds between two checks of an endpoint that is well and has no calls; `Infinity` leaves alone all that
   * this client does not use. @defaultValue `intervalMs`
   */
  readonly idleIntervalMs?: number;
  /** When an endpoint is checked first. @defaultValue `'at-once'` */
  readonly firstCheck?: 'at-once' | 'at-first-use';
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
  /**
   * When has an endpoint failed too often, or more than the others? Any of them ejects.
   * @defaultValue `[consecutiveFailures(), denialOutliers()]`
   */
  readonly detectors?: readonly (TripRule | PoolRule)[];
  /** Milliseconds of the first ejection; doubles with each one in a row. @defaultValue 5_000 */
  readonly ejectionMs?: number;
  /** Milliseconds of an ejection at most. @defaultValue 300_000 */
  readonly maxEjectionMs?: number;
  /** The largest share of the endpoints that may be ejected; one always may. @defaultValue 0.5 */
  readonly maxEjectedShare?: number;
  /** Active checks. @defaultValue none: health is learnt from calls alone */
  readonly probe?: ProbeOptions<E>;
  /**
   * Milliseconds within which so many endpoints cannot be reached that this process counts as isolated.
   * @defaultValue 10_000
   */
  readonly isolationMs?: number;
  /**
   * What a request is about, if endpoints may fail at one thing and do another: each aspect is ejected by itself.
   * @defaultValue none: an endpoint is ejected from all
   */
  readonly aspect?: (request: never) => string | undefined;
  /** How many aspects are kept apart; what is about others counts to no aspect. @defaultValue 8 */
  readonly maxAspects?: number;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly observer?: Observer;
  /** In events. */
  readonly name?: string;
}

export type CheckedProbe<E> = Required<ProbeOptions<E>>;

export function checkDetectors(
  detectors: readonly (TripRule | PoolRule)[],
): readonly (TripRule | PoolRule)[] {
  if (!Array.isArray(detectors))
    throw new OptionError('healthTracker', 'detectors', detectors, 'a list of trip rules and pool rules');
  for (const rule of detectors) checkDetector(rule as Partial<TripRule & PoolRule> | null);
  return detectors;
}

function checkDetector(rule: Partial<TripRule & PoolRule> | null): void {
  if (typeof rule?.counter === 'function' || typeof rule?.outliers === 'function') return;
  throw new OptionError('healthTracker', 'detectors', rule, 'something with counter() or outliers()');
}

export function checkShare(share: number): number {
  return checkNumber('healthTracker', 'maxEjectedShare', share, 0, 1);
}

export function checkProbe<E>(probe: ProbeOptions<E>): CheckedProbe<E> {
  const where = 'healthTracker.probe';
  const intervalMs = checkInterval(where, 'intervalMs', probe.intervalMs ?? 10_000);
  return {
    check: checkFunction(where, 'check', probe.check),
    intervalMs,
    unhealthyIntervalMs: checkInterval(where, 'unhealthyIntervalMs', probe.unhealthyIntervalMs ?? intervalMs),
    idleIntervalMs: checkInterval(where, 'idleIntervalMs', probe.idleIntervalMs ?? intervalMs),
    firstCheck: checkOneOf(where, 'firstCheck', probe.firstCheck ?? 'at-once', ['at-once', 'at-first-use']),
    timeoutMs: checkInterval(where, 'timeoutMs', probe.timeoutMs ?? 1000),
    healthyAfter: checkCount(where, 'healthyAfter', probe.healthyAfter ?? 2),
    unhealthyAfter: checkCount(where, 'unhealthyAfter', probe.unhealthyAfter ?? 3),
    maxConcurrent: checkCount(where, 'maxConcurrent', probe.maxConcurrent ?? 10),
  };
}
