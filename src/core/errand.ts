/** An errand: one background call of user code (a probe, an ask), with a limit of its own and no caller. */
import { Call } from './call.ts';
import type { Clock } from './clock.ts';
import { Context } from './context.ts';
import { invoke, type Next, scoped } from './policy.ts';
import { Scope } from './scope.ts';

/**
 * Asks `address`; rejects with a {@link TimeoutError} when the time is up, and with the reason of the scope around
 * it when that is aborted first. Its timer keeps no process alive.
 */
export function errand<E, T>(
  ask: Next<E, T>,
  address: E,
  clock: Clock,
  timeoutMs: number,
  outer?: Scope,
  attempt: number = 1,
): Promise<T> {
  const endMs = timeoutMs === Infinity ? Infinity : clock.now() + timeoutMs;
  const scope = new Scope(clock, Math.min(endMs, outer?.deadline ?? Infinity));
  outer?.add(scope);
  if (timeoutMs !== Infinity) scope.expireIn(timeoutMs, undefined, 'background');
  const context = new Context(new Call(clock, undefined), scope, attempt, address);
  return scoped<E, T>(invoke, ask, address, context, scope);
}
