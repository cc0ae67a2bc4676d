/**
 * The circuit breaker as data: three states and the transitions between them, with the time handed in.
 *
 * ```text
 *            trip                     the time is over
 *   closed ────────▶ open ─────────────────────────────────▶ half-open
 *     ▲               ▲                                        │    │
 *     │               └──── too many of the probes fail ───────┘    │
 *     └───────────────────── enough of them succeed ────────────────┘
 * ```
 *
 * Half-open, `probes` calls are let through, and `successes` of them decide. Every transition begins a new epoch. What
 * began in an earlier epoch is late news: it changes nothing.
 */

export type BreakerState =
  | { readonly kind: 'closed'; readonly epoch: number }
  | { readonly kind: 'open'; readonly epoch: number; readonly untilMs: number; readonly row: number }
  | {
      readonly kind: 'half-open';
      readonly epoch: number;
      /** Probes that are out by then are given up. */
      readonly untilMs: number;
      /** How often it has opened without closing. */
      readonly row: number;
      readonly sent: number;
      readonly succeeded: number;
      readonly failed: number;
    };

export interface BreakerTimes {
  /** Milliseconds it stays open the first time; twice as long each further time in a row. */
  readonly openMs: number;
  readonly maxOpenMs: number;
  /** How many calls are let through half-open, and how many of them must succeed. */
  readonly probes: number;
  readonly successes: number;
}

export const CLOSED: BreakerState = { kind: 'closed', epoch: 0 };

/**
 * The rule tripped, or too many probes failed. From the second time in a row on, half of the time is jittered (equal
 * jitter), so that many clients do not come back in the same moment.
 *
 * @param draw - a random number from 0 up to 1
 * @param hintMs - what the server asked for; it may lengthen the time up to `maxOpenMs`
 */
export function opened(
  state: BreakerState,
  nowMs: number,
  { openMs, maxOpenMs }: BreakerTimes,
  draw: number,
  hintMs: number,
): BreakerState {
  const row = (state.kind === 'closed' ? 0 : state.row) + 1;
  const fullMs = Math.min(maxOpenMs, openMs * 2 ** (row - 1));
  const ownMs = fullMs === openMs ? openMs : Math.max(openMs, fullMs * (0.5 + draw / 2));
  const untilMs = nowMs + Math.max(ownMs, Math.min(hintMs, maxOpenMs));
  return { kind: 'open', epoch: state.epoch + 1, untilMs, row };
}

/**
 * A call asks to go through. Answers with the state in which it may, or `undefined` if it may not.
 *
 * Probes that have not come back after `openMs` are given up and others are let through, so that one that hangs cannot
 * keep the circuit half-open for ever.
 */
export function admitted(state: BreakerState, nowMs: number, times: BreakerTimes): BreakerState | undefined {
  if (state.kind === 'closed') return state;
  const over = leftMs(state, nowMs, times) === 0;
  if (!over && state.kind === 'half-open' && state.sent < times.probes)
    return { ...state, sent: state.sent + 1 };
  if (!over) return undefined;
  const epoch = state.epoch + 1;
  const untilMs = nowMs + times.openMs;
  return { kind: 'half-open', epoch, untilMs, row: state.row, sent: 1, succeeded: 0, failed: 0 };
}

/**
 * A probe came back. Answers with the same state if others are still to decide; `'closed'` or `'open'` says that this
 * one has.
 */
export function probed(
  state: BreakerState & { readonly kind: 'half-open' },
  success: boolean,
  { probes, successes }: BreakerTimes,
): BreakerState | 'closed' | 'open' {
  const succeeded = state.succeeded + (success ? 1 : 0);
  const failed = state.failed + (success ? 0 : 1);
  if (succeeded >= successes) return 'closed';
  if (failed > probes - successes) return 'open';
  return { ...state, succeeded, failed };
}

/** Enough probes succeeded, or somebody closed it by hand. */
export function closed(state: BreakerState): BreakerState {
  return { kind: 'closed', epoch: state.epoch + 1 };
}

/** A probe came to nothing (its caller left): another call may probe in its place, at once. */
export function returned(state: BreakerState & { readonly kind: 'half-open' }): BreakerState {
  return { ...state, sent: state.sent - 1 };
}

/** The state as seen at `nowMs`: an open circuit whose time is over is half-open, without any timer. */
export function kindAt(state: BreakerState, nowMs: number, times: BreakerTimes): BreakerState['kind'] {
  return state.kind === 'open' && leftMs(state, nowMs, times) === 0 ? 'half-open' : state.kind;
}

/** Milliseconds until a call may go through; 0 if one may now. */
export function waitMs(state: BreakerState, nowMs: number, times: BreakerTimes): number {
  if (state.kind === 'closed' || (state.kind === 'half-open' && state.sent < times.probes)) return 0;
  return leftMs(state, nowMs, times);
}

/** More than it can ever be says that the clock stepped back: then it is over. */
function leftMs(
  { untilMs }: { readonly untilMs: number },
  nowMs: number,
  { maxOpenMs }: BreakerTimes,
): number {
  const left = untilMs - nowMs;
  return left > maxOpenMs + ROUNDING_MS ? 0 : Math.max(0, left);
}

/** Sums of large times are off by parts of a millisecond. */
const ROUNDING_MS = 1;

/** A circuit's state as another process can take it over: times are told from now on. */
export interface CircuitBreakerState {
  readonly state: BreakerState['kind'];
  /** Milliseconds until it lets a call through. */
  readonly remainingMs: number;
  /** How often it has opened without closing. */
  readonly row: number;
}

export function saved(state: BreakerState, nowMs: number, times: BreakerTimes): CircuitBreakerState {
  return {
    state: kindAt(state, nowMs, times),
    // JSON has no Infinity.
    remainingMs: Math.min(waitMs(state, nowMs, times), Number.MAX_VALUE),
    row: state.kind === 'closed' ? 0 : state.row,
  };
}

/** The state that was saved so long ago, within our own times. Its probes are not ours: half-open is open, and over. */
export function restored(
  state: BreakerState,
  { state: kind, remainingMs, row }: CircuitBreakerState,
  nowMs: number,
  agoMs: number,
  { maxOpenMs }: BreakerTimes,
): BreakerState {
  const epoch = state.epoch + 1;
  if (kind === 'closed') return { kind, epoch };
  const leftMs = kind === 'open' ? Math.min(maxOpenMs, Math.max(0, remainingMs - agoMs)) : 0;
  return { kind: 'open', epoch, untilMs: nowMs + leftMs, row };
}
