/** The errors that the cache itself throws; those of a loader pass through untouched. */
import { EvenkeelError, hasCode, OptionError } from '../core/errors.ts';

/** As many loads run and wait as may, and nothing stale was left to serve. */
export class LoadsFullError extends EvenkeelError {
  /** No hint: a load may end at any time. */
  readonly retryAfterMs: number = 0;

  constructor() {
    super('EVENKEEL_LOADS_FULL', 'too many loads are running and waiting');
  }

  override get name(): string {
    return 'LoadsFullError';
  }
}

/** Whether `error` is a {@link LoadsFullError}. */
export function isLoadsFullError(error: unknown): error is LoadsFullError {
  return hasCode(error, 'EVENKEEL_LOADS_FULL');
}

/** The cache was disposed of: it loads no more. */
export class CacheDisposedError extends EvenkeelError {
  constructor() {
    super('EVENKEEL_CACHE_DISPOSED', 'the cache was disposed of');
  }

  override get name(): string {
    return 'CacheDisposedError';
  }
}

/** Whether `error` is a {@link CacheDisposedError}. */
export function isCacheDisposedError(error: unknown): error is CacheDisposedError {
  return hasCode(error, 'EVENKEEL_CACHE_DISPOSED');
}

/**
 * A Response can be read once, so the second caller would get a used one. Told by its tag and its class, because
 * not every runtime has the global, and libraries bring their own.
 */
export function refuseResponse(where: string, value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  const { constructor, [Symbol.toStringTag]: tag } = value as { readonly [key: PropertyKey]: unknown };
  if (tag !== 'Response' && (constructor as { name?: unknown } | undefined)?.name !== 'Response') return;
  const allowed =
    'something that can be read more than once: cache the parsed body, for instance ' +
    'what `(await fetch(url)).json()` resolves to, or use the cache option of resilientFetch';
  throw new OptionError(where, 'the value', value, allowed);
}
