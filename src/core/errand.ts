/** An errand: one background call of user code, such as a probe, with a limit of its own and no caller. */
import { Call } from './call.ts';
import type { Clock } from './clock.ts';
import { Context } from './context.ts';
import { invoke, scoped } from './policy.ts';
import { Scope } from './scope.ts';
import type { CallContext } from './transport.ts';

/** Asks `address`; rejects with a {@link TimeoutError} when the time is up. Its timer keeps no process alive. */
export function errand<E, T>(
  ask: (address: E, context: CallContext) => Promise<T>,
  address: E,
  clock: Clock,
  timeoutMs: number,
): Promise<T> {
  const scope = new Scope(clock, clock.now() + timeoutMs);
  scope.expireIn(timeoutMs, 'background');
  const context = new Context(new Call(clock, undefined), scope, 1, address);
  return scoped<E, T>(invoke, ask, address, context, scope);
}
