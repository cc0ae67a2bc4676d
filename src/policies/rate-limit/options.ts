/** What a rate limit may be told, what it shows, and the check of how fast it is. */
import { OptionError } from '../../core/errors.ts';
import { checkCount, checkNumber, checkOneOf } from '../../core/options.ts';
import type { CallContext, CallOptions, Transport } from '../../core/transport.ts';
import type { QuotaState, Rate } from '../../structures/quota.ts';
import type { Adjustable, GuardOptions } from '../guard.ts';

export interface RateLimitOptions<Q = unknown> extends GuardOptions {
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
}

/** What {@link rateLimit} makes. */
export interface RateLimit<Q = unknown> extends Adjustable<RateLimitOptions<Q>> {
  <R extends Q, S, O extends CallOptions>(next: Transport<R, S, O>): Transport<R, S, O>;
  /** Runs `fn` under this policy; a `key` function is given `fn` as the request. */
  run<T>(fn: (context: CallContext) => Promise<T>, options?: CallOptions): Promise<T>;
  snapshot(): RateLimitSnapshot;
  /** How much of the limit is used, of all keys, as plain data. */
  export(): RateLimitState;
  /** Takes over what was exported so many milliseconds ago (0 unless said otherwise). */
  hydrate(state: RateLimitState, agoMs?: number): void;
}

/** How much of a limit is used, as plain data: of the one limit for all, or of each key. */
export interface RateLimitState {
  readonly one?: QuotaState;
  readonly keys?: readonly (readonly [key: string, state: QuotaState])[];
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

/** The largest limit that can be counted. */
export const MOST: number = Number.MAX_SAFE_INTEGER;

/** The checked limit. */
export function rateOf({ limit, perMs, algorithm, burst }: RateLimitOptions<never>): Rate {
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
