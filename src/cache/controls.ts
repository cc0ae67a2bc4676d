/** What can be done with a cache beside asking it; the same for the cache on its own and for the layer. */
import { OptionError } from '../core/errors.ts';
import type { CacheEngine } from './engine.ts';
import type { CacheSnapshot } from './statistics.ts';

export interface CacheControls<A, V> {
  /** The value if it is fresh, at once and without a load; does not count as use. */
  peek(arg: A): V | undefined;
  /** Stores a value as if it had just been loaded. A load that is under way is fenced, as by `delete`. */
  set(arg: A, value: V): void;
  /**
   * Forgets a value, and answers whether there was one. A load that is under way still answers those who wait for
   * it, but what it brings is not stored, and new callers do not join it; so too for `clear` and `invalidateTag`.
   */
  delete(arg: A): boolean;
  /** Forgets everything. */
  clear(): void;
  /** Forgets every value with this tag, however many there are, in constant time. */
  invalidateTag(tag: string): void;
  /** What it holds and has done. */
  snapshot(): CacheSnapshot;
  /** Forgets everything and ends every load; from then on only what is `set` is served. */
  [Symbol.dispose](): void;
}

/** The way from a cache to its engine, for the functions that only those ship who import them. */
const ENGINE: unique symbol = Symbol('evenkeel.engine');

/** @throws {@link OptionError} for what is no cache */
export function engineOf<A, V>(where: string, cache: Pick<CacheControls<A, V>, 'peek'>): CacheEngine<A, V> {
  const engine = (cache as { readonly [ENGINE]?: CacheEngine<A, V> } | null | undefined)?.[ENGINE];
  if (engine === undefined) throw new OptionError(where, 'cache', cache, 'a cache made by evenkeel');
  return engine;
}

export function controlsOf<A, V>(engine: CacheEngine<A, V>): CacheControls<A, V> {
  const controls: Omit<CacheControls<A, V>, typeof Symbol.dispose> & {
    readonly [ENGINE]: CacheEngine<A, V>;
  } = {
    [ENGINE]: engine,
    peek: (arg) => engine.peek(arg),
    set: (arg, value) => engine.set(arg, value),
    delete: (arg) => engine.delete(arg),
    clear: () => engine.clear(),
    invalidateTag: (tag) => engine.invalidateTag(tag),
    snapshot: () => engine.snapshot(),
  };
  // Not every browser knows the symbol; there the method would be called `undefined`.
  const dispose = Symbol.dispose as symbol | undefined;
  if (dispose !== undefined) Object.assign(controls, { [dispose]: () => engine.dispose() });
  return controls as unknown as CacheControls<A, V>;
}
