/** Rate limit: at most so many calls in so much time, alone or as one of a fleet, for all or for each key. */
import { BoundedMap } from '../core/bounded-map.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import type { Context } from '../core/context.ts';
import { OptionError } from '../core/errors.ts';
import type { Observer } from '../core/observer.ts';
import { checkCount, checkDuration, checkFunction, checkNumber, checkOneOf } from '../core/options.ts';
import { invoke, type Next, policyOf } from '../core/policy.ts';
import type { CallContext, CallOptions, Transport } from '../core/transport.ts';
import { type Rate, shareOf } from '../structures/quota.ts';
import { SlidingWindow } from '../structures/sliding-window.ts';
import { TokenBucket } from '../structures/token-bucket.ts';
import { RateLimitedError } from './errors.ts';
import { type GuardMode, Refusals } from './refusals.ts';
import { type Pace, Turnstile } from './turnstile.ts';

export interface RateLimitOptions<Q = unknown> {
  /** How many calls in `perMs`; a whole number. */
  readonly limit: number;
  /** Milliseconds. */
  readonly perMs: number;
  /**
   * `'token-bucket'` fills evenly and lets a burst through on top; `'sliding-window'` never lets more than `limit`
   * through in any `perMs`, exactly, and remembers that many times. @defaultValue 'token-bucket'
   */
  readonly algorithm?: 'token-bucket' | 'sliding-window';
  /** How many calls may come at once; only for a token bucket. @defaultValue `limit` */
  readonly burst?: number;
  /** How many calls may wait for their turn, of all keys together. @defaultValue 0 */
  readonly maxQueue?: number;
  /** Milliseconds a call may wait; one that would have to wait so long is refused at once. @defaultValue 1_000 */
  readonly queueTimeoutMs?: number;
  /** Each key has the limit for itself. @defaultValue one limit for all */
  readonly key?: (request: Q, context: CallContext) => string;
  /** How many keys are known; the one not used for longest is forgotten, and starts anew. @defaultValue 10_000 */
  readonly maxKeys?: number;
  /**
   * How many clients share the limit: each takes `limit / fleet()`, and of the burst as well. An answer that is no
   * number of at least 1, and an error, leaves the last one in place. @defaultValue alone
   */
  readonly fleet?: () => number;
  /** `'observe'` decides and tells, but neither refuses nor delays. @defaultValue 'enforce' */
  readonly mode?: GuardMode;
  readonly clock?: Clock;
  readonly observer?: Observer;
  /** In events. */
  readonly name?: string;
}

/** What {@link rateLimit} makes. */
export interface RateLimit<Q = unknown> {
  <R extends Q, S, O extends CallOptions>(next: Transport<R, S, O>): Transport<R, S, O>;
  /** Runs `fn` under this policy; a `key` function is given `fn` as the request. */
  run<T>(fn: (context: CallContext) => Promise<T>, options?: CallOptions): Promise<T>;
  snapshot(): RateLimitSnapshot;
}

export interface RateLimitSnapshot {
  /** Calls per `perMs` that are this client's. */
  readonly limit: number;
  readonly waiting: number;
  /** Calls refused so far. */
  readonly refused: number;
  /** Keys known; 0 without a `key`. */
  readonly keys: number;
}

/**
 * Lets `limit` calls through in `perMs`. What comes too early waits its turn, first come first served, if `maxQueue`
 * allows it; a wait that would pass `queueTimeoutMs` or the call's deadline is refused at once with a
 * {@link RateLimitedError}, which says when there would have been room.
 *
 * For a quota that somebody else counts: put it inside `retry`, so that each attempt counts. Not for protecting a
 * server of which nobody knows what it can do: that is `adaptiveLimit`; nor for calls under way at once: that is
 * `bulkhead`.
 *
 * @throws {@link OptionError} at construction for an option out of its range; at the call if `key` does not answer
 * with a string. What `key` throws rejects the call, and nothing is sent.
 * @throws {@link RateLimitedError} for a call too many
 * @example
 * ```ts
 * import { isRateLimitedError, rateLimit } from 'evenkeel';
 * const two = rateLimit({ limit: 2, perMs: 60_000 });
 * const answers = [1, 2, 3].map((n) => two.run(async () => n).catch((error: unknown) => error));
 * const [, second, third] = await Promise.all(answers);
 * if (second !== 2 || !isRateLimitedError(third)) throw new Error('not limited');
 * ```
 */
export function rateLimit<Q = unknown>(options: RateLimitOptions<Q>): RateLimit<Q> {
  const clock = options.clock ?? systemClock;
  const limiter = new RateLimiter(options, clock);
  const policy = policyOf((next, request, context) => limiter.execute(next, request, context), clock);
  return Object.assign(policy, { snapshot: () => limiter.snapshot() });
}

/** The largest limit that can be counted. */
const MOST = Number.MAX_SAFE_INTEGER;

class RateLimiter implements Pace {
  readonly clock: Clock;
  readonly #whole: Rate;
  readonly #algorithm: 'token-bucket' | 'sliding-window';
  readonly #maxQueue: number;
  readonly #queueTimeoutMs: number;
  readonly #key: ((request: unknown, context: CallContext) => string) | undefined;
  readonly #keys: BoundedMap<string, Turnstile>;
  readonly #fleet: (() => number) | undefined;
  readonly #refusals: Refusals;
  #one: Turnstile | undefined = undefined;
  #members = 1;
  #share: Rate;
  #waiting = 0;

  constructor(options: RateLimitOptions<never>, clock: Clock) {
    const where = 'rateLimit';
    this.#whole = rateOf(options);
    this.#share = this.#whole;
    this.#algorithm = options.algorithm ?? 'token-bucket';
    this.#maxQueue = checkCount(where, 'maxQueue', options.maxQueue ?? 0, 0);
    this.#queueTimeoutMs = checkDuration(where, 'queueTimeoutMs', options.queueTimeoutMs ?? 1000);
    this.#key = options.key && (checkFunction(where, 'key', options.key) as (request: unknown) => string);
    const maxKeys = checkNumber(where, 'maxKeys', options.maxKeys ?? 10_000, 1, MOST);
    this.#keys = new BoundedMap(where, { maxEntries: checkCount(where, 'maxKeys', maxKeys) });
    this.#fleet = options.fleet && checkFunction(where, 'fleet', options.fleet);
    this.clock = clock;
    this.#refusals = new Refusals(where, 'rate-limit', options);
  }

  execute<Q, S>(next: Next<Q, S>, request: Q, context: Context): Promise<S> {
    let turnstile: Turnstile;
    try {
      turnstile = this.#turnstileOf(request, context);
    } catch (error) {
      return Promise.reject(error);
    }
    const nowMs = this.clock.now();
    if (turnstile.pass(nowMs)) return invoke(next, request, context);
    const waitMs = turnstile.waitMs(nowMs);
    const reason = this.#whyNotWait(waitMs, context);
    if (this.#refusals.observes) {
      this.#refusals.add({ reason: reason ?? 'wait', retryAfterMs: waitMs });
      return invoke(next, request, context);
    }
    if (reason !== undefined) return Promise.reject(this.#refuse(reason, waitMs));
    return this.#queued(turnstile, next, request, context);
  }

  /** This client's part of the limit. */
  rate(): Rate {
    if (this.#fleet === undefined) return this.#whole;
    let members = Number.NaN;
    try {
      members = this.#fleet();
    } catch {
      // Whoever counts the fleet has trouble; the last count is the best there is.
    }
    if (members !== this.#members && Number.isFinite(members) && members >= 1) {
      this.#members = members;
      this.#share = shareOf(this.#whole, members);
    }
    return this.#share;
  }

  left(): void {
    this.#waiting--;
  }

  snapshot(): RateLimitSnapshot {
    return {
      limit: this.rate().limit,
      waiting: this.#waiting,
      refused: this.#refusals.count,
      keys: this.#keys.size,
    };
  }

  #turnstileOf(request: unknown, context: Context): Turnstile {
    if (this.#key === undefined) return (this.#one ??= this.#open());
    const key: unknown = this.#key(request, context);
    if (typeof key !== 'string')
      throw new OptionError('rateLimit', 'key', key, 'a function that answers with a string');
    let turnstile = this.#keys.get(key);
    if (turnstile === undefined) this.#keys.set(key, (turnstile = this.#open()));
    return turnstile;
  }

  #open(): Turnstile {
    return new Turnstile(this.#algorithm === 'token-bucket' ? new TokenBucket() : new SlidingWindow(), this);
  }

  #whyNotWait(waitMs: number, context: Context): RateLimitedError['reason'] | undefined {
    if (this.#waiting >= this.#maxQueue) return 'queue-full';
    if (waitMs >= this.#queueTimeoutMs) return 'queue-timeout';
    return waitMs >= context.remainingMs() ? 'deadline' : undefined;
  }

  #queued<Q, S>(turnstile: Turnstile, next: Next<Q, S>, request: Q, context: Context): Promise<S> {
    this.#waiting++;
    const turn = turnstile.join(context, this.#queueTimeoutMs, () =>
      this.#refuse('queue-timeout', turnstile.waitMs(this.clock.now())),
    );
    // The reaction runs in this caller's async context, whoever's timer it was (law 8).
    return turn.then(() => {
      if (context.scope?.aborted !== true) return invoke(next, request, context);
      // Its turn came and the caller left in one tick.
      turnstile.giveBack();
      throw context.scope.reason;
    });
  }

  #refuse(reason: RateLimitedError['reason'], retryAfterMs: number): RateLimitedError {
    this.#refusals.add({ reason, retryAfterMs });
    return new RateLimitedError(reason, retryAfterMs);
  }
}

/** The checked limit. */
function rateOf({ limit, perMs, algorithm, burst }: RateLimitOptions<never>): Rate {
  const where = 'rateLimit';
  checkOneOf(where, 'algorithm', algorithm ?? 'token-bucket', ['token-bucket', 'sliding-window']);
  if (burst !== undefined && algorithm === 'sliding-window')
    throw new OptionError(where, 'burst', burst, 'left out, as a sliding window has none');
  return {
    limit: checkNumber(where, 'limit', checkCount(where, 'limit', limit), 1, MOST),
    perMs: checkNumber(where, 'perMs', perMs, Number.MIN_VALUE, Number.MAX_VALUE),
    burst: checkNumber(where, 'burst', burst ?? limit, 1, MOST),
  };
}
