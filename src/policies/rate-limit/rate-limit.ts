/** Rate limit: at most so many calls in so much time, alone or as one of a fleet, for all or for each key. */
import { guardOf } from '../guard.ts';
import type { RateLimit, RateLimitOptions, RateLimitState } from './options.ts';
import { RateLimiter } from './rate-limiter.ts';

/**
 * Lets `limit` calls through in `perMs`. What comes too early waits its turn, first come first served, if `maxQueue`
 * allows it; a wait that would pass `queueTimeoutMs` or the call's deadline is refused at once with a
 * {@link RateLimitedError}, which says when there would have been room.
 *
 * For a quota that somebody else counts: put it inside `retry`, so that each attempt counts. Not for protecting a
 * server of which nobody knows what it can do: that is `adaptiveLimit`; nor for calls under way at once: that is
 * `bulkhead`.
 *
 * @throws {@link OptionError} at construction for an option out of its range, and when `algorithm`, `key` or `maxKeys` is
 * to be changed later; at the call if `key` does not answer
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
  const limiter = new RateLimiter(options);
  const guard = guardOf('rateLimit', options, limiter, (next, request, context) =>
    limiter.execute(next, request, context),
  );
  return Object.assign(guard, {
    export: () => limiter.export(),
    hydrate: (state: RateLimitState, agoMs = 0) => limiter.hydrate(state, agoMs),
  });
}
