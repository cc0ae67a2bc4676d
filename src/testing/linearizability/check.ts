import { checkCount, checkPort } from '../../core/options.ts';
import { canonicalText } from '../../structures/canonical-text.ts';
import type { Operation } from './history.ts';
import type { Model } from './model.ts';
import { search, type Verdict } from './search.ts';

export interface CheckOptions {
  /** Steps after which the search of a partition is given up. @defaultValue 1_000_000 */
  readonly maxSteps?: number;
}

/** What {@link checkLinearizability} found. */
export interface LinearizabilityResult<O> {
  /** `'unknown'` if a search was given up and no other partition is wrong. */
  readonly verdict: Verdict;
  /**
   * Of a violation: the shortest beginning of its partition that is one, by start; the last to return in it is the
   * operation that has no explanation. Those that had not returned by then have an `endedAt` of `Infinity`.
   */
  readonly counterexample: readonly O[];
}

/**
 * Whether a history is linearizable (Herlihy and Wing, 1990): as if every operation had happened at one moment
 * between its call and its return. Each partition of the model is searched by itself, which is as good as the
 * whole and far quicker.
 *
 * Not for thousands of operations that overlap: many short histories find more than one long one does.
 *
 * @throws `OptionError` for a model without `allows` and `next`, or a bound below 1
 * @example
 * ```ts
 * import { checkLinearizability, registerModel } from 'evenkeel/testing';
 * const { verdict, counterexample } = checkLinearizability(
 *   [
 *     { type: 'write', key: 'k', value: 1, startedAt: 1, endedAt: 6 },
 *     { type: 'read', key: 'k', value: 1, startedAt: 2, endedAt: 3 },
 *     { type: 'read', key: 'k', value: undefined, startedAt: 4, endedAt: 5 }, // new, and then old
 *   ],
 *   registerModel,
 * );
 * if (verdict !== 'violation' || counterexample.length !== 3) throw new Error(verdict);
 * ```
 */
export function checkLinearizability<S, O extends Operation>(
  operations: readonly NoInfer<O>[],
  model: Model<S, O>,
  options: CheckOptions = {},
): LinearizabilityResult<O> {
  checkPort('checkLinearizability', 'model', model, 'allows');
  checkPort('checkLinearizability', 'model', model, 'next');
  const maxSteps = checkCount('checkLinearizability', 'maxSteps', options.maxSteps ?? 1_000_000);
  const textOf = (state: S): string => model.textOf?.(state) ?? canonicalText(state) ?? String(state);
  let verdict: Verdict = 'linearizable';
  for (const part of partitions(operations, model)) {
    const found = search(part, model, textOf, maxSteps);
    if (found === 'violation') {
      return { verdict: 'violation', counterexample: shortest(part, model, textOf, maxSteps) };
    }
    if (found === 'unknown') verdict = 'unknown';
  }
  return { verdict, counterexample: [] };
}

function partitions<S, O extends Operation>(operations: readonly O[], model: Model<S, O>): O[][] {
  const parts = new Map<unknown, O[]>();
  for (const operation of operations) {
    const name = model.partitionOf?.(operation);
    const part = parts.get(name);
    if (part === undefined) parts.set(name, [operation]);
    else part.push(operation);
  }
  return [...parts.values()];
}

/** A beginning of a linearizable history is linearizable too, so halving finds the shortest that is not. */
function shortest<S, O extends Operation>(
  operations: readonly O[],
  model: Model<S, O>,
  textOf: (state: S) => string,
  maxSteps: number,
): readonly O[] {
  const ends = operations.map(({ endedAt }) => endedAt).filter((at) => at !== Infinity);
  ends.sort((a, b) => a - b);
  let [low, high] = [0, ends.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    const part = beginning(operations, ends[middle] ?? Infinity);
    if (search(part, model, textOf, maxSteps) === 'violation') high = middle;
    else low = middle + 1;
  }
  return beginning(operations, ends[low] ?? Infinity).sort((a, b) => a.startedAt - b.startedAt);
}

/** What had been called by then; who had not returned might never have. */
function beginning<O extends Operation>(operations: readonly O[], until: number): O[] {
  return operations
    .filter(({ startedAt }) => startedAt <= until)
    .map((operation) => (operation.endedAt <= until ? operation : { ...operation, endedAt: Infinity }));
}
