/**
 * Two retry budgets that count in tokens and know no time: what failures take out, only successes bring back.
 *
 * Both are a client's local guess of whether retries help. A window forgets by itself; tokens stay spent while nothing
 * succeeds, so a client that is refused everything stops retrying altogether.
 */
import type { RetryBudget } from './retry-budget.ts';

/** What both keep: a number of tokens from 0 to the most there may be. */
class Tokens {
  readonly max: number;
  held: number;

  constructor(max: number) {
    this.max = max;
    this.held = max;
  }

  add(tokens: number): void {
    this.held = Math.min(this.max, Math.max(0, this.held + tokens));
  }

  export(): { readonly tokens: number } {
    return { tokens: this.held };
  }

  hydrate({ tokens = this.max }: Readonly<Record<string, number>>): void {
    this.held = Math.min(this.max, Math.max(0, tokens));
  }
}

export interface TokenCosts {
  readonly maxTokens: number;
  readonly retryCost: number;
  readonly timeoutCost: number;
  readonly refund: number;
}

/**
 * As in the AWS SDKs (standard retry mode): a retry takes `retryCost`, one after a timeout `timeoutCost`; a success
 * gives back what that attempt had taken, or `refund` if it was a first one.
 */
export class TokenBudget extends Tokens implements RetryBudget {
  readonly #costs: TokenCosts;

  constructor(costs: TokenCosts) {
    super(costs.maxTokens);
    this.#costs = costs;
  }

  deposit(): void {}

  withdraw(_nowMs: number, timedOut: boolean): number {
    const cost = timedOut ? this.#costs.timeoutCost : this.#costs.retryCost;
    if (this.held < cost) return 0;
    this.add(-cost);
    return cost;
  }

  settled(succeeded: boolean, paid: number): void {
    if (succeeded) this.add(paid === 0 ? this.#costs.refund : paid);
  }

  balance(): number {
    return this.held / this.#costs.retryCost;
  }
}

/**
 * As in gRPC (A6, retry throttling): a failed attempt takes a token, one that succeeds brings `ratio` of one, and while
 * at most half of them are left nothing is retried.
 */
export class ThrottlingBudget extends Tokens implements RetryBudget {
  readonly #ratio: number;

  constructor(maxTokens: number, ratio: number) {
    super(maxTokens);
    this.#ratio = ratio;
  }

  deposit(): void {}

  withdraw(): number {
    return this.held > this.max / 2 ? 1 : 0;
  }

  settled(succeeded: boolean): void {
    this.add(succeeded ? this.#ratio : -1);
  }

  balance(): number {
    return Math.max(0, this.held - this.max / 2);
  }
}
