/**
 * Of n that each are there with probability p, independently: the probability that at least k are.
 *
 *   A(n, k) = Σ i = k…n of C(n, i) pⁱ (1 − p)ⁿ⁻ⁱ
 *
 * Summed from the smaller side, so that nine nines are nine nines.
 */
export function atLeast(k: number, n: number, p: number): number {
  if (k <= 0) return 1;
  if (k > n) return 0;
  if (p <= 0) return 0;
  if (p >= 1) return 1;
  let [below, above] = [0, 0];
  let term = (1 - p) ** n;
  for (let i = 0; i <= n; i++) {
    if (i < k) below += term;
    else above += term;
    term *= ((n - i) / (i + 1)) * (p / (1 - p));
  }
  return below < above ? 1 - below : above;
}

/** How many ways there are to choose k of n; 0 where there is none. */
export function choose(n: number, k: number): number {
  if (k < 0 || k > n) return 0;
  let ways = 1;
  for (let i = 0; i < Math.min(k, n - k); i++) ways = (ways * (n - i)) / (i + 1);
  return Math.round(ways);
}
