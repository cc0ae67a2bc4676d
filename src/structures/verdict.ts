/**
 * What repeated checks say of one endpoint, as data: so many failures in a row and it is dead, so many successes
 * and it lives again (HAProxy's fall and rise). The first success of all is believed at once, as in Envoy.
 */

export interface Verdict {
  readonly alive: boolean;
  /** Whether any check has succeeded since it was last dead. */
  readonly confirmed: boolean;
  /** Checks in a row that contradict `alive`. */
  readonly row: number;
}

/** Nothing is known, and the best is believed. */
export const UNCHECKED: Verdict = { alive: true, confirmed: false, row: 0 };

export function checked(
  verdict: Verdict,
  passed: boolean,
  healthyAfter: number,
  unhealthyAfter: number,
): Verdict {
  if (passed === verdict.alive) return { ...verdict, confirmed: passed, row: 0 };
  const row = verdict.row + 1;
  if (row < (passed ? healthyAfter : unhealthyAfter)) return { ...verdict, row };
  return { alive: passed, confirmed: passed, row: 0 };
}
