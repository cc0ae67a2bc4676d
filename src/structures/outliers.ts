/**
 * Outliers: who fails more than the others? Two rules, either of which is enough, and a floor under both.
 *
 *   spread   rate < mean − 1.9 σ, among at least 5         (Envoy's success_rate, gRPC A50)
 *   rest     rate < rate of all the others together − points
 *   floor    rate < floor, whatever the others do
 *
 * The spread alone is blind and hasty. One outlier among n equals lies √(n−1) σ below the mean, so it is never
 * found among fewer than 5, and always among more, however small the gap: 99.9 % next to 100 % is out, but for
 * the floor. And k of n that are equally bad are found only if (n−k)/k > 3.61. The rest finds those, in any pool.
 */
export interface Tally {
  readonly calls: number;
  readonly bad: number;
}

export interface OutlierRules {
  /** Whoever has had fewer calls is not judged; nor are the others a measure if they have had fewer together. */
  readonly minimumCalls: number;
  /** Of how many judged endpoints the spread tells something. */
  readonly minimumEndpoints: number;
  /** How many standard deviations below the mean are too many. */
  readonly deviations: number;
  /** How much worse than the rest is too much, from 0 to 1. */
  readonly points: number;
  /** At this rate of success, or above, nobody is an outlier. */
  readonly floor: number;
}

export interface Outlier {
  /** Its place in the list. */
  readonly index: number;
  /** Its rate of success. */
  readonly rate: number;
  /** The rate below which it is out. */
  readonly below: number;
}

/** Mean less so many population standard deviations. */
export function spreadThreshold(rates: readonly number[], deviations: number): number {
  const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  const variance = rates.reduce((sum, rate) => sum + (rate - mean) ** 2, 0) / rates.length;
  return mean - deviations * Math.sqrt(variance);
}

/** The outliers among them, the worst first. */
export function outliers(tallies: readonly Tally[], rules: OutlierRules): readonly Outlier[] {
  const judged = tallies.flatMap(({ calls, bad }, index) =>
    calls >= rules.minimumCalls ? [{ index, rate: 1 - bad / calls }] : [],
  );
  const spread =
    judged.length < rules.minimumEndpoints
      ? -Infinity
      : spreadThreshold(
          judged.map(({ rate }) => rate),
          rules.deviations,
        );
  const all = sum(tallies);
  return judged
    .map(({ index, rate }) => {
      const rest = restThreshold(all, tallies[index] as Tally, rules);
      return { index, rate, below: Math.min(rules.floor, Math.max(spread, rest)) };
    })
    .filter(({ rate, below }) => rate < below)
    .sort((a, b) => a.rate - b.rate);
}

function restThreshold(all: Tally, own: Tally, { minimumCalls, points }: OutlierRules): number {
  const calls = all.calls - own.calls;
  return calls < Math.max(1, minimumCalls) ? -Infinity : 1 - (all.bad - own.bad) / calls - points;
}

function sum(tallies: readonly Tally[]): Tally {
  return tallies.reduce((all, { calls, bad }) => ({ calls: all.calls + calls, bad: all.bad + bad }), {
    calls: 0,
    bad: 0,
  });
}
