/**
 * An answer: what a source says exists. Sources are far away and run by others, so an answer is read with care:
 * what cannot be used is an error of the source, never of the call that happens to be under way.
 */
import { type Endpoint, toEndpoint } from '../core/endpoint.ts';
import { OptionError } from '../core/errors.ts';
import { EmptyAnswerError } from './errors.ts';

/** An answer that can be used. */
export interface Answer<E> {
  /** At least one, each identity once: of two with one identity the first counts. */
  readonly endpoints: readonly Endpoint<E>[];
  /** Those whose identity had been there before. */
  readonly duplicates: readonly Endpoint<E>[];
}

/**
 * Reads what a source has answered.
 *
 * @throws {@link EmptyAnswerError} for an empty list; {@link OptionError} for what is no list, for an entry that
 * is none, and for more than `maxEndpoints`
 */
export function readAnswer<E>(where: string, list: unknown, maxEndpoints: number): Answer<E> {
  if (!Array.isArray(list)) throw new OptionError(where, 'the answer', list, 'a list of endpoints');
  if (list.length > maxEndpoints)
    throw new OptionError(where, 'the length of the answer', list.length, `at most ${maxEndpoints}`);
  const found = new Map<unknown, Endpoint<E>>();
  const duplicates: Endpoint<E>[] = [];
  for (const entry of list as readonly (E | Endpoint<E> | null | undefined)[]) {
    if (entry === undefined || entry === null)
      throw new OptionError(where, 'an entry of the answer', entry, 'an endpoint');
    const one = toEndpoint(entry);
    if (found.has(one.id)) duplicates.push(one);
    else found.set(one.id, one);
  }
  if (found.size === 0) throw new EmptyAnswerError(where);
  return { endpoints: [...found.values()], duplicates };
}

/** Whether both lists say the same, in whatever order: name servers rotate theirs. */
export function sameEndpoints<E>(some: readonly Endpoint<E>[], others: readonly Endpoint<E>[]): boolean {
  if (some === others) return true;
  if (some.length !== others.length) return false;
  const byId = new Map(some.map((one) => [one.id, one]));
  return others.every((other) => {
    const one = byId.get(other.id);
    return one !== undefined && sameEndpoint(one, other);
  });
}

/** The list, in which what says the same as before is the same object: clients may be kept by it. */
export function reuse<E>(
  before: readonly Endpoint<E>[],
  endpoints: readonly Endpoint<E>[],
): readonly Endpoint<E>[] {
  const byId = new Map(before.map((one) => [one.id, one]));
  return endpoints.map((endpoint) => {
    const known = byId.get(endpoint.id);
    return known !== undefined && sameEndpoint(known, endpoint) ? known : endpoint;
  });
}

function sameEndpoint<E>(one: Endpoint<E>, other: Endpoint<E>): boolean {
  return (
    one.weight === other.weight &&
    one.zone === other.zone &&
    one.priority === other.priority &&
    sameValue(one.address, other.address) &&
    sameValue(one.labels, other.labels)
  );
}

/** Plain objects are compared by their fields, as each answer makes them anew; all else is by identity. */
function sameValue(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (!isPlain(one) || !isPlain(other)) return false;
  const keys = Object.keys(one);
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && Object.is(one[key], other[key]))
  );
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
