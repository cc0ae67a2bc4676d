/**
 * Who leads a partition, as one client knows it; data, with pure transitions.
 *
 *   known ──says it does not lead, no hint──▶ moving ──a claim──▶ known
 *   known ──fails so often in a row─────────▶ unknown ──a claim──▶ known
 *   any   ──a claim of a higher epoch───────▶ known
 *
 * Epochs fence: a claim of a lower epoch than the highest known changes nothing, whoever makes it; nor does a second
 * leader of the same epoch while the first serves, for an epoch has one leader. Claims without an epoch (Redis' MOVED)
 * are fenced by when the claimant was asked: one asked before the last change is old news.
 */
export type LeaderState = 'known' | 'unknown' | 'moving';

export interface Leadership<N> {
  readonly state: LeaderState;
  /** Who leads; while that is not known, who did last. */
  readonly leader: N | undefined;
  /** The highest epoch heard of; -1 for none. It never falls. */
  readonly epoch: number;
  /** The leader's failures since it last served. */
  readonly failures: number;
}

/** Somebody's word on who leads. */
export interface Claim<N> {
  /** `undefined`: nobody does. */
  readonly leader: N | undefined;
  readonly epoch: number | undefined;
}

export const NOBODY: Leadership<never> = { state: 'unknown', leader: undefined, epoch: -1, failures: 0 };

/** @param fresh - whether the claimant was asked after the last change */
export function claimed<N>(state: Leadership<N>, claim: Claim<N>, fresh: boolean): Leadership<N> {
  const { leader, epoch = state.epoch } = claim;
  if (epoch < state.epoch) return state;
  if (epoch === state.epoch && !fresh) return state;
  if (leader === undefined) return epoch > state.epoch ? { ...state, state: 'moving', epoch } : state;
  if (epoch === state.epoch && state.state === 'known') {
    if (leader === state.leader || claim.epoch !== undefined) return state;
  }
  return { state: 'known', leader, epoch, failures: 0 };
}

/** The leader has said that it does not lead, and not who does. */
export function denied<N>(state: Leadership<N>, node: N): Leadership<N> {
  return leads(state, node) ? { ...state, state: 'moving' } : state;
}

/** The leader has failed a call. One failure does not unseat it; `suspectAfter` in a row do. */
export function failed<N>(state: Leadership<N>, node: N, suspectAfter: number): Leadership<N> {
  if (!leads(state, node)) return state;
  const failures = state.failures + 1;
  return { ...state, failures, state: failures >= suspectAfter ? 'unknown' : 'known' };
}

/** The leader has served a call. */
export function served<N>(state: Leadership<N>, node: N): Leadership<N> {
  return leads(state, node) && state.failures > 0 ? { ...state, failures: 0 } : state;
}

function leads<N>(state: Leadership<N>, node: N): boolean {
  return state.state === 'known' && state.leader === node;
}
