/**
 * Failback: a group that has recovered takes its load back late and slowly, because servers that come back are
 * cold, and because who flaps should not move everybody's traffic each time (Patroni, Envoy users' fail-over
 * oscillations). A limit on the group's health, in percent, that falls at once and rises so:
 *
 *   from ──afterMs──▶ from ──over rampMs, evenly──▶ its health
 */
export interface Failback {
  /** What the group counts for at most. */
  readonly limit: number;
  /** Since when it could do more; `Infinity` while it could not. */
  readonly sinceMs: number;
  /** What the limit was then. */
  readonly from: number;
}

export interface FailbackTimes {
  /** `Infinity`: not by itself. */
  readonly afterMs: number;
  readonly rampMs: number;
}

export const UNLIMITED: Failback = { limit: 100, sinceMs: Infinity, from: 100 };

export function follow(state: Failback, health: number, nowMs: number, times: FailbackTimes): Failback {
  if (health <= state.limit) return { limit: health, sinceMs: Infinity, from: health };
  if (state.sinceMs === Infinity) return { limit: state.limit, sinceMs: nowMs, from: state.limit };
  const rampedMs = nowMs - state.sinceMs - times.afterMs;
  if (!(rampedMs >= 0)) return state;
  const part = times.rampMs === 0 ? 1 : Math.min(1, rampedMs / times.rampMs);
  return { ...state, limit: Math.min(health, state.from + (health - state.from) * part) };
}
