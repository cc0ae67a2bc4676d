/** Waiting until enough endpoints are known to be well, before the first call is let in. */
import type { Clock } from '../core/clock.ts';
import { OptionError, TimeoutError } from '../core/errors.ts';
import { EJECTED, type EndpointHealth, type HealthPort } from '../core/health.ts';
import { checkCount, checkDuration } from '../core/options.ts';

export interface ReadyOptions {
  /** How many endpoints must be known to be well. @defaultValue 1 */
  readonly atLeast?: number;
  /** Milliseconds to wait at most. @defaultValue 10_000 */
  readonly timeoutMs?: number;
}

/** Without a tracker there is nothing to wait for: the endpoints are all that is known. */
export function whenReady<E>(
  options: ReadyOptions | undefined,
  clock: Clock,
  health: HealthPort<E> | undefined,
  members: () => readonly (EndpointHealth | undefined)[],
): Promise<void> {
  const atLeast = checkCount('balance.ready', 'atLeast', options?.atLeast ?? 1);
  const timeoutMs = checkDuration('balance.ready', 'timeoutMs', options?.timeoutMs ?? 10_000);
  if (atLeast > members().length) {
    return Promise.reject(
      new OptionError('balance.ready', 'atLeast', atLeast, `at most ${members().length}`),
    );
  }
  const enough = (): boolean =>
    members().filter((one) => one === undefined || (one.confirmed && one.rank < EJECTED)).length >= atLeast;
  if (health === undefined || enough()) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const timer = clock.setTimeout(() => {
      stop();
      reject(new TimeoutError(timeoutMs, `${atLeast} endpoints ready: it`));
    }, timeoutMs);
    const stop = health.subscribe(() => {
      if (!enough()) return;
      stop();
      clock.clearTimeout(timer);
      resolve();
    });
  });
}
