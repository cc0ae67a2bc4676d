import { type Clock, systemClock } from '../../core/clock.ts';
import { OptionError } from '../../core/errors.ts';
import { type Observer, Reporter } from '../../core/observer.ts';
import { checkCount, checkInterval } from '../../core/options.ts';
import { drawOf, keyHashOf, nodeHashOf } from '../../structures/rendezvous.ts';
import type { CacheStore, StoreListener } from './cache-store.ts';
import { GuardedStore } from './guarded-store.ts';

/** What guards a store that may be slow or dead. */
export interface StoreGuardOptions {
  /** Milliseconds for one step of the store; then it counts as failed. @defaultValue 250 */
  readonly timeoutMs?: number;
  /** So many failures in a row open the circuit. @defaultValue 5 */
  readonly failures?: number;
  /** How long the store is then left alone, until one step tries it again. @defaultValue 1_000 */
  readonly openMs?: number;
  readonly clock?: Clock;
  readonly observer?: Observer;
  /** In events. */
  readonly name?: string;
}

/** @internal */
export function guard(where: string, store: CacheStore, options: StoreGuardOptions): CacheStore {
  if (store.guarded === true) return store;
  return new GuardedStore(store, {
    clock: options.clock ?? systemClock,
    reporter: new Reporter('cache', options),
    timeoutMs: checkInterval(where, 'timeoutMs', options.timeoutMs ?? 250),
    failures: checkCount(where, 'failures', options.failures ?? 5),
    openMs: checkInterval(where, 'openMs', options.openMs ?? 1000),
  });
}

interface Shard {
  readonly nameHash: number;
  readonly store: CacheStore;
}

/**
 * Many stores as one: each key has its store by rendezvous hashing, so that adding one to n moves 1/(n+1) of the
 * keys, all of them to the new one. Each store has a circuit of its own; the keys of one that is dead are loaded from
 * the origin, and the others know nothing of it. Not for replicas that hold the same.
 *
 * Names, not places in a list, decide who holds what: keep them when stores come and go.
 *
 * @throws {@link OptionError} if there is no store, or for an option out of its range
 * @example
 * ```ts
 * import { coalescingCache, sharded } from 'evenkeel';
 * import { fakeStore } from 'evenkeel/testing';
 * import { tiered } from 'evenkeel';
 * const far = sharded({ 'redis-1': fakeStore().connect(), 'redis-2': fakeStore().connect() });
 * const users = tiered({ near: { load: async (id: string) => ({ id }), ttlMs: 5_000 }, far });
 * if ((await users.get('42')).id !== '42') throw new Error('not loaded');
 * ```
 */
export function sharded(
  stores: Readonly<Record<string, CacheStore>>,
  options: StoreGuardOptions = {},
): CacheStore {
  const where = 'sharded';
  const shards: Shard[] = Object.entries(stores).map(([name, store]) => ({
    nameHash: nodeHashOf(name),
    store: guard(where, store, options),
  }));
  if (shards.length === 0) throw new OptionError(where, 'stores', stores, 'at least one store by its name');
  const of = (key: string): CacheStore => holderOf(shards, key).store;
  return {
    guarded: true,
    open: (key, lease, context) => of(key).open(key, lease, context),
    write: (key, value, token, context) => of(key).write(key, value, token, context),
    release: (key, token, context) => of(key).release(key, token, context),
    remove: (key, context) => of(key).remove(key, context),
    invalidateTag: (tag, context) => all(shards, (store) => store.invalidateTag(tag, context)),
    clear: (context) => all(shards, (store) => store.clear(context)),
    follow: (listener) => followAll(shards, listener),
  };
}

function holderOf(shards: readonly Shard[], key: string): Shard {
  const keyHash = keyHashOf(key);
  let [holder, most] = [shards[0] as Shard, -1];
  for (const shard of shards) {
    const draw = drawOf(keyHash, shard.nameHash);
    if (draw > most) [holder, most] = [shard, draw];
  }
  return holder;
}

/** Tells all of them, and rejects with the first failure once all have settled. */
async function all(shards: readonly Shard[], tell: (store: CacheStore) => Promise<void>): Promise<void> {
  const told = await Promise.allSettled(shards.map(({ store }) => tell(store)));
  for (const one of told) if (one.status === 'rejected') throw one.reason;
}

function followAll(shards: readonly Shard[], listener: StoreListener): () => void {
  const stops = shards.map(({ store }) => store.follow?.(listener));
  return () => {
    for (const stop of stops) stop?.();
  };
}
