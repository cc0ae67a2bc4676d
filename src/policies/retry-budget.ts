import type { Call } from '../core/call.ts';
import { checkInterval, checkNumber } from '../core/options.ts';
import { RetryBudget } from '../structures/retry-budget.ts';

export type { RetryBudget } from '../structures/retry-budget.ts';

export interface RetryBudgetOptions {
  /** Retries per call, over the window. @defaultValue 0.2 */
  readonly ratio?: number;
  /** Retries per second on top, for clients with few calls. @defaultValue 10 */
  readonly reservePerSecond?: number;
  /** Milliseconds over which calls and retries are counted. @defaultValue 10_000 */
  readonly windowMs?: number;
}

/**
 * Makes a retry budget to share: several `retry()` policies given the same one spend from it together.
 *
 * A `retry()` without one has its own, with these defaults.
 *
 * @throws {@link OptionError} for a ratio or reserve below 0, or a window that is not above 0
 * @example
 * ```ts
 * import { retry, retryBudget } from 'evenkeel';
 * const budget = retryBudget({ ratio: 0.1 });
 * const [reads, writes] = [retry({ budget }), retry({ budget })];
 * if (reads.snapshot().budget !== writes.snapshot().budget) throw new Error('not shared');
 * ```
 */
export function retryBudget(options: RetryBudgetOptions = {}): RetryBudget {
  return new RetryBudget(
    checkNumber('retryBudget', 'ratio', options.ratio ?? 0.2, 0),
    checkNumber('retryBudget', 'reservePerSecond', options.reservePerSecond ?? 10, 0),
    checkInterval('retryBudget', 'windowMs', options.windowMs ?? 10_000),
  );
}

/** Counts a call towards the budget: once, though several layers that share the budget see it. */
export function countCall(budget: RetryBudget, { root }: Call, now: () => number): void {
  if (root.budget === budget) return;
  root.budget = budget;
  budget.deposit(now);
}
