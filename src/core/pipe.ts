/** Composition. One order, said once: the wire first, then outwards; the last one listed is the outermost. */
/* eslint-disable typescript/unified-signatures */

/**
 * Wraps a transport in layers, from the wire outwards.
 *
 * ```text
 *   pipe(wire, timeout, retry, cache)      cache → retry → timeout → wire
 *                                          a call enters at the right of the list and goes left
 * ```
 *
 * Request and response types are inferred through every layer. Not for choosing between transports: that is
 * what `balance` is for.
 *
 * @example
 * ```ts
 * import { pipe, retry, timeout } from 'evenkeel';
 * const wire = async (id: number) => ({ id, name: 'Ada' });
 * const getUser = pipe(wire, timeout({ timeoutMs: 300 }), retry({ maxAttempts: 3 }));
 * const user = await getUser(7);
 * if (user.name !== 'Ada') throw new Error('not Ada');
 * ```
 */
export function pipe<A>(wire: A): A;
export function pipe<A, B>(wire: A, l1: (t: A) => B): B;
export function pipe<A, B, C>(wire: A, l1: (t: A) => B, l2: (t: B) => C): C;
export function pipe<A, B, C, D>(wire: A, l1: (t: A) => B, l2: (t: B) => C, l3: (t: C) => D): D;
export function pipe<A, B, C, D, E>(
  wire: A,
  l1: (t: A) => B,
  l2: (t: B) => C,
  l3: (t: C) => D,
  l4: (t: D) => E,
): E;
export function pipe<A, B, C, D, E, F>(
  wire: A,
  l1: (t: A) => B,
  l2: (t: B) => C,
  l3: (t: C) => D,
  l4: (t: D) => E,
  l5: (t: E) => F,
): F;
export function pipe<A, B, C, D, E, F, G>(
  wire: A,
  l1: (t: A) => B,
  l2: (t: B) => C,
  l3: (t: C) => D,
  l4: (t: D) => E,
  l5: (t: E) => F,
  l6: (t: F) => G,
): G;
export function pipe<A, B, C, D, E, F, G, H>(
  wire: A,
  l1: (t: A) => B,
  l2: (t: B) => C,
  l3: (t: C) => D,
  l4: (t: D) => E,
  l5: (t: E) => F,
  l6: (t: F) => G,
  l7: (t: G) => H,
): H;
export function pipe<A, B, C, D, E, F, G, H, I>(
  wire: A,
  l1: (t: A) => B,
  l2: (t: B) => C,
  l3: (t: C) => D,
  l4: (t: D) => E,
  l5: (t: E) => F,
  l6: (t: F) => G,
  l7: (t: G) => H,
  l8: (t: H) => I,
): I;
export function pipe<A, B, C, D, E, F, G, H, I, J>(
  wire: A,
  l1: (t: A) => B,
  l2: (t: B) => C,
  l3: (t: C) => D,
  l4: (t: D) => E,
  l5: (t: E) => F,
  l6: (t: F) => G,
  l7: (t: G) => H,
  l8: (t: H) => I,
  l9: (t: I) => J,
): J;
export function pipe<A, B, C, D, E, F, G, H, I, J, K>(
  wire: A,
  l1: (t: A) => B,
  l2: (t: B) => C,
  l3: (t: C) => D,
  l4: (t: D) => E,
  l5: (t: E) => F,
  l6: (t: F) => G,
  l7: (t: G) => H,
  l8: (t: H) => I,
  l9: (t: I) => J,
  l10: (t: J) => K,
): K;
export function pipe<A, B, C, D, E, F, G, H, I, J, K, L>(
  wire: A,
  l1: (t: A) => B,
  l2: (t: B) => C,
  l3: (t: C) => D,
  l4: (t: D) => E,
  l5: (t: E) => F,
  l6: (t: F) => G,
  l7: (t: G) => H,
  l8: (t: H) => I,
  l9: (t: I) => J,
  l10: (t: J) => K,
  l11: (t: K) => L,
): L;
export function pipe<A, B, C, D, E, F, G, H, I, J, K, L, M>(
  wire: A,
  l1: (t: A) => B,
  l2: (t: B) => C,
  l3: (t: C) => D,
  l4: (t: D) => E,
  l5: (t: E) => F,
  l6: (t: F) => G,
  l7: (t: G) => H,
  l8: (t: H) => I,
  l9: (t: I) => J,
  l10: (t: J) => K,
  l11: (t: K) => L,
  l12: (t: L) => M,
): M;
export function pipe(wire: unknown, ...layers: ((transport: unknown) => unknown)[]): unknown {
  let transport = wire;
  for (const layer of layers) transport = layer(transport);
  return transport;
}
