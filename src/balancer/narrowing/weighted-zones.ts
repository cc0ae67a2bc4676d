/** Weighted zones: a fixed part of the calls for each zone, as far as it is well. */
import { OptionError } from '../../core/errors.ts';
import type { Outcome } from '../../core/outcome.ts';
import { checkNumber } from '../../core/options.ts';
import { type GroupHealth, healthOf, weightedShares } from '../../structures/group-shares.ts';
import type { Candidate, PickedCall, Picker, PickerState, PickerTools } from '../pickers/picker.ts';
import { drawShare, evenBy, type Group, Groups, zoneOf } from './groups.ts';
import type { Narrowing } from './narrowing.ts';

export interface WeightedZonesOptions {
  /** Each zone's part of the calls, in proportion to the others'; 0 or more, not all 0. */
  readonly weights: Readonly<Record<string, number>>;
  /** A zone counts as whole while this times its healthy part is 1; at least 1. @defaultValue 1.4 */
  readonly overprovisioning?: number;
}

/**
 * Shares calls among zones by fixed weights, and moves them away from zones as far as too many of their endpoints
 * are unhealthy (Envoy's locality weighted load balancing).
 *
 * For callers that are near to no zone in particular. A zone that is not among the weights gets no calls while
 * any other can serve.
 *
 * @throws {@link OptionError} for weights below 0, or that add up to nothing
 * @example
 * ```ts
 * import { balance, endpoint, weightedZones } from 'evenkeel';
 * const call = balance({
 *   endpoints: [endpoint('a', { zone: 'eu-1' }), endpoint('b', { zone: 'us-1' })],
 *   send: async (host) => host,
 *   narrow: [weightedZones({ weights: { 'eu-1': 1, 'us-1': 0 } })],
 * });
 * if ((await call()) !== 'a') throw new Error('a zone without weight was called');
 * ```
 */
export function weightedZones(options: WeightedZonesOptions): Narrowing {
  const where = 'weightedZones';
  const overprovisioning = checkNumber(where, 'overprovisioning', options.overprovisioning ?? 1.4, 1);
  const weights = new Map(Object.entries(options.weights ?? {}));
  for (const weight of weights.values()) checkNumber(where, 'weights', weight, 0);
  if (![...weights.values()].some((weight) => weight > 0))
    throw new OptionError(where, 'weights', options.weights, 'weights of zones, at least one above 0');
  const sharesOf: SharesOf = (keys, healths) =>
    weightedShares(
      keys.map((zone) => weights.get(zone) ?? 0),
      healths.map((health) => healthOf(health, overprovisioning)),
    );
  return (inner) => ({ create: (tools) => new ByShares(sharesOf, inner, tools) });
}

type SharesOf = (keys: readonly string[], healths: readonly GroupHealth[]) => number[];

/** Draws a zone by shares that follow its health. */
class ByShares<E> implements PickerState<E> {
  readonly #sharesOf: SharesOf;
  readonly #tools: PickerTools;
  readonly #groups: Groups<E, string>;
  #shares: readonly number[] = [];
  #revision = -1;

  constructor(sharesOf: SharesOf, inner: Picker<E>, tools: PickerTools) {
    this.#sharesOf = sharesOf;
    this.#tools = tools;
    this.#groups = new Groups(inner, tools, zoneOf);
  }

  update(candidates: readonly Candidate<E>[]): void {
    this.#groups.update(candidates);
    this.#revision = -1;
  }

  pick(nowMs: number, call: PickedCall): Candidate {
    const revision = this.#tools.healthRevision();
    if (this.#revision !== revision) {
      this.#revision = revision;
      const { all } = this.#groups;
      const healths = this.#groups.healths();
      const shares = this.#sharesOf(
        all.map(({ key }) => key),
        healths,
      );
      this.#shares = shares.some((share) => share > 0) ? shares : evenBy(healths);
    }
    const group = this.#groups.all[drawShare(this.#shares, 1, this.#tools.random())] as Group<E, string>;
    call.trace?.note(`zone ${group.key}`);
    return this.#groups.pick(group, nowMs, call);
  }

  ended(candidate: Candidate<E>, outcome: Outcome, latencyMs: number, nowMs: number): void {
    this.#groups.ended(candidate, outcome, latencyMs, nowMs);
  }

  dispose(): void {
    this.#groups.dispose();
  }
}
