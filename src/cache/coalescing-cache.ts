import { checkFunction } from '../core/options.ts';
import { type Next, transportOf } from '../core/policy.ts';
import type { CallOptions } from '../core/transport.ts';
import { capacityOf } from './capacity.ts';
import { type CacheControls, controlsOf } from './controls.ts';
import { CacheEngine, type Lookup } from './engine.ts';
import type { LoadContext, LoadResult } from './loaded.ts';
import { type CacheOptions, checkCacheOptions } from './options.ts';

export interface CoalescingCacheOptions<A, V> extends CacheOptions<A, V> {
  /**
   * Gets the value. Its `signal` aborts after `hardTimeoutMs`, and never because a caller has left: a load may
   * serve many callers, and what it brings is stored even if all of them are gone (but see `whenAbandoned`). It may
   * resolve to {@link validated} values, and to {@link notModified}.
   */
  readonly load: (arg: A, context: LoadContext) => Promise<LoadResult<V>>;
}

/** What {@link coalescingCache} makes. */
export interface CoalescingCache<A, V> extends CacheControls<A, V> {
  /** The value: from the cache, or loaded. `signal` and `timeoutMs` concern this caller alone. */
  get(arg: A, options?: CallOptions): Promise<V>;
  /** The same with where it comes from, how old it is, and the error that it masks. */
  lookup(arg: A, options?: CallOptions): Promise<Lookup<V>>;
}

/**
 * A cache that loads what it does not have: once per key however many ask, in the background while a value is
 * slightly stale, and with stale values to fall back on when the load fails.
 *
 * Arguments are compared by content: `{ a, b }` is `{ b, a }`, and `1` is not `'1'`. Values are handed out as
 * they are, to all callers the same object: do not change them. Not for what must never be stale by a millisecond,
 * not for writes, and not for a `Response`, which can be read only once.
 *
 * @throws {@link OptionError} at construction for an option out of its range
 * @throws {@link LoadsFullError} from `get` and `lookup` when too many loads run and wait
 * @throws {@link TimeoutError} from `get` and `lookup` when a load takes longer than `hardTimeoutMs`
 * @example
 * ```ts
 * import { coalescingCache } from 'evenkeel';
 * let loads = 0;
 * const users = coalescingCache({
 *   load: async (id: string) => ({ id, load: ++loads }),
 *   ttlMs: 5_000,
 *   staleIfErrorMs: 3_600_000,
 * });
 * await Promise.all([users.get('42'), users.get('42'), users.get('42')]);
 * const { state } = await users.lookup('42');
 * if (loads !== 1 || state !== 'fresh') throw new Error('not coalesced');
 * ```
 */
export function coalescingCache<A, V>(options: CoalescingCacheOptions<A, V>): CoalescingCache<A, V> {
  const where = 'coalescingCache';
  const load = checkFunction(where, 'load', options.load) as unknown as Next<A, V>;
  const settings = checkCacheOptions<A, V>(where, options, capacityOf(load));
  return fronted(new CacheEngine<A, V>(where, settings), load);
}

/** The doors of a cache whose loader is this one. */
export function fronted<A, V>(engine: CacheEngine<A, V>, load: Next<A, V>): CoalescingCache<A, V> {
  const { clock } = engine.settings;
  const get = transportOf<A, V>((next, arg, context) => engine.get(arg, next, context), load, clock);
  const lookup = transportOf<A, Lookup<V>>(
    (next, arg, context) => engine.lookup(arg, next as unknown as Next<A, V>, context),
    load as unknown as Next<A, Lookup<V>>,
    clock,
  );
  return Object.assign(controlsOf(engine), {
    // The door is for callers who may leave; the others need no context made.
    get: (arg: A, said?: CallOptions) => (said === undefined ? engine.get(arg, load) : get(arg, said)),
    lookup: (arg: A, said?: CallOptions) =>
      said === undefined ? engine.lookup(arg, load) : lookup(arg, said),
  });
}
