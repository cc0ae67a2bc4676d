/**
 * The port for pickers: who of the candidates gets this call? A picker compares what costs and health say and
 * knows neither's formula.
 */
import type { Call } from '../core/call.ts';
import type { Rank } from '../core/health.ts';
import type { Random } from '../core/random.ts';
import { hasTried } from '../core/tried.ts';

/** A description of a picker; each balancer makes one of its own. */
export interface Picker {
  create(random: Random): PickerState;
}

export interface PickerState {
  /** These are the candidates from now on: at least one. */
  update(candidates: readonly Candidate[]): void;
  /** Picks for a call; prefers whom the call has not tried, then who is well, then who costs little. */
  pick(nowMs: number, call: Call): Candidate;
}

/** An endpoint as a picker sees it. */
export interface Candidate {
  readonly weight: number;
  readonly rank: Rank;
  /** The cost of one more call, divided by the weight. */
  cost(nowMs: number): number;
}

/** How often a picker draws again in the hope of somebody healthy; then the best of the last is used: panic. */
export const MAX_DRAWS = 5;

/** From here on a standing says that the call has been there already. */
const TRIED = 4;

/** What is compared first: whom this call has tried already comes after everybody else. */
export function standing(candidate: Candidate, call: Call): number {
  return hasTried(call, candidate) ? TRIED + candidate.rank : candidate.rank;
}

/** The better of two; `a` if they are equal. */
export function better(a: Candidate, b: Candidate, nowMs: number, call: Call): Candidate {
  const first = standing(a, call);
  const second = standing(b, call);
  if (first !== second) return first < second ? a : b;
  return b.cost(nowMs) < a.cost(nowMs) ? b : a;
}

/** The best of all, from a random start: so equals are equally often first. */
export function bestOf(
  candidates: readonly Candidate[],
  nowMs: number,
  call: Call,
  random: Random,
): Candidate {
  const start = Math.floor(random() * candidates.length);
  let best = candidates[start] as Candidate;
  for (let step = 1; step < candidates.length; step++) {
    best = better(best, candidates[(start + step) % candidates.length] as Candidate, nowMs, call);
  }
  return best;
}

/**
 * Whom draws have found, unless all of them had been tried: among few endpoints chance may miss the only new one,
 * so then all are looked at. Among many that happens to nobody.
 */
export function unlessTried(
  drawn: Candidate,
  candidates: readonly Candidate[],
  nowMs: number,
  call: Call,
  random: Random,
): Candidate {
  return standing(drawn, call) < TRIED ? drawn : bestOf(candidates, nowMs, call, random);
}
