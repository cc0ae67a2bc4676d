/**
 * Slow start: how much of its share an endpoint gets `ageMs` after it joined, growing to the whole (Envoy, slow
 * start mode).
 *
 *   factor = max(minShare, (max(age, 1 s) / window) ^ (1 / aggression)), and 1 after the window
 */
export interface SlowStartCurve {
  readonly windowMs: number;
  /** 1 grows evenly; above 1 quickly at first. */
  readonly aggression: number;
  /** From 0 to 1. */
  readonly minShare: number;
}

export function slowStartShare(ageMs: number, { windowMs, aggression, minShare }: SlowStartCurve): number {
  if (ageMs >= windowMs) return 1;
  return Math.max(minShare, (Math.max(ageMs, 1000) / windowMs) ** (1 / aggression));
}
