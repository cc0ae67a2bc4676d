/** Retry budgets to share: between calls, between `retry` and `hedge`, between clients of one dependency. */
import type { Call } from '../../core/call.ts';
import { checkInterval, checkNumber, checkPort } from '../../core/options.ts';
import { type RetryBudget, WindowBudget } from '../../structures/retry-budget.ts';
import { ThrottlingBudget, TokenBudget } from '../../structures/token-budget.ts';

export type { RetryBudget } from '../../structures/retry-budget.ts';

export interface RetryBudgetOptions {
  /** Retries per call, over the window. @defaultValue 0.2 */
  readonly ratio?: number;
  /** Retries per second on top, for clients with few calls. @defaultValue 10 */
  readonly reservePerSecond?: number;
  /** Milliseconds over which calls and retries are counted. @defaultValue 10_000 */
  readonly windowMs?: number;
}

/**
 * Makes a retry budget to share: several `retry()` and `hedge()` policies given the same one spend from it together.
 *
 * A `retry()` without one has its own, with these defaults. A call counts once, though several of them see it.
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
  return new WindowBudget(
    checkNumber('retryBudget', 'ratio', options.ratio ?? 0.2, 0),
    checkNumber('retryBudget', 'reservePerSecond', options.reservePerSecond ?? 10, 0),
    checkInterval('retryBudget', 'windowMs', options.windowMs ?? 10_000),
  );
}

export interface TokenBudgetOptions {
  /** Tokens it begins with and holds at most. @defaultValue 500 */
  readonly maxTokens?: number;
  /** What a retry takes. @defaultValue 5 */
  readonly retryCost?: number;
  /** What a retry after a timeout takes. @defaultValue 10 */
  readonly timeoutCost?: number;
  /** What a first attempt that succeeds brings; one that was paid for brings back what it took. @defaultValue 1 */
  readonly refund?: number;
}

/**
 * A budget of tokens, as in the AWS SDKs' standard retry mode: retries take, successes bring back.
 *
 * It bounds the retries of a whole outage, where `retryBudget` bounds those of each ten seconds; after it nothing is
 * retried until calls succeed again. Not for clients with few calls, which it leaves without retries for long.
 *
 * @throws {@link OptionError} for a number that is not above 0, or a refund below 0
 * @example
 * ```ts
 * import { retry, tokenBudget } from 'evenkeel';
 * const policy = retry({ budget: tokenBudget({ maxTokens: 5 }), baseDelayMs: 1 });
 * let attempts = 0;
 * const down = () => policy.run(async () => { attempts++; throw new Error('down'); }).catch(() => {});
 * await down();
 * await down();
 * if (attempts !== 3) throw new Error(`one retry was paid for, not ${attempts - 2}`);
 * ```
 */
export function tokenBudget(options: TokenBudgetOptions = {}): RetryBudget {
  const above0 = (option: keyof TokenBudgetOptions, value: number): number =>
    checkNumber('tokenBudget', option, value, Number.MIN_VALUE, Number.MAX_VALUE);
  return new TokenBudget({
    maxTokens: above0('maxTokens', options.maxTokens ?? 500),
    retryCost: above0('retryCost', options.retryCost ?? 5),
    timeoutCost: above0('timeoutCost', options.timeoutCost ?? 10),
    refund: checkNumber('tokenBudget', 'refund', options.refund ?? 1, 0, Number.MAX_VALUE),
  });
}

export interface RetryThrottlingOptions {
  /** Tokens it begins with and holds at most; at half of them retries stop. @defaultValue 10 */
  readonly maxTokens?: number;
  /** The part of a token that a success brings. @defaultValue 0.1 */
  readonly tokenRatio?: number;
}

/**
 * A budget of tokens, as in gRPC's retry throttling (A6): each failed attempt takes one, retried or not, each success
 * brings a part of one, and while half of them or fewer are left nothing is retried or hedged.
 *
 * With a ratio of 0.1 retries stop where more than one call in eleven fails for long. One for each server, in gRPC.
 *
 * @throws {@link OptionError} for a number that is not above 0
 * @example
 * ```ts
 * import { retry, retryThrottling } from 'evenkeel';
 * const policy = retry({ budget: retryThrottling({ maxTokens: 4 }), maxAttempts: 5, baseDelayMs: 1 });
 * let attempts = 0;
 * await policy.run(async () => { attempts++; throw new Error('down'); }).catch(() => {});
 * if (attempts !== 2) throw new Error(`two failures leave half of the tokens, not ${attempts}`);
 * ```
 */
export function retryThrottling(options: RetryThrottlingOptions = {}): RetryBudget {
  const above0 = (option: keyof RetryThrottlingOptions, value: number): number =>
    checkNumber('retryThrottling', option, value, Number.MIN_VALUE, Number.MAX_VALUE);
  return new ThrottlingBudget(
    above0('maxTokens', options.maxTokens ?? 10),
    above0('tokenRatio', options.tokenRatio ?? 0.1),
  );
}

/** A budget of somebody's, a new one, or none at all. */
export function budgetOf(
  where: string,
  said: RetryBudget | 'unlimited' | undefined,
  otherwise: () => RetryBudget,
): RetryBudget | undefined {
  if (said === 'unlimited') return undefined;
  return said === undefined ? otherwise() : checkPort(where, 'budget', said, 'withdraw');
}

/**
 * Counts a call towards the budget: once, though several layers that share the budget see it. Answers whether this
 * layer is the first of them, which is the outermost.
 */
export function countCall(budget: RetryBudget, { root }: Call, now: () => number): boolean {
  if (root.budget === budget) return false;
  root.budget = budget;
  budget.deposit(now);
  return true;
}
