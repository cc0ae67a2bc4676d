import { checkFunction } from '../core/options.ts';
import { type Next, transportOf } from '../core/policy.ts';
import type { CallOptions } from '../core/transport.ts';
import { type CacheControls, controlsOf } from './controls.ts';
import { CacheEngine, type Lookup } from './engine.ts';
import type { LoadContext, LoadResult } from './loaded.ts';
import { type CacheOptions, checkCacheOptions } from './options.ts';

/** Gets the value of one key; called at most once, and not at all if it is known or on its way. */
export type AsideLoad<V> = (context: LoadContext) => Promise<LoadResult<V>>;

/** What {@link cacheAside} makes. */
export interface CacheAside<A, V> extends CacheControls<A, V> {
  /** The value: from the cache, by a load of this key that is under way, or by this one. */
  getOrLoad(arg: A, load: AsideLoad<V>, options?: CallOptions): Promise<V>;
  /** The same with where it comes from, how old it is, and the error that it masks. */
  lookupOrLoad(arg: A, load: AsideLoad<V>, options?: CallOptions): Promise<Lookup<V>>;
}

/**
 * A cache without a loader of its own: each call brings one, which runs if nobody else's of the same key does. All
 * else is as in {@link coalescingCache}, fencing included: unlike a look, a load and a `set` by hand, it cannot
 * store what was changed in between. Where all loads are alike, `coalescingCache` says it once.
 *
 * @throws {@link OptionError} at construction for an option out of its range
 * @throws {@link LoadsFullError} when too many loads run and wait
 * @example
 * ```ts
 * import { cacheAside } from 'evenkeel';
 * const rates = cacheAside<string, number>({ ttlMs: 60_000 });
 * const rate = await rates.getOrLoad('EUR/USD', async () => 1.08);
 * const again = await rates.getOrLoad('EUR/USD', async () => 0);
 * if (again !== rate) throw new Error('loaded twice');
 * ```
 */
export function cacheAside<A, V>(options: CacheOptions<A, V>): CacheAside<A, V> {
  const where = 'cacheAside';
  const engine = new CacheEngine<A, V>(where, checkCacheOptions<A, V>(where, options));
  const { clock } = engine.settings;
  const nextOf = (load: AsideLoad<V>): Next<A, V> => {
    checkFunction(where, 'load', load);
    return ((_arg: A, context: LoadContext) => load(context)) as unknown as Next<A, V>;
  };
  const unused = undefined as unknown as Next<[A, AsideLoad<V>], V>;
  const get = transportOf<[A, AsideLoad<V>], V>(
    (_, [arg, load], context) => engine.get(arg, nextOf(load), context),
    unused,
    clock,
  );
  const lookup = transportOf<[A, AsideLoad<V>], Lookup<V>>(
    (_, [arg, load], context) => engine.lookup(arg, nextOf(load), context),
    unused as unknown as Next<[A, AsideLoad<V>], Lookup<V>>,
    clock,
  );
  return Object.assign(controlsOf(engine), {
    getOrLoad: (arg: A, load: AsideLoad<V>, said?: CallOptions) => get([arg, load], said),
    lookupOrLoad: (arg: A, load: AsideLoad<V>, said?: CallOptions) => lookup([arg, load], said),
  });
}
