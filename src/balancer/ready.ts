/** Waiting until enough endpoints are known to be well, before the first call is let in. */
import type { Clock } from '../core/clock.ts';
import { OptionError, TimeoutError } from '../core/errors.ts';
import { EJECTED, type HealthPort } from '../core/health.ts';
import { checkCount, checkDuration } from '../core/options.ts';
import type { Membership } from './membership.ts';
import { until } from '../core/until.ts';

export interface ReadyOptions {
  /** How many endpoints must be known to be well. @defaultValue 1 */
  readonly atLeast?: number;
  /** Milliseconds to wait at most. @defaultValue 10_000 */
  readonly timeoutMs?: number;
}

/** Without a tracker there is nothing to wait for but the endpoints themselves. */
export async function whenReady<E>(
  options: ReadyOptions | undefined,
  clock: Clock,
  membership: Membership<E>,
  health: HealthPort<E> | undefined,
): Promise<void> {
  const atLeast = checkCount('balance.ready', 'atLeast', options?.atLeast ?? 1);
  const timeoutMs = checkDuration('balance.ready', 'timeoutMs', options?.timeoutMs ?? 10_000);
  if (!membership.followsSource && atLeast > membership.used.length) {
    throw new OptionError('balance.ready', 'atLeast', atLeast, `at most ${membership.used.length}`);
  }
  return until({
    clock,
    timeoutMs,
    holds: () => wellIn(membership) >= atLeast,
    subscribe: (changed) => {
      const stops = [membership.subscribe(changed), health?.subscribe(changed)];
      return () => stops.forEach((stop) => stop?.());
    },
    late: () => new TimeoutError(timeoutMs, `${atLeast} endpoints ready: it`),
  });
}

function wellIn<E>({ used }: Membership<E>): number {
  return used.filter(({ health }) => health === undefined || (health.confirmed && health.rank < EJECTED))
    .length;
}
