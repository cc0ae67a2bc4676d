/**
 * Zones: calls stay where their caller stands, as long as there is room. Two reasons move some of them: too
 * little capacity in the zone for its callers (Envoy's zone aware routing; structures/group-shares.ts), and
 * latencies that show a queue (structures/spill.ts).
 */
import { OptionError } from '../../core/errors.ts';
import type { Outcome } from '../../core/outcome.ts';
import { checkNumber } from '../../core/options.ts';
import { type GroupHealth, healthOf, zoneShares } from '../../structures/group-shares.ts';
import { measuredHere, measuredThere, NO_SPILL, type Spill } from '../../structures/spill.ts';
import type { Candidate, PickedCall, Picker, PickerState, PickerTools } from '../pickers/picker.ts';
import { drawShare, evenBy, type Group, Groups, zoneOf } from './groups.ts';
import type { Narrowing } from './narrowing.ts';

export interface ZonesOptions {
  /** The zone of this process; endpoints say theirs by `zone`. */
  readonly local: string;
  /**
   * How many callers each zone has, or any measure of what they send; asked again whenever an endpoint's health
   * or the list changes. @defaultValue in proportion to the endpoints of each zone, well or not
   */
  readonly callers?: () => Readonly<Record<string, number>>;
  /** The zone counts as whole while this times its healthy part is 1; at least 1. @defaultValue 1.4 */
  readonly overprovisioning?: number;
  /** Whether calls also leave when latencies show that the zone is overloaded. @defaultValue `'measured'` */
  readonly spill?: 'measured' | 'never';
}

/**
 * Keeps calls in their own zone, and sends elsewhere only what it cannot take: by the number of its endpoints that
 * are well, and by the latencies measured. In an overloaded zone as many calls leave as makes waiting here cost
 * about a quarter of the way there, and at least twice what calls took when it was idle.
 *
 * While fewer than half of all endpoints are well zones do not count. A `local` zone that no endpoint is in is an
 * event, `unknown-zone`, and no zone counts then either. Not for failing over to a standby: see `priorities`.
 *
 * @throws {@link OptionError} for an option out of its range
 * @example
 * ```ts
 * import { balance, endpoint, zones } from 'evenkeel';
 * const call = balance({
 *   endpoints: [endpoint('near', { zone: 'eu-1' }), endpoint('far', { zone: 'us-1' })],
 *   send: async (host) => host,
 *   narrow: [zones({ local: 'eu-1' })],
 * });
 * if ((await call()) !== 'near') throw new Error('left its zone');
 * ```
 */
export function zones(options: ZonesOptions): Narrowing {
  if (typeof options?.local !== 'string' || options.local === '')
    throw new OptionError('zones', 'local', options?.local, 'the name of a zone');
  const overprovisioning = checkNumber('zones', 'overprovisioning', options.overprovisioning ?? 1.4, 1);
  const spill = options.spill ?? 'measured';
  if (spill !== 'measured' && spill !== 'never')
    throw new OptionError('zones', 'spill', spill, "'measured' or 'never'");
  const checked = { local: options.local, callers: options.callers, overprovisioning, spill };
  return (inner) => ({ create: (tools) => new ByZone(checked, inner, tools) });
}

interface Checked {
  readonly local: string;
  readonly callers: (() => Readonly<Record<string, number>>) | undefined;
  readonly overprovisioning: number;
  readonly spill: 'measured' | 'never';
}

class ByZone<E> implements PickerState<E> {
  readonly #options: Checked;
  readonly #tools: PickerTools;
  readonly #groups: Groups<E, string>;
  // By capacity; none while zones do not count.
  #shares: readonly number[] = [];
  /** Where calls go that leave: the others, by their capacity. */
  #elsewhere: readonly number[] = [];
  #local = -1;
  #revision = -1;
  #spill: Spill = NO_SPILL;

  constructor(options: Checked, inner: Picker<E>, tools: PickerTools) {
    this.#options = options;
    this.#tools = tools;
    this.#groups = new Groups(inner, tools, zoneOf);
  }

  update(candidates: readonly Candidate<E>[]): void {
    this.#groups.update(candidates);
    this.#local = this.#groups.all.findIndex(({ key }) => key === this.#options.local);
    this.#revision = -1;
    const { reporter } = this.#tools;
    if (this.#local === -1 && reporter.on) reporter.tell('unknown-zone', { local: this.#options.local });
  }

  pick(nowMs: number, call: PickedCall): Candidate {
    this.#share();
    let zone = drawShare(this.#shares, 1, this.#tools.random());
    const spilt = zone === this.#local && this.#spills();
    if (spilt) zone = drawShare(this.#elsewhere, 1, this.#tools.random());
    const group = this.#groups.all[zone] as Group<E, string>;
    call.trace?.note(`zone ${group.key}${spilt ? ', because this one is overloaded' : ''}`);
    return this.#groups.pick(group, nowMs, call);
  }

  ended(candidate: Candidate<E>, outcome: Outcome, latencyMs: number, nowMs: number): void {
    if (this.#options.spill === 'measured' && this.#local !== -1)
      this.#measure(candidate, outcome, latencyMs, nowMs);
    this.#groups.ended(candidate, outcome, latencyMs, nowMs);
  }

  dispose(): void {
    this.#groups.dispose();
  }

  /** What fails fast would look as if there were no queue; what fails late has waited at least as long. */
  #measure(candidate: Candidate<E>, { kind }: Outcome, latencyMs: number, nowMs: number): void {
    const local = zoneOf(candidate) === this.#options.local;
    const meanMs = (local ? this.#spill.here : this.#spill.there).ms;
    if (kind !== 'success' && (kind !== 'failure' || latencyMs <= meanMs)) return;
    const measured = local ? measuredHere : measuredThere;
    this.#spill = measured(this.#spill, latencyMs, nowMs);
  }

  #spills(): boolean {
    const { share } = this.#spill;
    return share > 0 && this.#groups.all.length > 1 && this.#tools.random() < share;
  }

  #share(): void {
    const revision = this.#tools.healthRevision();
    if (this.#revision === revision) return;
    this.#revision = revision;
    const healths = this.#groups.healths();
    const sum = (of: (health: GroupHealth) => number): number =>
      healths.reduce((all, health) => all + of(health), 0);
    const [available, total] = [sum((one) => one.available), sum((one) => one.total)];
    // Too few are well for zones to matter, or nobody knows where we are: everybody is asked.
    if (this.#local === -1 || available < total / 2) {
      this.#shares = this.#elsewhere = evenBy(healths);
      return;
    }
    const capacity = healths.map((health) => health.available / available);
    this.#elsewhere = others(capacity, this.#local);
    const whole = healthOf(healths[this.#local] as GroupHealth, this.#options.overprovisioning) === 100;
    const callers = this.#callers(healths, total, whole ? capacity : undefined);
    this.#shares = zoneShares(this.#local, callers, capacity);
  }

  /** What the user says of the callers; who throws has said nothing, because a pick must not fail by it. */
  #said(): Readonly<Record<string, number>> | undefined {
    try {
      return this.#options.callers?.();
    } catch {
      return undefined;
    }
  }

  /** Each zone's part of all callers. Nobody said: as the endpoints, and while the zone counts as whole, its own. */
  #callers(
    healths: readonly GroupHealth[],
    total: number,
    whole: readonly number[] | undefined,
  ): readonly number[] {
    const said = this.#said();
    if (said === undefined) return whole ?? healths.map((health) => health.total / total);
    const counts = this.#groups.all.map(({ key }) => said[key] ?? 0);
    const sum = counts.reduce((all, count) => all + count, 0);
    return counts.map((count) => (sum > 0 ? count / sum : 0));
  }
}

/** The shares of all but one, made to add up to 1 again; that one's if there is nobody else. */
function others(shares: readonly number[], not: number): number[] {
  const rest = 1 - (shares[not] ?? 0);
  if (rest <= 0) return shares.map((_, index) => (index === not ? 1 : 0));
  return shares.map((share, index) => (index === not ? 0 : share / rest));
}
