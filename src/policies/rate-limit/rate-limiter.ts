/** What a rate limit does with one call: whose turnstile, through it now, in line before it, or away. */
import { BoundedMap } from '../../core/bounded-map.ts';
import { type Clock, systemClock } from '../../core/clock.ts';
import type { Context } from '../../core/context.ts';
import { OptionError } from '../../core/errors.ts';
import { Reporter } from '../../core/observer.ts';
import { checkCount, checkDuration, checkFunction, checkNumber } from '../../core/options.ts';
import { invoke, type Next } from '../../core/policy.ts';
import type { CallContext } from '../../core/transport.ts';
import { type Rate, shareOf } from '../../structures/quota.ts';
import { SlidingWindow } from '../../structures/sliding-window.ts';
import { TokenBucket } from '../../structures/token-bucket.ts';
import { RateLimitedError } from '../errors.ts';
import { type Engine, observes } from '../guard.ts';
import {
  MOST,
  rateOf,
  type RateLimitOptions,
  type RateLimitSnapshot,
  type RateLimitState,
} from './options.ts';
import { Refusals } from '../refusals.ts';
import { type Pace, Turnstile } from './turnstile.ts';

/** What each turnstile is made for, and so cannot be changed. */
const FIXED = ['algorithm', 'key', 'maxKeys'] as const;

export class RateLimiter implements Pace, Engine<RateLimitOptions<never>, RateLimitSnapshot> {
  readonly reporter: Reporter;
  readonly clock: Clock;
  readonly #made: RateLimitOptions<never>;
  readonly #key: ((request: unknown, context: CallContext) => string) | undefined;
  readonly #keys: BoundedMap<string, Turnstile>;
  readonly #refusals: Refusals;
  #whole: Rate;
  #share: Rate;
  #maxQueue = 0;
  #queueTimeoutMs = 0;
  #fleet: (() => number) | undefined;
  #members = 1;
  #one: Turnstile | undefined = undefined;
  #waiting = 0;

  constructor(options: RateLimitOptions<never>) {
    const where = 'rateLimit';
    this.reporter = new Reporter('rate-limit', options);
    this.#refusals = new Refusals(this.reporter);
    this.clock = options.clock ?? systemClock;
    this.#made = options;
    this.#key = options.key && (checkFunction(where, 'key', options.key) as (request: unknown) => string);
    const maxKeys = checkNumber(where, 'maxKeys', options.maxKeys ?? 10_000, 1, MOST);
    this.#keys = new BoundedMap(where, { maxEntries: checkCount(where, 'maxKeys', maxKeys) });
    this.#whole = this.#share = rateOf(options);
    this.configure(options);
  }

  configure(options: RateLimitOptions<never>): void {
    const where = 'rateLimit';
    for (const option of FIXED) {
      if (options[option] !== this.#made[option])
        throw new OptionError(where, option, options[option], 'left as it is');
    }
    const whole = rateOf(options);
    const maxQueue = checkCount(where, 'maxQueue', options.maxQueue ?? 0, 0);
    const queueTimeoutMs = checkDuration(where, 'queueTimeoutMs', options.queueTimeoutMs ?? 1000);
    const fleet = options.fleet && checkFunction(where, 'fleet', options.fleet);
    this.#refusals.observes = observes(where, options);
    this.#whole = this.#share = whole;
    this.#members = 1;
    this.#maxQueue = maxQueue;
    this.#queueTimeoutMs = queueTimeoutMs;
    this.#fleet = fleet;
    // Those who wait have been given a time that may no longer be theirs.
    for (const turnstile of this.#turnstiles()) turnstile.serve();
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

  export(): RateLimitState {
    const nowMs = this.clock.now();
    const keys = [...this.#keys.entries()].map(([key, one]) => [key, one.export(nowMs)] as const);
    if (this.#key !== undefined) return { keys };
    return this.#one === undefined ? {} : { one: this.#one.export(nowMs) };
  }

  hydrate({ one, keys = [] }: RateLimitState, agoMs: number): void {
    const thenMs = this.clock.now() - checkDuration('rateLimit.hydrate', 'agoMs', agoMs);
    if (one !== undefined) (this.#one ??= this.#open()).hydrate(one, thenMs);
    // The newest last: it is the one to keep.
    for (const [key, state] of [...keys].reverse()) {
      const turnstile = this.#open();
      turnstile.hydrate(state, thenMs);
      this.#keys.set(key, turnstile);
    }
  }

  *#turnstiles(): IterableIterator<Turnstile> {
    if (this.#one !== undefined) yield this.#one;
    for (const [, turnstile] of this.#keys.entries()) yield turnstile;
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
    const exact = this.#made.algorithm === 'sliding-window';
    return new Turnstile(exact ? new SlidingWindow() : new TokenBucket(), this);
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
