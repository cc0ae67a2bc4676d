import type { Context } from '../core/context.ts';
import { invoke, type Next, transportOf } from '../core/policy.ts';
import type { CallOptions, Transport } from '../core/transport.ts';
import { type CacheControls, controlsOf } from './controls.ts';
import { CacheEngine } from './engine.ts';
import { type CacheOptions, checkCacheOptions } from './options.ts';

/** A transport with a cache before it, and the cache's controls. */
export type CachedTransport<Q, S, O extends CallOptions = CallOptions> = Transport<Q, S, O> &
  CacheControls<Q, S>;

/** What {@link cache} makes: a layer for requests that its `key` and values that its `tags` can read. */
export interface CacheLayer<A, V> {
  <Q extends A, S extends V, O extends CallOptions>(next: Transport<Q, S, O>): CachedTransport<Q, S, O>;
}

/**
 * A layer that answers from what it already knows, by the rules of {@link coalescingCache}; a load is a call of
 * the transport inside. Each transport it is put around has a store of its own, whose controls (`peek`, `delete`,
 * `invalidateTag`, `snapshot`, …) are on the function that comes out.
 *
 * Values are stored by the request alone. So a call that brings words of its own for the wire, as a `fetch` does
 * with its method and headers, goes past the cache: one caller's answer must not become another's. Put it outside
 * of `retry` and `timeout`, so that these work on loads. Not for a transport that resolves to a `Response`, which
 * can be read only once: parse the body inside.
 *
 * @throws {@link OptionError} at construction for an option out of its range, and from a call whose answer is a
 * `Response`
 * @throws {@link LoadsFullError} when too many loads run and wait
 * @example
 * ```ts
 * import { cache, pipe, retry } from 'evenkeel';
 * let calls = 0;
 * const wire = async (id: number) => ({ id, call: ++calls });
 * const getUser = pipe(wire, retry(), cache({ ttlMs: 5_000 }));
 * await getUser(7);
 * const user = await getUser(7);
 * if (user.call !== 1) throw new Error('loaded twice');
 * getUser.delete(7);
 * ```
 */
export function cache<A = unknown, V = unknown>(options: CacheOptions<A, V>): CacheLayer<A, V> {
  const settings = checkCacheOptions('cache', options);
  const layer = <Q extends A, S extends V>(next: Next<Q, S>): CachedTransport<Q, S> => {
    const engine = new CacheEngine<Q, S>('cache', settings);
    const door = transportOf(
      (next, request: Q, context) =>
        bringsWords(context) ? invoke(next, request, context) : engine.get(request, next, context),
      next,
      settings.clock,
    );
    const transport: Transport<Q, S> = (request, said) =>
      said === undefined ? engine.get(request, next) : door(request, said);
    return Object.assign(transport, controlsOf(engine));
  };
  return layer as unknown as CacheLayer<A, V>;
}

/** What a context has, and what a caller may say to evenkeel itself; anything else was said for the wire. */
const OURS = new Set([
  'call',
  'attempt',
  'endpoint',
  'scope',
  'affinityKey',
  'idempotencyKey',
  'idempotent',
  'criticality',
]);

function bringsWords(context: Context): boolean {
  if (context.call.options === undefined) return false;
  for (const name in context) {
    if (!OURS.has(name) && (context as unknown as Record<string, unknown>)[name] !== undefined) return true;
  }
  return false;
}
