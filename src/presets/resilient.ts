/**
 * resilient: the guards of one dependency, wired in the one sound order. From the wire outwards:
 *
 *   attempt's timeout → (circuit breaker) → (bulkhead) → adaptive limit → (hedge) → retry → call's timeout → (fallback)
 *
 * - The breaker sees every attempt, hung ones as timeouts, and nothing that was refused here at home.
 * - The limits hold a place for each attempt, and none while a call waits to try again.
 * - A late attempt gets company at once; only when all have failed there is another try.
 * - Attempts and waits together have an end, and whatever that is, the fallback answers for it.
 *
 * What stands in brackets is there if it is asked for. By default it is the adaptive limit that keeps calls from a
 * dependency in trouble, and no breaker: between tiers a breaker makes a partial outage a total one, and each tier finds out
 * only after the next that it is over (docs/decisions/0008).
 */
import type { Clock } from '../core/clock.ts';
import type { Observer } from '../core/observer.ts';
import { checkCount, checkFunction, checkInterval } from '../core/options.ts';
import type { Classify } from '../core/outcome.ts';
import { pipe } from '../core/pipe.ts';
import type { Random } from '../core/random.ts';
import type { CallContext, CallOptions, Transport } from '../core/transport.ts';
import {
  adaptiveLimit,
  type AdaptiveLimit,
  type AdaptiveLimitOptions,
} from '../policies/adaptive-limit/adaptive-limit.ts';
import { aimd } from '../policies/adaptive-limit/limit-rules.ts';
import { bulkhead, type Bulkhead, type BulkheadOptions } from '../policies/bulkhead.ts';
import { circuitBreaker } from '../policies/circuit-breaker/circuit-breaker.ts';
import type { CircuitBreaker, CircuitBreakerOptions } from '../policies/circuit-breaker/options.ts';
import { fallback, type Fallback, type FallbackOptions } from '../policies/fallback.ts';
import { hedge } from '../policies/hedge/hedge.ts';
import type { Hedge, HedgeOptions } from '../policies/hedge/options.ts';
import type { RetryOptions, RetryPolicy } from '../policies/retry/options.ts';
import { retry } from '../policies/retry/retry.ts';
import { timeout, type Timeout } from '../policies/timeout.ts';
import { guardedClient, type ClientOptions } from './guarded-client.ts';

/** A guard's own options: what all guards of the preset share is said once. */
export type OwnOptions<O> = Omit<O, 'classify' | 'clock' | 'random' | 'observer' | 'name'>;

export interface ResilientOptions<T = never> {
  /** Milliseconds for the whole call, with its retries and waits. @defaultValue 10_000 */
  readonly timeoutMs?: number;
  /** Milliseconds for each attempt. @defaultValue `timeoutMs / maxAttempts` */
  readonly attemptTimeoutMs?: number;
  /** How many attempts a call gets, the first included. @defaultValue 3 */
  readonly maxAttempts?: number;
  /** What else the retry is told. */
  readonly retry?: OwnOptions<Omit<RetryOptions, 'maxAttempts'>>;
  /** @defaultValue `aimd({ maxLimit: 1_000 })`, and up to 100 may wait for 100 ms */
  readonly adaptiveLimit?: OwnOptions<AdaptiveLimitOptions>;
  /** @defaultValue none: calls go through whatever they fail with */
  readonly circuitBreaker?: OwnOptions<CircuitBreakerOptions>;
  /** @defaultValue none: the adaptive limit bounds what is under way */
  readonly bulkhead?: OwnOptions<BulkheadOptions>;
  /** @defaultValue none: a late attempt is waited for until its time is up */
  readonly hedge?: OwnOptions<HedgeOptions>;
  /** @defaultValue none: the call ends as its last attempt did */
  readonly fallback?: OwnOptions<FallbackOptions<T>>;
  /** Judges how an attempt settled, once for all guards. @defaultValue what throws has failed */
  readonly classify?: Classify;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly observer?: Observer;
  /** In events. */
  readonly name?: string;
}

/** What {@link resilient} makes: a layer, which also guards a single function, or the methods of an object. */
export interface Resilient<T = never> {
  <Q, S, O extends CallOptions>(next: Transport<Q, S, O>): Transport<Q, S | T, O>;
  /** Runs `fn`, once per attempt, under all guards. */
  run<S>(fn: (context: CallContext) => Promise<S>, options?: CallOptions): Promise<S | T>;
  /** The object with its methods guarded, and its types as they were; see {@link ClientOptions}. */
  client<C extends object>(client: C, options?: ClientOptions<C>): C;
  /** The guards themselves: to isolate the breaker, to change options. */
  readonly guards: ResilientGuards<T>;
  snapshot(): ResilientSnapshot;
}

export interface ResilientGuards<T = never> {
  readonly attemptTimeout: Timeout;
  readonly circuitBreaker: CircuitBreaker | undefined;
  readonly bulkhead: Bulkhead | undefined;
  readonly adaptiveLimit: AdaptiveLimit;
  readonly hedge: Hedge | undefined;
  readonly retry: RetryPolicy;
  readonly timeout: Timeout;
  readonly fallback: Fallback<T> | undefined;
}

/** Each guard's own snapshot. */
export type ResilientSnapshot = {
  readonly [G in keyof ResilientGuards]: ReturnType<NonNullable<ResilientGuards[G]>['snapshot']> | undefined;
};

/**
 * Guards calls to one dependency by timeouts, an adaptive limit and retries with a budget, in the one sound order, with
 * defaults that suit a service; a circuit breaker, a bulkhead, a hedge and a fallback where they are asked for.
 *
 * One for each dependency: its limits are for all calls through it. Not for several servers of one
 * kind: that is `balance` with a `health` tracker, or `resilientFetch`. For another order, or other guards, `pipe` them
 * yourself.
 *
 * @throws {@link OptionError} at construction for an option out of its range
 * @throws {@link TimeoutError}, {@link LimitReachedError}, and what the guards that were asked for throw, at the call
 * @example
 * ```ts
 * import { resilient } from 'evenkeel';
 * const users = resilient({ name: 'users', timeoutMs: 2_000, retry: { baseDelayMs: 1 } });
 * let calls = 0;
 * const user = await users.run(async ({ signal, attempt }) => {
 *   if (++calls === 1) throw new Error('not yet');
 *   return { id: 42, attempt, aborted: signal.aborted };
 * });
 * if (user.attempt !== 2 || users.snapshot().retry?.retries !== 1) throw new Error('not as told');
 * ```
 */
export function resilient<T = never>(options: ResilientOptions<T> = {}): Resilient<T> {
  const guards = guardsOf(options);
  const layer = <Q, S, O extends CallOptions>(wire: Transport<Q, S, O>): Transport<Q, S | T, O> => {
    const { attemptTimeout, circuitBreaker, bulkhead, adaptiveLimit, hedge, retry, timeout, fallback } =
      guards;
    const inner = [circuitBreaker, bulkhead, adaptiveLimit, hedge].filter((guard) => guard !== undefined);
    const attempt = inner.reduce((next, guard) => guard(next), attemptTimeout(wire));
    const call = pipe(attempt, retry, timeout);
    return fallback === undefined ? call : fallback(call);
  };
  const run = layer((fn: (context: CallContext) => Promise<unknown>, context?: CallOptions) =>
    checkFunction('run', 'fn', fn)(context as CallContext),
  ) as Resilient<T>['run'];
  return Object.assign(layer, {
    run,
    client: <C extends object>(client: C, said?: ClientOptions<C>): C => guardedClient(run, client, said),
    guards,
    snapshot: () =>
      Object.fromEntries(
        Object.entries(guards).map(([name, guard]) => [name, guard?.snapshot()]),
      ) as ResilientSnapshot,
  });
}

function guardsOf<T>(options: ResilientOptions<T>): ResilientGuards<T> {
  const where = 'resilient';
  const { clock, random, observer, name, classify } = options;
  const timeoutMs = checkInterval(where, 'timeoutMs', options.timeoutMs ?? 10_000);
  const maxAttempts = checkCount(where, 'maxAttempts', options.maxAttempts ?? 3);
  const attemptTimeoutMs = checkInterval(
    where,
    'attemptTimeoutMs',
    options.attemptTimeoutMs ?? timeoutMs / maxAttempts,
  );
  const shared = {
    ...(clock && { clock }),
    ...(observer && { observer }),
    ...(name !== undefined && { name }),
  };
  const judging = { ...shared, ...(classify && { classify }) };
  const drawing = { ...judging, ...(random && { random }) };
  const algorithm = aimd({ initialLimit: 20, maxLimit: 1000 });
  return {
    attemptTimeout: timeout({ ...shared, timeoutMs: attemptTimeoutMs }),
    circuitBreaker: options.circuitBreaker && circuitBreaker({ ...options.circuitBreaker, ...drawing }),
    bulkhead: options.bulkhead && bulkhead({ ...options.bulkhead, ...shared }),
    adaptiveLimit: adaptiveLimit({
      algorithm,
      maxQueue: 100,
      queueTimeoutMs: 100,
      ...options.adaptiveLimit,
      ...judging,
    }),
    hedge: options.hedge && hedge({ ...options.hedge, ...judging }),
    retry: retry({ ...options.retry, ...drawing, maxAttempts }),
    timeout: timeout({ ...shared, timeoutMs }),
    fallback: options.fallback && fallback({ ...options.fallback, ...judging }),
  };
}
