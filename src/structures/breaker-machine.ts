/**
 * The circuit breaker as data: three states and the transitions between them, with the time handed in.
 *
 * ```text
 *            trip                     openMs have passed
 *   closed ────────▶ open ─────────────────────────────────▶ half-open
 *     ▲               ▲                                        │    │
 *     │               └────────────── a probe fails ───────────┘    │
 *     └────────────────────────────── a probe succeeds ─────────────┘
 * ```
 *
 * Every transition begins a new epoch. What began in an earlier epoch is late news: it changes nothing.
 */

export type BreakerState =
  | { readonly kind: 'closed'; readonly epoch: number }
  | { readonly kind: 'open'; readonly epoch: number; readonly untilMs: number }
  | { readonly kind: 'half-open'; readonly epoch: number; readonly probeUntilMs: number };

export const CLOSED: BreakerState = { kind: 'closed', epoch: 0 };

/** The rule tripped, or a probe failed. */
export function opened(state: BreakerState, nowMs: number, openMs: number): BreakerState {
  return { kind: 'open', epoch: state.epoch + 1, untilMs: nowMs + openMs };
}

/**
 * A call asks to go through. Answers with the state in which it may, or `undefined` if it may not.
 *
 * One probe is out at a time. A probe that has not come back after `openMs` is given up and another is let
 * through, so that a hung one cannot keep the circuit half-open for ever.
 */
export function admitted(state: BreakerState, nowMs: number, openMs: number): BreakerState | undefined {
  if (state.kind === 'closed') return state;
  const dueMs = state.kind === 'open' ? state.untilMs : state.probeUntilMs;
  if (nowMs < dueMs) return undefined;
  return { kind: 'half-open', epoch: state.epoch + 1, probeUntilMs: nowMs + openMs };
}

/** The probe succeeded. */
export function closed(state: BreakerState): BreakerState {
  return { kind: 'closed', epoch: state.epoch + 1 };
}

/** The probe came to nothing (its caller left): the next call may probe at once. */
export function returned(state: BreakerState, nowMs: number): BreakerState {
  return { kind: 'open', epoch: state.epoch + 1, untilMs: nowMs };
}

/** The state as seen at `nowMs`: an open circuit whose time is over is half-open, without any timer. */
export function kindAt(state: BreakerState, nowMs: number): BreakerState['kind'] {
  return state.kind === 'open' && nowMs >= state.untilMs ? 'half-open' : state.kind;
}

/** Milliseconds until a call may go through; 0 if one may now. */
export function waitMs(state: BreakerState, nowMs: number): number {
  if (state.kind === 'closed') return 0;
  return Math.max(0, (state.kind === 'open' ? state.untilMs : state.probeUntilMs) - nowMs);
}
