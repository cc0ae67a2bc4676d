import { type Clock, systemClock } from '../core/clock.ts';
import { checkInterval } from '../core/options.ts';
import { invoke, type Policy, policyOf } from '../core/policy.ts';

export interface TimeoutOptions {
  /** Milliseconds after which the call rejects; above 0. */
  readonly timeoutMs: number;
  readonly clock?: Clock;
}

/**
 * Limits how long a call may take. When the time is up the caller is rejected at once with a
 * {@link TimeoutError}, and the signal of what runs inside aborts with the same error.
 *
 * Inside a `retry` it limits each attempt, outside the whole call. Limits nest: the tighter wins, and a limit
 * inside one that ends sooner costs nothing. Not for waiting: it never makes anything happen earlier.
 *
 * @throws {@link OptionError} at construction if `timeoutMs` is not above 0
 * @throws {@link TimeoutError} when the time is up
 * @example
 * ```ts
 * import { isTimeoutError, timeout } from 'evenkeel';
 * const forever = () => new Promise<never>(() => {});
 * const error = await timeout({ timeoutMs: 5 }).run(forever).catch((error: unknown) => error);
 * if (!isTimeoutError(error)) throw new Error('not a timeout');
 * ```
 */
export function timeout(options: TimeoutOptions): Policy {
  const timeoutMs = checkInterval('timeout', 'timeoutMs', options.timeoutMs);
  return policyOf(invoke, options.clock ?? systemClock, timeoutMs);
}
