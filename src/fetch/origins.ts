/** Where a request goes: a path that any of the origins can serve. */
import { EvenkeelError, hasCode, OptionError } from '../core/errors.ts';

/** An absolute URL whose origin is none of those given. */
export class OriginError extends EvenkeelError {
  /** The origin that was asked for. */
  readonly origin: string;

  constructor(origin: string) {
    super(
      'EVENKEEL_ORIGIN',
      `${origin} is none of the origins of this resilientFetch: give a path, add the origin, or use fetch itself`,
    );
    this.origin = origin;
  }

  override get name(): string {
    return 'OriginError';
  }
}

/** Whether `error` is an {@link OriginError}. */
export function isOriginError(error: unknown): error is OriginError {
  return hasCode(error, 'EVENKEEL_ORIGIN');
}

/** The origin of a URL that is nothing but one, such as `http://10.0.0.11:8080`. */
export function toOrigin(where: string, value: unknown): string {
  const allowed = 'an http or https origin without user, path or query, such as http://10.0.0.11:8080';
  if (typeof value !== 'string' || !URL.canParse(value))
    throw new OptionError(where, 'origins', value, allowed);
  const url = new URL(value);
  const bare =
    url.pathname === '/' &&
    url.search === '' &&
    url.hash === '' &&
    url.username === '' &&
    url.password === '';
  if (!bare || !/^https?:$/.test(url.protocol)) throw new OptionError(where, 'origins', url.origin, allowed);
  return url.origin;
}

/**
 * The path and query of what is asked for, to be put behind any origin.
 *
 * @throws {@link OriginError} for a URL elsewhere
 */
export function pathOf(input: string, origins: ReadonlySet<string>): string {
  if (isPath(input)) return input;
  const [base] = origins;
  const url = new URL(input, base);
  if (!origins.has(url.origin)) throw new OriginError(url.origin);
  return url.pathname + url.search + url.hash;
}

/** Behind an origin a path cannot leave it: only '//host' at the very beginning names another. */
export function isPath(input: string): boolean {
  return input.startsWith('/') && !input.startsWith('//');
}
