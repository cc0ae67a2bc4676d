/**
 * The port for pickers: who of the candidates gets this call? A picker compares what costs and health say and
 * knows neither's formula.
 */
import type { Clock } from '../../core/clock.ts';
import type { Endpoint } from '../../core/endpoint.ts';
import type { Rank } from '../../core/health.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Random } from '../../core/random.ts';
import type { CallOptions } from '../../core/transport.ts';
import { hasTried, type Tried } from '../../core/tried.ts';

/** A description of a picker; each balancer makes one of its own. */
export interface Picker<E = unknown> {
  create(tools: PickerTools): PickerState<E>;
}

/** What a balancer lends to its picker. */
export interface PickerTools {
  readonly random: Random;
  readonly clock: Clock;
  /** Tells the balancer's observers; ask `on` before building an event. */
  readonly reporter: {
    readonly on: boolean;
    tell(type: string, facts: Readonly<Record<string, unknown>>): void;
  };
  /** Another number whenever the health of an endpoint has changed. */
  healthRevision(): number;
}

export interface PickerState<E = unknown> {
  /**
   * Of these, whom it would ever pick, if that is fewer and depends on nothing else; the others are not tracked, and so
   * not probed. Asked only of the outermost of a pipeline.
   */
  within?(candidates: readonly Candidate<E>[]): readonly Candidate[];
  /** These are the candidates from now on: at least one. Who stays is the same object. */
  update(candidates: readonly Candidate<E>[]): void;
  /** Picks for a call; prefers whom the call has not tried, then who is well, then who costs little. */
  pick(nowMs: number, call: PickedCall): Candidate;
  /** How a call went that this picker placed. */
  ended?(candidate: Candidate<E>, outcome: Outcome, latencyMs: number, nowMs: number): void;
  /** Ends what the picker does in the background. */
  dispose?(): void;
}

/** An endpoint as a picker sees it. */
export interface Candidate<E = unknown> {
  readonly endpoint: Endpoint<E>;
  readonly weight: number;
  readonly rank: Rank;
  /** Calls in flight. */
  readonly pending: number;
  /** When it joined, or was last found well again; `-Infinity` if it was so from the start. */
  readonly sinceMs: number;
  /** When it was last given a call; below 0 if never. */
  readonly pickedMs: number;
  /** What one more call costs. */
  cost(nowMs: number): number;
  /** Whether, as of the last `cost`, it is so much worse than others that it is worth to draw again. */
  readonly outlier: boolean;
}

/** The call to be placed, as a picker may know it: what its caller said, and whom it has been to. */
export interface PickedCall extends Tried {
  readonly options: CallOptions | undefined;
  /** There only while somebody wants the pick explained. */
  readonly trace?: PickTrace;
}

/** Takes down how a pick came about. */
export interface PickTrace {
  /** A candidate was looked at. */
  saw(candidate: Candidate, nowMs: number): void;
  /** A choice was made before candidates were compared, for instance of a zone. */
  note(step: string): void;
}

/** How often a picker draws again in the hope of somebody healthy; then the best of the last is used: panic. */
export const MAX_DRAWS = 5;

/** From here on a standing says that the call has been there already. */
export const TRIED = 4;

/** What is compared first: whom this call has tried already comes after everybody else. */
export function standing(candidate: Candidate, call: PickedCall): number {
  return hasTried(call, candidate) ? TRIED + candidate.rank : candidate.rank;
}

/** The better of two; `a` if they are equal. */
export function better(a: Candidate, b: Candidate, nowMs: number, call: PickedCall): Candidate {
  if (call.trace !== undefined) {
    call.trace.saw(a, nowMs);
    call.trace.saw(b, nowMs);
  }
  const first = standing(a, call);
  const second = standing(b, call);
  if (first !== second) return first < second ? a : b;
  return b.cost(nowMs) < a.cost(nowMs) ? b : a;
}

/** The best of all; of equals each is equally likely. */
export function bestOf(
  candidates: readonly Candidate[],
  nowMs: number,
  call: PickedCall,
  random: Random,
): Candidate {
  let best = candidates[0] as Candidate;
  let [lowest, least, equals] = [Infinity, Infinity, 1];
  for (const candidate of candidates) {
    if (call.trace !== undefined) call.trace.saw(candidate, nowMs);
    const stands = standing(candidate, call);
    if (stands > lowest) continue;
    const cost = candidate.cost(nowMs);
    if (stands === lowest) {
      if (cost > least) continue;
      // The n-th of equals replaces the one before it once in n times.
      if (cost === least && random() * ++equals >= 1) continue;
    }
    if (stands < lowest || cost < least) equals = 1;
    [best, lowest, least] = [candidate, stands, cost];
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
  call: PickedCall,
  random: Random,
): Candidate {
  return standing(drawn, call) < TRIED ? drawn : bestOf(candidates, nowMs, call, random);
}
