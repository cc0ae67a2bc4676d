/**
 * What a loader may say beside the value itself: how to find out later whether it has changed, and that it has
 * not. So a refresh can cost a question in the place of a transfer (RFC 9110 §13, If-None-Match).
 */
import type { Call } from '../core/call.ts';
import { Context } from '../core/context.ts';
import type { Scope } from '../core/scope.ts';
import type { CallContext } from '../core/transport.ts';
import type { Entry } from './freshness.ts';

/** What is more than a value; one class, so that a plain value is told by one look. */
export abstract class Said {
  protected readonly said: true = true;
}

/** A value with its validator; made by {@link validated}. */
export class Validated<V> extends Said {
  /** Not `value`: types are inferred by the names of fields, and a user's own value may have one of that name. */
  readonly validatedValue: V;
  readonly validator: unknown;

  constructor(value: V, validator: unknown) {
    super();
    this.validatedValue = value;
    this.validator = validator;
  }
}

/** That what is known has not changed; {@link notModified} is the only one. */
export class NotModified extends Said {
  readonly modified: false = false;
}

/**
 * What a loader resolves to when the value it was shown as `known` has not changed: that value is as good as newly
 * loaded. Where nothing was known the load fails with an {@link OptionError}.
 */
export const notModified: NotModified = new NotModified();

/**
 * What a loader resolves to when it has a validator for the value, such as an ETag or a revision: the next load of
 * this key is shown it in `known`, and may answer {@link notModified}.
 *
 * @example
 * ```ts
 * import { coalescingCache, notModified, validated } from 'evenkeel';
 * const origin = { revision: 7, body: 'large' };
 * let transfers = 0;
 * const pages = coalescingCache({
 *   load: async (_path: string, { known }) => {
 *     if (known?.validator === origin.revision) return notModified;
 *     transfers++;
 *     return validated(origin.body, origin.revision);
 *   },
 *   ttlMs: 0, // every call asks, and most are answered without a transfer
 * });
 * await pages.get('/');
 * if ((await pages.get('/')) !== 'large' || transfers !== 1) throw new Error('transferred again');
 * ```
 */
export function validated<V>(value: V, validator: unknown): Validated<V> {
  return new Validated(value, validator);
}

/** A value from another tier: not as young as its load, and perhaps there only because a newer could not be had. */
export class Aged<V> extends Said {
  readonly value: V;
  readonly ageMs: number;
  /** How long the load took that brought it. */
  readonly costMs: number;
  /** How long it is fresh from now; below 0 for how long it has been stale. */
  readonly freshForMs: number;
  readonly validator: unknown;
  /** Why nothing newer could be had. */
  readonly error: unknown;

  constructor(
    value: V,
    ageMs: number,
    costMs: number,
    freshForMs: number,
    validator: unknown,
    error: unknown,
  ) {
    super();
    this.costMs = costMs;
    this.value = value;
    this.ageMs = ageMs;
    this.freshForMs = freshForMs;
    this.validator = validator;
    this.error = error;
  }
}

/** What a load may resolve to. */
export type LoadResult<V> = V | Validated<V> | NotModified;

/** What is known of a key when it is loaded again. */
export interface Known {
  /** The value as it was loaded last; it may be too old to be served. */
  readonly value: unknown;
  /** What the loader gave with it. */
  readonly validator: unknown;
  readonly ageMs: number;
}

/** What a loader is handed. */
export interface LoadContext extends CallContext {
  /** What is known of the key, if anything is: the load is a refresh. */
  readonly known: Known | undefined;
}

export class LoadingContext extends Context implements LoadContext {
  readonly #entry: Entry<unknown> | undefined;
  readonly #nowMs: number;

  constructor(call: Call, scope: Scope | undefined, entry: Entry<unknown> | undefined, nowMs: number) {
    super(call, scope, 1, undefined);
    this.#entry = entry;
    this.#nowMs = nowMs;
  }

  get known(): Known | undefined {
    const entry = this.#entry;
    if (entry === undefined || entry.refused) return undefined;
    return {
      value: entry.value,
      validator: entry.terms.validator,
      ageMs: this.#nowMs - entry.sinceMs,
    };
  }
}
