import { Call } from '../../core/call.ts';
import { Context } from '../../core/context.ts';
import { OptionError } from '../../core/errors.ts';
import { Gate } from '../../core/gate.ts';
import { Reporter } from '../../core/observer.ts';
import { checkCount, checkFunction, checkInterval, checkPort } from '../../core/options.ts';
import type { Next } from '../../core/policy.ts';
import { capacityOf } from '../capacity.ts';
import { type CoalescingCache, type CoalescingCacheOptions, fronted } from '../coalescing-cache.ts';
import { CacheEngine } from '../engine.ts';
import { keyOfText, keyText } from '../key-text.ts';
import type { LoadingContext } from '../loaded.ts';
import { checkCacheOptions } from '../options.ts';
import type { CacheSnapshot } from '../statistics.ts';
import type { CacheStore } from './cache-store.ts';
import { FarLoads } from './far-loads.ts';
import type { FarFigures } from './far-settings.ts';
import { GuardedStore } from './guarded-store.ts';
import { jsonSerializer, type Serializer } from './serializer.ts';
import { guard, type StoreGuardOptions } from './sharded.ts';
import { ALL, type Change, tell, Unsaid } from './unsaid.ts';

export interface TieredOptions<A, V> {
  /** The cache in this process, with its loader. Its `clock`, `random`, `observer` and `name` are those of both tiers. */
  readonly near: CoalescingCacheOptions<A, V>;
  /** The store that processes share, such as `redisStore`. */
  readonly far: CacheStore;
  /**
   * How many loads may be at the origin at once. `near.maxLoads` bounds those at the far tier as well, which can carry
   * many more. @defaultValue `near.maxLoads`
   */
  readonly maxOriginLoads?: number;
  /** How values become text. @defaultValue JSON, which knows no Date, Map, `undefined` or bigint */
  readonly serializer?: Serializer;
  /**
   * How long the right to load a key is lent; who loads renews it. If a process dies while it loads, the others wait
   * no longer than this. @defaultValue 2_000
   */
  readonly leaseMs?: number;
  /** How long the far tier keeps a value at most, whatever its windows say. @defaultValue 604_800_000, 7 days */
  readonly maxKeepMs?: number;
  /** Texts that are longer stay in the near tier. @defaultValue 1_000_000 */
  readonly maxTextLength?: number;
  /** How many changes are kept for a far tier that cannot be told; more become one "forget all". @defaultValue 10_000 */
  readonly maxUnsaid?: number;
  /** What guards the far tier; a `sharded` one guards its parts itself. */
  readonly guard?: Pick<StoreGuardOptions, 'timeoutMs' | 'failures' | 'openMs'>;
}

/** What {@link tiered} makes: a {@link CoalescingCache} whose changes reach the far tier and the other processes. */
export interface TieredCache<A, V> extends Omit<
  CoalescingCache<A, V>,
  'set' | 'delete' | 'clear' | 'invalidateTag' | 'snapshot'
> {
  /**
   * Each change is made in this process at once; the promise is of the far tier, and rejects with what that failed
   * with. It is told again as soon as it can be reached, and until then nobody in this process believes what it holds.
   */
  set(arg: A, value: V): Promise<void>;
  delete(arg: A): Promise<void>;
  clear(): Promise<void>;
  invalidateTag(tag: string): Promise<void>;
  snapshot(): TieredSnapshot;
}

export interface TieredSnapshot extends CacheSnapshot {
  readonly far: Readonly<FarFigures> & {
    /** Of the circuit; `undefined` for a sharded store, which has one for each part. */
    readonly state: 'closed' | 'open' | 'half-open' | undefined;
    /** Changes that the far tier has not been told. */
    readonly unsaid: number;
  };
}

/**
 * A cache of two tiers: the memory of this process, and a store that all processes share. A value that one of them
 * has loaded is there for the others; of those that miss at once one loads, by a lease, and the others wait; and what
 * one changes the others forget, by the store's bus.
 *
 * The far tier never fails a read: if it is slow, dead, or holds what makes no sense, the load goes to the origin.
 * So the bound on that is `maxOriginLoads`, of each process: keep it where the origin can carry all of them without a
 * far tier. Not for what must be the same everywhere at once: a process that misses a message serves what it has until
 * its time is over, or until the bus is back.
 *
 * @throws {@link OptionError} at construction for an option out of its range
 * @example
 * ```ts
 * import { tiered } from 'evenkeel';
 * import { fakeStore } from 'evenkeel/testing';
 * const shared = fakeStore();
 * let loads = 0;
 * const process = () =>
 *   tiered({
 *     near: { load: async (id: string) => ({ id, load: ++loads }), ttlMs: 5_000 },
 *     far: shared.connect(), // in production: redisStore({ client }) of evenkeel/redis
 *   });
 * const [one, other] = [process(), process()];
 * await Promise.all([one.get('42'), other.get('42')]);
 * if (loads !== 1) throw new Error('loaded by both');
 * ```
 */
export function tiered<A, V>(options: TieredOptions<A, V>): TieredCache<A, V> {
  const where = 'tiered';
  const { near } = options;
  if (typeof near !== 'object' || near === null)
    throw new OptionError(where, 'near', near, 'the options of a coalescingCache');
  const origin = checkFunction(where, 'near.load', near.load) as unknown as Next<A, V>;
  const settings = checkCacheOptions<A, V>(where, near, capacityOf(origin));
  const reporter = new Reporter('cache', settings);
  const { clock } = settings;
  checkPort(where, 'far', options.far, 'open');
  const ports = {
    clock,
    ...(near.observer && { observer: near.observer }),
    ...(near.name !== undefined && { name: near.name }),
  };
  const far = guard(where, options.far, { ...options.guard, ...ports });
  const engine = new CacheEngine<A, V>(where, settings);
  const maxOriginLoads = checkCount(where, 'maxOriginLoads', options.maxOriginLoads ?? settings.maxLoads);
  const unsaid = new Unsaid(checkCount(where, 'maxUnsaid', options.maxUnsaid ?? 10_000));
  const loads = new FarLoads(
    engine,
    origin,
    far,
    unsaid,
    {
      gate: maxOriginLoads < settings.maxLoads ? gateOf(where, maxOriginLoads) : undefined,
      maxOriginLoads,
      leaseMs: checkInterval(where, 'leaseMs', options.leaseMs ?? 2000),
      maxKeepMs: checkInterval(where, 'maxKeepMs', options.maxKeepMs ?? 604_800_000),
      maxTextLength: checkCount(where, 'maxTextLength', options.maxTextLength ?? 1_000_000),
      serializer: checkPort(where, 'serializer', options.serializer ?? jsonSerializer, 'parse'),
    },
    reporter,
  );
  const tiers = new Tiers(engine, far, unsaid, loads);
  const front = fronted(engine, tiers.load);
  // Not every browser knows the symbol; there the method would be called `undefined`.
  const dispose = Symbol.dispose as symbol | undefined;
  const cache: Omit<TieredCache<A, V>, typeof Symbol.dispose> = Object.assign({}, front, {
    set: (arg: A, value: V) => tiers.set(arg, value),
    delete: (arg: A) => tiers.delete(arg),
    clear: () => tiers.clear(),
    invalidateTag: (tag: string) => tiers.invalidateTag(tag),
    snapshot: (): TieredSnapshot => ({ ...front.snapshot(), far: tiers.snapshot() }),
    ...(dispose !== undefined && { [dispose]: () => tiers.dispose() }),
  });
  return cache as TieredCache<A, V>;
}

/** Those who wait are loads of the cache, which bounds them. */
function gateOf(where: string, maxConcurrent: number): Gate {
  return new Gate(where, { maxConcurrent, maxQueue: Infinity });
}

class Tiers<A, V> {
  readonly load: Next<A, V>;
  readonly #engine: CacheEngine<A, V>;
  readonly #far: CacheStore;
  readonly #unsaid: Unsaid;
  readonly #loads: FarLoads<A, V>;
  #unfollow: (() => void) | undefined = undefined;
  #following = false;
  #saying = false;

  constructor(engine: CacheEngine<A, V>, far: CacheStore, unsaid: Unsaid, loads: FarLoads<A, V>) {
    this.#engine = engine;
    this.#far = far;
    this.#unsaid = unsaid;
    this.#loads = loads;
    this.load = (arg, context) => {
      this.#follow();
      this.#say();
      return loads.load(arg, context as LoadingContext) as Promise<V>;
    };
  }

  set(arg: A, value: V): Promise<void> {
    this.#engine.set(arg, value);
    return this.#change(this.#keyOf(arg), (key, context) => this.#loads.set(key.name, arg, value, context));
  }

  delete(arg: A): Promise<void> {
    this.#engine.delete(arg);
    return this.#change(this.#keyOf(arg));
  }

  clear(): Promise<void> {
    this.#engine.clear();
    return this.#change(ALL);
  }

  invalidateTag(tag: string): Promise<void> {
    this.#engine.invalidateTag(tag);
    return this.#change({ kind: 'tag', name: tag });
  }

  snapshot(): TieredSnapshot['far'] {
    const state = this.#far instanceof GuardedStore ? this.#far.state : undefined;
    return { ...(this.#loads.figures as Readonly<FarFigures>), state, unsaid: this.#unsaid.size };
  }

  dispose(): void {
    this.#following = true;
    this.#unfollow?.();
    this.#engine.dispose();
  }

  /** `undefined` for a key that means something in this process only: no other has it. */
  #keyOf(arg: A): Change | undefined {
    const name = keyText(this.#engine.keyOf(arg));
    return name === undefined ? undefined : { kind: 'key', name };
  }

  async #change(
    change: Change | undefined,
    make: (change: Change, context: Context) => Promise<void> = (one, context) =>
      tell(this.#far, one, context),
  ): Promise<void> {
    if (change === undefined) return;
    this.#follow();
    // Noted first: whoever loads while this is on its way would find in the far tier what is to be forgotten.
    const count = this.#unsaid.note(change);
    await make(change, this.#context());
    this.#unsaid.said(change, count);
  }

  /** In the background, what could not be said before. */
  #say(): void {
    if (this.#saying || this.#unsaid.size === 0) return;
    this.#saying = true;
    void this.#unsaid.say(this.#far, this.#context()).then(() => (this.#saying = false));
  }

  /** Begins with the first use: constructing does no work. */
  #follow(): void {
    if (this.#following) return;
    this.#following = true;
    const { store } = this.#engine;
    this.#unfollow = this.#far.follow?.({
      removed: (text) => {
        const key = keyOfText(text);
        if (key !== undefined) this.#engine.deleteKey(key);
      },
      invalidated: (tag) => this.#engine.invalidateTag(tag),
      cleared: () => this.#engine.clear(),
      lost: () => store.expireAll(store.clock.read()),
    });
  }

  #context(): Context {
    return new Context(new Call(this.#engine.settings.clock, undefined), undefined, 1, undefined);
  }
}
