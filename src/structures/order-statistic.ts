/**
 * The time at which the k-th of n answers is in, if each takes a time drawn from these samples.
 *
 *   F k:n (t) = P(at least k of n are ≤ t) = Σ i ≥ k of C(n, i) F(t)ⁱ (1 − F(t))ⁿ⁻ⁱ
 *
 * Exact for the samples as they are: nothing is drawn.
 */
import { atLeast } from './binomial.ts';

export class OrderStatistic {
  readonly #sorted: Float64Array;
  readonly #k: number;
  readonly #n: number;

  /** @param sorted - ascending, at least one */
  constructor(sorted: Float64Array, k: number, n: number) {
    this.#sorted = sorted;
    this.#k = k;
    this.#n = n;
  }

  get mean(): number {
    let [sum, before] = [0, 0];
    for (const [at, sample] of this.#sorted.entries()) {
      const until = this.#upTo(at + 1);
      sum += sample * (until - before);
      before = until;
    }
    return sum;
  }

  /** The least sample that a share of `q` does not exceed. */
  quantile(q: number): number {
    let [low, high] = [0, this.#sorted.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#upTo(middle + 1) >= q) high = middle;
      else low = middle + 1;
    }
    return this.#sorted[low] as number;
  }

  #upTo(count: number): number {
    return atLeast(this.#k, this.#n, count / this.#sorted.length);
  }
}
