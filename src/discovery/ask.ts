/** One question to somebody far away: answered, refused, out of time, or no longer wanted. */
import { Call } from '../core/call.ts';
import type { Clock } from '../core/clock.ts';
import { Context } from '../core/context.ts';
import { invoke, type Next, scoped } from '../core/policy.ts';
import { Scope } from '../core/scope.ts';

export interface Question<Q> {
  /** Whom it is put to; the `endpoint` of the context. */
  readonly endpoint: Q;
  /** The `attempt` of the context. */
  readonly attempt: number;
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** What it ends with before its own time is over. */
  readonly outer: Scope | undefined;
}

/**
 * Asks, and rejects when the time is over or the outer scope is aborted, whether or not the asked one listens to
 * its signal. The timer keeps no process alive, which is why this is no `timeout` layer.
 */
export function ask<Q, S>(question: Question<Q>, answer: Next<Q, S>): Promise<S> {
  const { endpoint, attempt, timeoutMs, clock, outer } = question;
  const endMs = timeoutMs === Infinity ? Infinity : clock.now() + timeoutMs;
  const scope = new Scope(clock, Math.min(endMs, outer?.deadline ?? Infinity));
  outer?.add(scope);
  if (endMs !== Infinity) scope.expireIn(timeoutMs, 'background');
  const context = new Context(new Call(clock, undefined), scope, attempt, endpoint);
  return scoped<Q, S>((next, asked, inner) => invoke(next, asked, inner), answer, endpoint, context, scope);
}
