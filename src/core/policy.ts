/**
 * A policy: one rule about calls, usable as a layer around a transport or around a single function.
 *
 * Here is the door of every layer. It makes the call, its context, and, only if there is a signal or a limit,
 * its scope; then it lets the layer execute. Inside, layers hand contexts on and the door is walked straight
 * through. The hot path holds no closure: one would make every call allocate what it captures.
 */
import { Call } from './call.ts';
import type { Clock } from './clock.ts';
import { Context, contextOf } from './context.ts';
import { OptionError } from './errors.ts';
import { checkDuration, checkFunction } from './options.ts';
import { Scope } from './scope.ts';
import type { CallContext, CallOptions, Layer, Transport } from './transport.ts';

/** The transport inside a layer, as the layer calls it. */
export type Next<Q, S> = (request: Q, context: Context) => Promise<S>;

/** What a layer does with one call. */
export type Execution<Q, S> = (next: Next<Q, S>, request: Q, context: Context) => Promise<S>;

/** The same of a layer that takes any request and response. */
export type Execute = <Q, S>(next: Next<Q, S>, request: Q, context: Context) => Promise<S>;

/** A rule about calls: a {@link Layer}, which also guards a single function by `run`. */
export interface Policy extends Layer {
  /**
   * Runs `fn` under this policy.
   *
   * @param fn - called once per attempt; it must return a promise
   */
  run<T>(fn: (context: CallContext) => Promise<T>, options?: CallOptions): Promise<T>;
}

/** How long a call may take; read at each call, so it may be changed. Asked only by whoever has one. */
export interface Limit {
  readonly ms: number;
  /** A call has run out of this time. */
  expired?(): void;
}

const NO_LIMIT: Limit = { ms: Infinity };

/** Makes a policy of what it does with one call, and of a time limit for each call through it. */
export function policyOf(execute: Execute, clock: Clock, limit: Limit = NO_LIMIT): Policy {
  const layer = <Q, S, O extends CallOptions>(next: Transport<Q, S, O>): Transport<Q, S, O> =>
    transportOf(execute, next as unknown as Next<Q, S>, clock, limit);
  const run = transportOf(execute, invokeFunction, clock, limit);
  return Object.assign(layer, { run: run as Policy['run'] });
}

function invokeFunction(fn: (context: CallContext) => Promise<unknown>, context: Context): Promise<unknown> {
  return checkFunction('run', 'fn', fn)(context);
}

/** The public function of a layer around `next`. */
export function transportOf<Q, S>(
  execute: Execution<Q, S>,
  next: Next<Q, S>,
  clock: Clock,
  limit: Limit = NO_LIMIT,
): (request: Q, options?: CallOptions) => Promise<S> {
  return (request, options) => {
    try {
      if (options === undefined && limit.ms === Infinity) {
        return execute(next, request, new Context(new Call(clock, undefined), undefined, 1, undefined));
      }
      return enter(execute, next, request, options, clock, limit);
    } catch (error) {
      // Whoever calls an async function awaits its errors too, those in what it was told included.
      return Promise.reject(error);
    }
  };
}

/**
 * The door for calls that bring options, or that have a limit. The options may be a context, handed in by a layer
 * or by user code: then the call goes on, in a scope of its own only if this layer's limit is the tighter one.
 */
function enter<Q, S>(
  execute: Execution<Q, S>,
  next: Next<Q, S>,
  request: Q,
  options: CallOptions | undefined,
  clock: Clock,
  limit: Limit,
): Promise<S> {
  const limitMs = limit.ms;
  const outer = options ? contextOf(options) : undefined;
  const goesOn = outer !== undefined && (outer as CallOptions) === options;
  if (goesOn && (limitMs === Infinity || outer.remainingMs() <= limitMs))
    return execute(next, request, outer);
  const said = goesOn ? undefined : options;
  const call = goesOn ? outer.call : new Call(outer?.call.clock ?? clock, options);
  const tighter =
    said?.timeoutMs === undefined
      ? limitMs
      : Math.min(limitMs, checkDuration('call', 'timeoutMs', said.timeoutMs));
  const scope =
    tighter === Infinity && !said?.signal
      ? outer?.scope
      : scopeWithin(outer?.scope, call.clock, tighter, tighter === limitMs ? limit : undefined);
  if (said?.signal) scope?.under(said.signal);
  const context = new Context(call, scope, outer?.attempt ?? 1, outer?.endpoint);
  return scope === undefined || scope === outer?.scope
    ? execute(next, request, context)
    : scoped(execute, next, request, context, scope);
}

/** A scope that ends with the outer one, or when its own time, which is `limit`’s if it is given, has passed. */
function scopeWithin(outer: Scope | undefined, clock: Clock, limitMs: number, limit?: Limit): Scope {
  const ends = limitMs === Infinity ? Infinity : clock.now() + limitMs;
  const scope = new Scope(clock, outer === undefined ? ends : Math.min(ends, outer.deadline));
  outer?.add(scope);
  if (ends === scope.deadline && ends !== Infinity) scope.expireIn(limitMs, limit);
  return scope;
}

/** Runs the layer in a scope: settles with the work, or at once when the scope is aborted. */
export function scoped<Q, S>(
  execute: Execution<Q, S>,
  next: Next<Q, S>,
  request: Q,
  context: Context,
  scope: Scope,
): Promise<S> {
  if (scope.aborted) return Promise.reject(scope.reason);
  return new Promise<S>((resolve, reject) => {
    scope.rejectWith(reject);
    execute(next, request, context).then(
      (value) => {
        if (scope.settle()) resolve(value);
      },
      (error: unknown) => {
        if (scope.settle()) reject(error);
      },
    );
  });
}

/**
 * Calls the transport inside: what it throws becomes a rejection, and what is not a promise an
 * {@link OptionError}.
 */
export function invoke<Q, S>(next: Next<Q, S>, request: Q, context: Context): Promise<S> {
  try {
    return promised(next(request, context));
  } catch (error) {
    return Promise.reject(error);
  }
}

/** What user code returned, as a promise: thenables (query builders) are welcome, plain values a mistake. */
export function promised<S>(value: Promise<S>): Promise<S> {
  if (value instanceof Promise) return value;
  if (typeof (value as { then?: unknown } | null | undefined)?.then === 'function')
    return Promise.resolve(value);
  throw new OptionError('call', 'the function', value, 'one that returns a promise');
}
