/**
 * What calls took until now: a mean that forgets slowly, and that is hardly moved by calls beyond its measure.
 *
 *   fade   = 1 − exp(−Δt / τ)
 *   weight = max(fade, 1 / n)     of the first calls, and later of those that took up to clip · mean
 *            fade                 later of those that took longer
 *   mean  += weight · (min(x, clip · mean) − mean)
 *
 * So it is the plain mean at first, and then forgets over τ. Calls that take much longer move it slowly even while
 * it is young, or the first to come in numbers would be the new normal before they could be noticed; and one that
 * hung for ten seconds does not make all that follow look quick. Who has become slower for good is the new normal
 * after some τ.
 */
export interface Baseline {
  readonly ms: number;
  readonly atMs: number;
  readonly calls: number;
}

export interface BaselineRules {
  /** τ: in this time it forgets. */
  readonly fadeMs: number;
  /** Beyond so many times the mean a call is beyond measure. */
  readonly clip: number;
  /** So many calls make the first mean, whatever they took. */
  readonly first: number;
}

export const NO_BASELINE: Baseline = { ms: 0, atMs: -Infinity, calls: 0 };

export function learnt(
  { ms, atMs, calls }: Baseline,
  tookMs: number,
  nowMs: number,
  { fadeMs, clip, first }: BaselineRules,
): Baseline {
  const fade = 1 - Math.exp(Math.min(0, atMs - nowMs) / fadeMs);
  const young = calls < first || tookMs <= clip * ms;
  const weight = young ? Math.max(fade, 1 / (calls + 1)) : fade;
  return {
    // Nothing is a multiple of a mean of zero: there the call is taken as it is.
    ms: ms + weight * ((ms > 0 ? Math.min(tookMs, clip * ms) : tookMs) - ms),
    atMs: Math.max(atMs, nowMs),
    calls: calls + 1,
  };
}
