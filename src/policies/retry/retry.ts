/** Retry: another attempt when one has failed, if it may be repeated, if there is time, and if the budget allows. */
import { guardOf } from '../guard.ts';
import type { RetryOptions, RetryPolicy, RetryState } from './options.ts';
import { Retrier } from './retrier.ts';

/**
 * Tries a failed call again, after a randomly jittered, growing delay.
 *
 * A call that may have reached the server is repeated only if it may act twice: a plain function may (you
 * wrapped it), a request that names an HTTP method must be idempotent by it, or the caller says `idempotent`
 * or gives an `idempotencyKey`. A server's `Retry-After` is honoured up to `maxDelayMs`; `Infinity` is its word for
 * never. Retrying ends early when the delay would pass the call's deadline, or when the budget is spent; then
 * {@link isBudgetSpent} is true of the error, and retries further out stop as well. What an open breaker refused burns
 * no attempt: it is waited for. The last attempt's own error is thrown, or its own response resolved, untouched.
 *
 * Use it at one layer only: three layers with three attempts each make 27. Not for a server that is overloaded
 * for long: the budget (20 % of calls) then makes it a retry now and then.
 *
 * @throws {@link OptionError} at construction for an option out of its range; at the call if `backoff` answers with
 * no number of milliseconds
 * @example
 * ```ts
 * import { retry } from 'evenkeel';
 * const value = await retry({ maxAttempts: 4, baseDelayMs: 1 }).run(async ({ attempt }) => {
 *   if (attempt < 3) throw new Error('not yet');
 *   return attempt;
 * });
 * if (value !== 3) throw new Error('expected the third attempt');
 * ```
 */
export function retry(options: RetryOptions = {}): RetryPolicy {
  const retrier = new Retrier(options);
  const guard = guardOf('retry', options, retrier, (next, request, context) =>
    retrier.execute(next, request, context),
  );
  return Object.assign(guard, {
    export: () => retrier.export(),
    hydrate: (state: RetryState) => retrier.hydrate(state),
  });
}
