/**
 * Spent: what a call ended with when the budget for retries had run out.
 *
 * The error is left as it is, so the mark stands beside it. Another retry further out that sees it stops: layers that
 * each retry would multiply (three of three attempts are 27), most of all when there is nothing left to spend.
 *
 * Marks are numbered, because one and the same error may be thrown many times: an outer retry heeds only what was
 * marked after its own attempt began.
 */

const marks = new WeakMap<object, number>();
let latest = 0;

/** How many marks there have been; to be kept while an attempt runs. */
export function marksSoFar(): number {
  return latest;
}

export function markSpent(result: unknown): void {
  if (isObject(result)) marks.set(result, ++latest);
}

/** Whether the result was marked since there had been so many marks. */
export function spentSince(result: unknown, mark: number): boolean {
  return latest > mark && isObject(result) && (marks.get(result) ?? 0) > mark;
}

/**
 * Whether this error, or response, is what a call ended with because the retry budget was spent: the server is failing
 * for many, and trying again elsewhere in the program only adds to it.
 *
 * @example
 * ```ts
 * import { isBudgetSpent, retry, retryBudget } from 'evenkeel';
 * const budget = retryBudget({ ratio: 0, reservePerSecond: 0 });
 * const down = () => Promise.reject(new Error('down'));
 * const error = await retry({ budget }).run(down).catch((error: unknown) => error);
 * if (!isBudgetSpent(error)) throw new Error('it had nothing to spend');
 * ```
 */
export function isBudgetSpent(result: unknown): boolean {
  return spentSince(result, 0);
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}
