/**
 * Checks of options: each answers with the value it was given, or throws an {@link OptionError} that names the
 * option, the value and what is allowed. Factories call them once, at construction.
 */
import { OptionError } from './errors.ts';

/** A number from `min` to `max`, both allowed; never NaN. */
export function checkNumber(
  where: string,
  option: string,
  value: number,
  min: number,
  max: number = Infinity,
): number {
  if (typeof value === 'number' && value >= min && value <= max) return value;
  const range = max === Infinity ? `a number of at least ${min}` : `a number from ${min} to ${max}`;
  throw new OptionError(where, option, value, range);
}

/** A whole number of at least `min`; `Infinity` says that there is no bound. */
export function checkCount(where: string, option: string, value: number, min: number = 1): number {
  if ((Number.isInteger(value) || value === Infinity) && value >= min) return value;
  throw new OptionError(where, option, value, `a whole number of at least ${min}`);
}

/** A time in milliseconds that may be 0 or `Infinity`. */
export function checkDuration(where: string, option: string, value: number): number {
  if (typeof value === 'number' && value >= 0) return value;
  throw new OptionError(where, option, value, 'milliseconds, 0 or more');
}

/** A time in milliseconds above 0 that may be `Infinity`. */
export function checkInterval(where: string, option: string, value: number): number {
  if (typeof value === 'number' && value > 0) return value;
  throw new OptionError(where, option, value, 'milliseconds above 0');
}

/** A function. */
export function checkFunction<F>(where: string, option: string, value: F): F {
  if (typeof value === 'function') return value;
  throw new OptionError(where, option, value, 'a function');
}

/** A text that is not empty. */
export function checkText(where: string, option: string, value: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new OptionError(where, option, value, 'a text that is not empty');
}

/** One of a short list of words. */
export function checkOneOf<T extends string>(
  where: string,
  option: string,
  value: T,
  words: readonly T[],
): T {
  if (words.includes(value)) return value;
  throw new OptionError(where, option, value, words.map((word) => `'${word}'`).join(' or '));
}

/** An object of ours, or one that keeps the same port: it has a function under `method`. */
export function checkPort<P extends object>(where: string, option: string, value: P, method: keyof P): P {
  const holder: { readonly [key: PropertyKey]: unknown } | null | undefined = value as never;
  if (typeof holder?.[method] === 'function') return value;
  throw new OptionError(where, option, value, `something with ${String(method)}()`);
}
