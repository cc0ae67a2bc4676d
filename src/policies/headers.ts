/** Headers, as the platforms have them. */
import { OptionError } from '../core/errors.ts';

/** Headers as the platforms have them: `Headers`, or Node's object with lower-case names. */
export type HeadersLike =
  { get(name: string): string | null } | { readonly [name: string]: string | readonly string[] | undefined };

export function valueOf(where: string, headers: HeadersLike, name: string): string | undefined {
  if (typeof headers !== 'object' || headers === null)
    throw new OptionError(where, 'headers', headers, 'headers');
  const value: unknown =
    typeof headers.get === 'function'
      ? (headers as { get(name: string): unknown }).get(name)
      : (headers as { readonly [name: string]: unknown })[name];
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return typeof first === 'string' ? first : undefined;
}
