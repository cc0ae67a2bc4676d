/**
 * Outlier ejection of one endpoint as data, after Envoy, gRPC (A50) and Finagle's FailureAccrual: out for a time
 * that grows with every ejection in a row, then one trial call decides.
 *
 * ```text
 *   in ──eject──▶ out ──time is up, one caller asks──▶ trial ──success──▶ in
 *                  ▲                                     │
 *                  └──────── failure; or no answer ──────┘
 * ```
 *
 * Every transition takes a new ticket. What began under an older one is late news and changes nothing.
 */

export type Ejection =
  | { readonly kind: 'in'; readonly ticket: number; readonly row: number; readonly sinceMs: number }
  | { readonly kind: 'out'; readonly ticket: number; readonly row: number; readonly untilMs: number }
  | { readonly kind: 'trial'; readonly ticket: number; readonly row: number; readonly untilMs: number };

export const IN: Ejection = { kind: 'in', ticket: 1, row: 0, sinceMs: 0 };

export interface EjectionTimes {
  /** Milliseconds of the first ejection in a row; each further one is twice as long. */
  readonly baseMs: number;
  readonly maxMs: number;
}

/**
 * Out it goes. The time is `base · 2^(row − 1)`, at most `max`, of which half is jittered (Finagle's equal
 * jitter), so that many clients do not try it again in the same moment.
 *
 * @param draw - a random number from 0 up to 1
 */
export function eject(state: Ejection, nowMs: number, times: EjectionTimes, draw: number): Ejection {
  const row = rowAt(state, nowMs, times) + 1;
  const fullMs = Math.min(times.maxMs, times.baseMs * 2 ** (row - 1));
  return { kind: 'out', ticket: state.ticket + 1, row, untilMs: nowMs + fullMs * (0.5 + draw / 2) };
}

/**
 * Somebody asks for the trial. Answers with the state in which it may be made, or `undefined`. A trial that
 * brings no answer within `base` is given up, and the next may be made.
 */
export function tryAgain(state: Ejection, nowMs: number, times: EjectionTimes): Ejection | undefined {
  if (state.kind === 'in' || nowMs < state.untilMs) return undefined;
  return { kind: 'trial', ticket: state.ticket + 1, row: state.row, untilMs: nowMs + times.baseMs };
}

/** The trial went well. The row is kept for a while: who fails again soon is out for longer. */
export function readmit(state: Ejection, nowMs: number): Ejection {
  return { kind: 'in', ticket: state.ticket + 1, row: state.row, sinceMs: nowMs };
}

/** The trial came to nothing, because its caller left: the next may be made at once. */
export function handBack(state: Ejection, nowMs: number): Ejection {
  return { kind: 'out', ticket: state.ticket + 1, row: state.row, untilMs: nowMs };
}

/** The trial came to nothing, through no fault of the endpoint: the next after `base`, half of it jittered. */
export function postpone(state: Ejection, nowMs: number, times: EjectionTimes, draw: number): Ejection {
  const untilMs = nowMs + times.baseMs * (0.5 + draw / 2);
  return { kind: 'out', ticket: state.ticket + 1, row: state.row, untilMs };
}

/** The ejection was a mistake: in again, as if it had never been. */
export function pardon(state: Ejection, nowMs: number): Ejection {
  return { kind: 'in', ticket: state.ticket + 1, row: Math.max(0, state.row - 1), sinceMs: nowMs };
}

/** Ejections in a row; one is forgotten for every `base` that it has been in. */
function rowAt(state: Ejection, nowMs: number, times: EjectionTimes): number {
  if (state.kind !== 'in') return state.row;
  return Math.max(0, state.row - Math.floor((nowMs - state.sinceMs) / times.baseMs));
}
