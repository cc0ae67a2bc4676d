/** A plan: how long a value is good for, and what else is to be kept with it; by the options, or by the value itself. */
import { OptionError } from '../core/errors.ts';
import { checkDuration } from '../core/options.ts';
import type { Terms } from './freshness.ts';
import type { Settings, WindowMs } from './options.ts';

export interface Plan {
  readonly ttlMs: number;
  readonly terms: Terms;
}

export class Planner<A, V> {
  readonly #where: string;
  readonly #settings: Settings<A, V>;
  // What all values share where nothing depends on the value; told apart once, because a miss is hot.
  readonly #usual: Plan | undefined;
  readonly #nothing: Plan | undefined;

  constructor(where: string, settings: Settings<A, V>) {
    this.#where = where;
    this.#settings = settings;
    const { ttlMs, staleWhileRevalidateMs, staleIfErrorMs, tags, sizeOf, notFoundTtlMs } = settings;
    if (
      typeof ttlMs === 'number' &&
      typeof staleWhileRevalidateMs === 'number' &&
      typeof staleIfErrorMs === 'number' &&
      tags === undefined &&
      sizeOf === undefined
    ) {
      const terms: Terms = {
        staleWhileRevalidateMs,
        staleIfErrorMs,
        tags: undefined,
        validator: undefined,
        size: 1,
      };
      this.#usual = { ttlMs, terms };
      this.#nothing = notFoundTtlMs === undefined ? this.#usual : { ttlMs: notFoundTtlMs, terms };
    }
  }

  /** Made before anything is changed, because it asks functions of the user, which may throw. */
  of(value: V, arg: A, validator: unknown): Plan {
    const nothing = value === undefined || value === null;
    const usual = nothing ? this.#nothing : this.#usual;
    if (usual !== undefined && validator === undefined) return usual;
    const { ttlMs, notFoundTtlMs, staleWhileRevalidateMs, staleIfErrorMs, tags, sizeOf } = this.#settings;
    const ms = (option: string, window: WindowMs<A, V>): number =>
      typeof window === 'function' ? checkDuration(this.#where, option, window(value, arg)) : window;
    return {
      ttlMs: nothing && notFoundTtlMs !== undefined ? notFoundTtlMs : ms('ttlMs', ttlMs),
      terms: {
        staleWhileRevalidateMs: ms('staleWhileRevalidateMs', staleWhileRevalidateMs),
        staleIfErrorMs: ms('staleIfErrorMs', staleIfErrorMs),
        tags: tags?.(value, arg),
        validator,
        size: sizeOf === undefined ? 1 : this.#sizeOf(sizeOf(value, arg)),
      },
    };
  }

  #sizeOf(size: number): number {
    if (typeof size === 'number' && size >= 0) return Math.max(1, Math.ceil(size));
    throw new OptionError(this.#where, 'what sizeOf returns', size, 'a number of at least 0');
  }
}
