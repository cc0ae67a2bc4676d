import { OptionError } from '../../core/errors.ts';
import type { RegisterOperation } from './history.ts';
import { registerModel } from './model.ts';

export interface TagOrderOptions {
  /** Compares two tags: above 0 if `a` is the later one. @defaultValue as texts */
  readonly compare?: (a: string, b: string) => number;
}

/** A pair, or one, of operations that the tags forbid, and why. */
export interface TagViolation {
  readonly why:
    | 'two writes with one tag'
    | 'a read of what nobody wrote'
    | 'a read of another value than was written'
    | 'a read of what was written later'
    | 'a write that is not later than what was done before it'
    | 'a read that is older than what was done before it';
  readonly operations: readonly RegisterOperation[];
}

/**
 * The quick oracle: whether the versions by which a register orders its writes explain a history. In n log n
 * steps, so for thousands of operations; and independent of the search of {@link checkLinearizability}.
 *
 * By lemma 13.16 of Lynch, Distributed Algorithms (1996), it is enough that every write has a tag of its own, that
 * each read answers a value and tag that were written by a write that began before the read ended, and that of two
 * operations one after the other the later one never has the smaller tag, and a write always the greater. It is
 * stricter than linearizability: a history may be right although its tags are not.
 *
 * @returns what is wrong, by key and by start; an empty list if nothing is
 * @throws `OptionError` for an ended write without a tag
 * @example
 * ```ts
 * import { checkTagOrder } from 'evenkeel/testing';
 * const wrong = checkTagOrder([
 *   { type: 'write', key: 'k', value: 'a', tag: '1', startedAt: 1, endedAt: 2 },
 *   { type: 'read', key: 'k', value: undefined, startedAt: 3, endedAt: 4 },
 * ]);
 * if (wrong[0]?.why !== 'a read that is older than what was done before it') throw new Error('not seen');
 * ```
 */
export function checkTagOrder(
  operations: readonly RegisterOperation[],
  options: TagOrderOptions = {},
): readonly TagViolation[] {
  const compare = options.compare ?? byText;
  const keys = new Map<string, RegisterOperation[]>();
  for (const operation of operations) {
    const list = keys.get(operation.key);
    if (list === undefined) keys.set(operation.key, [operation]);
    else list.push(operation);
  }
  return [...keys.values()].flatMap((list) => [...valuesOf(list), ...orderOf(list, compare)]);
}

/** Every value read was written under its tag, by a write that had begun. */
function valuesOf(operations: readonly RegisterOperation[]): TagViolation[] {
  const violations: TagViolation[] = [];
  const writes = new Map<string, RegisterOperation>();
  for (const operation of operations) {
    if (operation.type !== 'write' || operation.tag === undefined) continue;
    const twin = writes.get(operation.tag);
    if (twin !== undefined)
      violations.push({ why: 'two writes with one tag', operations: [twin, operation] });
    writes.set(operation.tag, operation);
  }
  for (const read of operations) {
    if (read.type !== 'read' || read.tag === undefined) continue;
    const write = writes.get(read.tag);
    if (write === undefined) violations.push({ why: 'a read of what nobody wrote', operations: [read] });
    else if (!registerModel.allows(write.value, read)) {
      violations.push({ why: 'a read of another value than was written', operations: [write, read] });
    } else if (write.startedAt > read.endedAt) {
      violations.push({ why: 'a read of what was written later', operations: [write, read] });
    }
  }
  return violations;
}

/** No operation is older than the newest of those that ended before it began. */
function orderOf(
  operations: readonly RegisterOperation[],
  compare: (a: string, b: string) => number,
): TagViolation[] {
  const violations: TagViolation[] = [];
  const ended = operations
    .filter(({ endedAt }) => endedAt !== Infinity)
    .sort((a, b) => a.endedAt - b.endedAt);
  let newest: RegisterOperation | undefined;
  let at = 0;
  for (const operation of [...operations].sort((a, b) => a.startedAt - b.startedAt)) {
    for (; (ended[at]?.endedAt ?? Infinity) < operation.startedAt; at++) {
      const before = ended[at] as RegisterOperation;
      if (newest === undefined || orderOfTags(before, newest, compare) > 0) newest = before;
    }
    const { type, tag, endedAt } = operation;
    if (type === 'write' && tag === undefined) {
      // It never got as far as a tag: then nobody can have seen it.
      if (endedAt === Infinity) continue;
      throw new OptionError('checkTagOrder', 'tag', tag, 'given for every write that has ended');
    }
    if (newest === undefined) continue;
    const order = orderOfTags(operation, newest, compare);
    if (type === 'write' && order <= 0 && newest.tag !== undefined) {
      const why = 'a write that is not later than what was done before it';
      violations.push({ why, operations: [newest, operation] });
    } else if (type === 'read' && order < 0) {
      violations.push({
        why: 'a read that is older than what was done before it',
        operations: [newest, operation],
      });
    }
  }
  return violations;
}

/** An empty register is older than any tag. */
function orderOfTags(
  a: RegisterOperation,
  b: RegisterOperation,
  compare: (a: string, b: string) => number,
): number {
  if (a.tag === undefined || b.tag === undefined)
    return Number(a.tag !== undefined) - Number(b.tag !== undefined);
  return compare(a.tag, b.tag);
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
