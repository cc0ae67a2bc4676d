/**
 * The alias method (Walker 1977, Vose 1991): draws an index by weight in constant time, from one random number.
 */
export class AliasTable {
  readonly #share: number[];
  readonly #alias: number[];

  /** @param weights - at least one, each above 0 */
  constructor(weights: readonly number[]) {
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const share = weights.map((weight) => (weight * weights.length) / total);
    const alias = weights.map((_, index) => index);
    const poor = share.flatMap((one, index) => (one < 1 ? [index] : []));
    const rich = share.flatMap((one, index) => (one < 1 ? [] : [index]));
    // Each poor column is filled up by a rich one, which may become poor by it.
    for (let low = poor.pop(); low !== undefined; low = poor.pop()) {
      const high = rich.at(-1);
      if (high === undefined) break;
      alias[low] = high;
      share[high] = (share[high] ?? 0) + (share[low] ?? 0) - 1;
      if ((share[high] ?? 0) < 1) poor.push(rich.pop() ?? high);
    }
    for (const index of [...poor, ...rich]) share[index] = 1;
    this.#share = share;
    this.#alias = alias;
  }

  draw(random: number): number {
    const at = random * this.#share.length;
    const column = Math.floor(at);
    return at - column < (this.#share[column] ?? 1) ? column : (this.#alias[column] ?? column);
  }
}
