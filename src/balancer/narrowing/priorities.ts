/**
 * Priorities: groups of endpoints of which the next is used only as far as the one before is not enough
 * (Envoy's priority levels; the arithmetic is in structures/group-shares.ts).
 */
import { OptionError } from '../../core/errors.ts';
import type { Outcome } from '../../core/outcome.ts';
import { checkDuration, checkNumber } from '../../core/options.ts';
import { type Failback, type FailbackTimes, follow, UNLIMITED } from '../../structures/failback.ts';
import { healthOf, priorityShares } from '../../structures/group-shares.ts';
import type { Candidate, PickedCall, Picker, PickerState, PickerTools } from '../pickers/picker.ts';
import { drawShare, type Group, Groups } from './groups.ts';
import type { Narrowing } from './narrowing.ts';

export interface PrioritiesOptions {
  /** A group counts as whole while this times its healthy part is 1; at least 1. @defaultValue 1.4 */
  readonly overprovisioning?: number;
  /**
   * The share of calls that may be repeated which goes to the next group though it is not needed, so that it is
   * known to work when it is; from 0 to 1. @defaultValue 0
   */
  readonly exercise?: number;
  /**
   * How a group that has recovered gets its load back: `afterMs` (30 s) after it is well, evenly over `rampMs`
   * (30 s); or only when `failback()` is called. @defaultValue `{ afterMs: 30_000, rampMs: 30_000 }`
   */
  readonly failback?: { readonly afterMs?: number; readonly rampMs?: number } | 'manual';
}

/** What {@link priorities} makes. */
export interface Priorities extends Narrowing {
  /** Gives groups that have recovered their load back now. */
  failback(): void;
}

/**
 * Keeps to the endpoints with the lowest `priority` number, and moves load to the next group as far as too many
 * of them are unhealthy: with the default 1.4 a group may lose 28 % of its endpoints before anything moves.
 *
 * Needs a `health` tracker, for nobody is unhealthy without one. Not for zones, which are all equally good to
 * somebody: see `zones`.
 *
 * @throws {@link OptionError} for an option out of its range
 * @example
 * ```ts
 * import { balance, endpoint, priorities } from 'evenkeel';
 * const call = balance({
 *   endpoints: [endpoint('main', { priority: 0 }), endpoint('standby', { priority: 1 })],
 *   send: async (host) => host,
 *   narrow: [priorities()],
 * });
 * if ((await call()) !== 'main') throw new Error('went to the standby');
 * ```
 */
export function priorities(options: PrioritiesOptions = {}): Priorities {
  const where = 'priorities';
  const checked = {
    overprovisioning: checkNumber(where, 'overprovisioning', options.overprovisioning ?? 1.4, 1),
    exercise: checkNumber(where, 'exercise', options.exercise ?? 0, 0, 1),
    times: timesOf(options.failback ?? {}),
    // Asked for by `failback()`: whoever has seen a smaller number has not heard of it.
    failbacks: 0,
  };
  const narrow: Narrowing = (inner) => ({ create: (tools) => new ByPriority(checked, inner, tools) });
  return Object.assign(narrow, { failback: () => void checked.failbacks++ });
}

function timesOf(failback: NonNullable<PrioritiesOptions['failback']>): FailbackTimes {
  if (failback === 'manual') return { afterMs: Infinity, rampMs: 0 };
  if (typeof failback !== 'object' || failback === null)
    throw new OptionError('priorities', 'failback', failback, "times, or 'manual'");
  return {
    afterMs: checkDuration('priorities.failback', 'afterMs', failback.afterMs ?? 30_000),
    rampMs: checkDuration('priorities.failback', 'rampMs', failback.rampMs ?? 30_000),
  };
}

interface Checked {
  readonly overprovisioning: number;
  readonly exercise: number;
  readonly times: FailbackTimes;
  readonly failbacks: number;
}

/** How often the ramps are looked at. */
const STEP_MS = 100;

class ByPriority<E> implements PickerState<E> {
  readonly #options: Checked;
  readonly #tools: PickerTools;
  readonly #groups: Groups<E, number>;
  #limits = new Map<number, Failback>();
  #shares: readonly number[] = [];
  #revision = -1;
  #failbacks: number;
  #nextStepMs = -Infinity;

  constructor(options: Checked, inner: Picker<E>, tools: PickerTools) {
    this.#options = options;
    this.#tools = tools;
    this.#failbacks = options.failbacks;
    this.#groups = new Groups(inner, tools, ({ endpoint }) => endpoint.priority);
  }

  update(candidates: readonly Candidate<E>[]): void {
    this.#groups.update(candidates);
    this.#nextStepMs = -Infinity;
  }

  pick(nowMs: number, call: PickedCall): Candidate {
    const { all } = this.#groups;
    if (all.length === 1) return (all[0] as Group<E, number>).picker.pick(nowMs, call);
    this.#share(nowMs);
    const drawn = drawShare(this.#shares, 100, this.#tools.random());
    const exercised = this.#exercises(call) && drawn + 1 < all.length;
    const group = all[exercised ? drawn + 1 : drawn] as Group<E, number>;
    call.trace?.note(
      `priority ${group.key}${exercised ? ', to exercise it' : ''}: ${this.#shares.join('/')} %`,
    );
    return this.#groups.pick(group, nowMs, call);
  }

  ended(candidate: Candidate<E>, outcome: Outcome, latencyMs: number, nowMs: number): void {
    this.#groups.ended(candidate, outcome, latencyMs, nowMs);
  }

  dispose(): void {
    this.#groups.dispose();
  }

  /** A first attempt that may be repeated elsewhere, one in so many. */
  #exercises({ tried, options }: PickedCall): boolean {
    const { exercise } = this.#options;
    if (exercise === 0 || tried !== undefined) return false;
    const mayRepeat = options?.idempotent === true || options?.idempotencyKey !== undefined;
    return mayRepeat && this.#tools.random() < exercise;
  }

  #share(nowMs: number): void {
    const revision = this.#tools.healthRevision();
    if (
      nowMs < this.#nextStepMs &&
      revision === this.#revision &&
      this.#failbacks === this.#options.failbacks
    )
      return;
    this.#revision = revision;
    this.#nextStepMs = nowMs + STEP_MS;
    const groups = this.#groups.healths();
    const healths = groups.map((health) => healthOf(health, this.#options.overprovisioning));
    const limited = this.#limited(healths, nowMs);
    const enough = limited.reduce((sum, health) => sum + health, 0) >= 100;
    const shares = priorityShares(enough ? limited : healths);
    // Nobody is well: everybody is asked, by their number.
    this.#tellIfMoved(shares.some((share) => share > 0) ? shares : totals(groups));
  }

  #limited(healths: readonly number[], nowMs: number): number[] {
    const asked = this.#failbacks !== this.#options.failbacks;
    this.#failbacks = this.#options.failbacks;
    return healths.map((health, index) => {
      const { key } = this.#groups.all[index] as Group<E, number>;
      const before = asked ? UNLIMITED : (this.#limits.get(key) ?? UNLIMITED);
      const after = follow(before, health, nowMs, this.#options.times);
      this.#limits.set(key, after);
      return after.limit;
    });
  }

  #tellIfMoved(shares: readonly number[]): void {
    const { reporter } = this.#tools;
    const before = this.#shares;
    this.#shares = shares;
    if (!reporter.on || before.length === 0 || shares.every((share, index) => share === before[index]))
      return;
    reporter.tell('priorities-moved', { before, after: shares });
  }
}

function totals(groups: readonly { readonly total: number }[]): number[] {
  const sum = groups.reduce((all, { total }) => all + total, 0);
  return groups.map(({ total }) => (100 * total) / sum);
}
