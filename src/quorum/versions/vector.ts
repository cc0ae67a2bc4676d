/**
 * Version vectors (Parker and others, 1983): how many events of each writer a version has seen. Plain objects, so
 * that they go through JSON. `{ a: 2 }` and `{ a: 2, b: 0 }` are the same.
 */
import { OptionError } from '../../core/errors.ts';

export type VersionVector = Readonly<Record<string, number>>;

/** How two versions stand to each other. */
export type Causality = 'equal' | 'before' | 'after' | 'concurrent';

/**
 * How `a` stands to `b`: `'before'` if b has seen all that a has and more, `'concurrent'` if each has seen
 * something that the other has not.
 *
 * @throws `OptionError` for an entry that is not a whole number from 0
 * @example
 * ```ts
 * import { compareVectors } from 'evenkeel';
 * if (compareVectors({ a: 1 }, { a: 1, b: 1 }) !== 'before') throw new Error('b knows more');
 * if (compareVectors({ a: 2 }, { a: 1, b: 1 }) !== 'concurrent') throw new Error('neither knows all');
 * ```
 */
export function compareVectors(a: VersionVector, b: VersionVector): Causality {
  const less = someLess(a, b);
  const more = someLess(b, a);
  return less ? (more ? 'concurrent' : 'before') : more ? 'after' : 'equal';
}

/** The least version that has seen what both have: the greater of each entry. */
export function mergeVectors(a: VersionVector, b: VersionVector): VersionVector {
  const merged = ownCopy(a);
  for (const id of Object.keys(b)) merged[id] = Math.max(entryOf(merged, id), entryOf(b, id));
  return merged;
}

/** The version after one more event of `id`; one id for each incarnation of a writer, or two events are one. */
export function incrementVector(vector: VersionVector, id: string): VersionVector {
  const next = ownCopy(vector);
  next[id] = entryOf(vector, id) + 1;
  return next;
}

function someLess(a: VersionVector, b: VersionVector): boolean {
  return Object.keys(b).some((id) => entryOf(a, id) < entryOf(b, id));
}

// Without a prototype: a writer may be called `constructor`, or `__proto__`.
function ownCopy(vector: VersionVector): Record<string, number> {
  const copy = Object.create(null) as Record<string, number>;
  for (const id of Object.keys(vector)) copy[id] = entryOf(vector, id);
  return copy;
}

function entryOf(vector: VersionVector, id: string): number {
  const count = Object.hasOwn(vector, id) ? vector[id] : 0;
  if (Number.isSafeInteger(count) && (count as number) >= 0) return count as number;
  throw new OptionError('version vector', id, count, 'a whole number of at least 0');
}
