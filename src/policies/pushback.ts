/** Pushback: a gRPC server's own word on whether and when to try again. */
import { type HeadersLike, valueOf } from './headers.ts';

/**
 * Milliseconds that a gRPC server asks to be left alone for, from its trailer `grpc-retry-pushback-ms`; `undefined` if it
 * does not say. What is below 0 or cannot be read says never, `Infinity`, as in gRPC (A6).
 *
 * For a classifier: hand it on as `retryAfterMs` of an outcome, which retries, hedges and breakers heed.
 *
 * @throws {@link OptionError} for headers that are none
 * @example
 * ```ts
 * import { pushbackFrom } from 'evenkeel';
 * const asked = ['250', '-1', 'later', undefined].map((said) => pushbackFrom({ 'grpc-retry-pushback-ms': said }));
 * if (asked.join() !== '250,Infinity,Infinity,') throw new Error(asked.join());
 * ```
 */
export function pushbackFrom(trailers: HeadersLike): number | undefined {
  const text = valueOf('pushbackFrom', trailers, 'grpc-retry-pushback-ms');
  if (text === undefined) return undefined;
  return /^\d{1,15}$/.test(text.trim()) ? Number(text) : Infinity;
}
