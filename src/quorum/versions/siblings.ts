/**
 * Siblings: values that were written without knowing of each other. None of them is the newest; whoever reads
 * them all may write the one that follows. (The multi-value register of Shapiro and others, 2011.)
 */
import { checkFunction } from '../../core/options.ts';
import { canonicalText } from '../../structures/canonical-text.ts';
import { compareVectors, incrementVector, mergeVectors, type VersionVector } from './vector.ts';

/** A value, and what its writer had seen when writing it. Plain data, if the value is. */
export interface Sibling<V> {
  readonly version: VersionVector;
  readonly value: V;
}

const NONE: VersionVector = {};

/**
 * What of these values is not superseded by another: one value if they follow each other, several if some were
 * written side by side. Of values with equal versions the first stays.
 *
 * The order of the answer is the order of the values; which they are does not depend on it.
 *
 * @example
 * ```ts
 * import { mergeSiblings } from 'evenkeel';
 * const left = { version: { a: 2 }, value: 'left' };
 * const right = { version: { a: 1, b: 1 }, value: 'right' };
 * const old = { version: { a: 1 }, value: 'old' };
 * const both = mergeSiblings([old, left], [right, old]);
 * if (both.map(({ value }) => value).join() !== 'left,right') throw new Error('not the two');
 * ```
 */
export function mergeSiblings<V>(...sets: readonly (readonly Sibling<V>[])[]): readonly Sibling<V>[] {
  return notSuperseded(sets.flat(), ({ version }) => version);
}

/**
 * The set that a writer leaves who has read `seen`: one value, whose version covers all of them. A writer that has
 * not read first hands in an empty set, and makes a sibling.
 *
 * @param id - of this incarnation of the writer, and of no other: two events of one id at once look like one
 */
export function writeSibling<V>(seen: readonly Sibling<V>[], value: V, id: string): readonly Sibling<V>[] {
  const read = seen.reduce((all, { version }) => mergeVectors(all, version), NONE);
  return [{ version: incrementVector(read, id), value }];
}

/**
 * For `reconcile` of a `quorumRead`: drops what is superseded, and asks `merge` only if siblings are left.
 *
 * @param versionOf - the version of a value
 * @param merge - makes one of several that were written side by side; its order must not matter, and merging one
 * twice no more than once, or replicas that are repaired do not become equal
 * @throws `OptionError` for what is no function
 * @example
 * ```ts
 * import { quorumRead, reconcileSiblings } from 'evenkeel';
 * const carts = [
 *   { version: { a: 2 }, items: ['tea', 'milk'] },
 *   { version: { a: 1, b: 1 }, items: ['tea', 'jam'] },
 *   { version: { a: 1 }, items: ['tea'] },
 * ];
 * const { value } = await quorumRead({
 *   replicas: carts,
 *   required: 3,
 *   read: async (cart) => cart,
 *   reconcile: reconcileSiblings<(typeof carts)[number]>(
 *     (cart) => cart.version,
 *     (siblings) => ({
 *       version: { a: 2, b: 1 },
 *       items: [...new Set(siblings.flatMap(({ items }) => items))].sort(),
 *     }),
 *   ),
 * });
 * if (value.items.join() !== 'jam,milk,tea') throw new Error(value.items.join());
 * ```
 */
export function reconcileSiblings<V>(
  versionOf: (value: V) => VersionVector,
  merge: (siblings: readonly V[]) => V,
): (answers: readonly V[]) => V {
  checkFunction('reconcileSiblings', 'versionOf', versionOf);
  checkFunction('reconcileSiblings', 'merge', merge);
  return (answers) => {
    const siblings = notSuperseded(answers, versionOf);
    return siblings.length === 1 ? (siblings[0] as V) : merge(siblings);
  };
}

/**
 * For `newest` of a `quorumRead`, and for two values with a version each: the later version wins, and of equal
 * versions the one whose content sorts later, so that every client decides alike whatever order it hears them in.
 *
 * It forgets acknowledged writes that were made side by side. That is its nature; where none may be lost use
 * siblings, or a register.
 */
export function lastWriteWins<V>(compare: (a: V, b: V) => number): (a: V, b: V) => number {
  checkFunction('lastWriteWins', 'compare', compare);
  return (a, b) => {
    const order = compare(a, b);
    if (order !== 0) return order;
    const [one, other] = [canonicalText(a) ?? '', canonicalText(b) ?? ''];
    return one < other ? -1 : one > other ? 1 : 0;
  };
}

function notSuperseded<T>(values: readonly T[], versionOf: (value: T) => VersionVector): T[] {
  const kept: T[] = [];
  for (const value of values) {
    const order = kept.map((one) => compareVectors(versionOf(value), versionOf(one)));
    if (order.some((one) => one === 'before' || one === 'equal')) continue;
    for (let at = order.length - 1; at >= 0; at--) if (order[at] === 'after') kept.splice(at, 1);
    kept.push(value);
  }
  return kept;
}
