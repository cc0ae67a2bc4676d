/**
 * Groups: candidates parted by something, each part with a picker of its own. What all narrowings that choose
 * between groups are made of; each brings only its rule of choice.
 */
import { EJECTED } from '../../core/health.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { GroupHealth } from '../../structures/group-shares.ts';
import {
  type Candidate,
  type PickedCall,
  type Picker,
  type PickerState,
  type PickerTools,
  standing,
} from '../pickers/picker.ts';

export interface Group<E, K> {
  readonly key: K;
  readonly candidates: readonly Candidate<E>[];
  readonly picker: PickerState<E>;
}

export class Groups<E, K extends string | number> {
  readonly #inner: Picker<E>;
  readonly #tools: PickerTools;
  readonly #keyOf: (candidate: Candidate<E>) => K;
  #groups: readonly Group<E, K>[] = [];
  #byKey = new Map<K, Group<E, K>>();
  #health: readonly GroupHealth[] = [];
  #revision = -1;

  constructor(inner: Picker<E>, tools: PickerTools, keyOf: (candidate: Candidate<E>) => K) {
    this.#inner = inner;
    this.#tools = tools;
    this.#keyOf = keyOf;
  }

  /** In ascending order of their keys. */
  get all(): readonly Group<E, K>[] {
    return this.#groups;
  }

  /** Another number whenever the groups or their healths have changed. */
  get revision(): number {
    return this.#revision;
  }

  /** Parts the candidates; a group that stays keeps its picker. */
  update(candidates: readonly Candidate<E>[]): void {
    const parts = new Map<K, Candidate<E>[]>();
    for (const candidate of candidates) {
      const key = this.#keyOf(candidate);
      const part = parts.get(key);
      if (part === undefined) parts.set(key, [candidate]);
      else part.push(candidate);
    }
    for (const [key, group] of this.#byKey) if (!parts.has(key)) group.picker.dispose?.();
    const ordered = [...parts].sort(([a], [b]) => (a < b ? -1 : 1));
    this.#groups = ordered.map(([key, part]) => {
      const picker = this.#byKey.get(key)?.picker ?? this.#inner.create(this.#tools);
      picker.update(part);
      return { key, candidates: part, picker };
    });
    this.#byKey = new Map(this.#groups.map((group) => [group.key, group]));
    this.#revision = -1;
  }

  /** The group with this key, or the first one if there is none. */
  orFirst(key: K): Group<E, K> {
    return this.#byKey.get(key) ?? (this.#groups[0] as Group<E, K>);
  }

  /** How well each group is, in the order of `all`, by weight; counted again only when somebody's health changed. */
  healths(): readonly GroupHealth[] {
    const revision = this.#tools.healthRevision();
    if (this.#revision === revision) return this.#health;
    this.#revision = revision;
    return (this.#health = this.#groups.map(({ candidates }) => {
      let [available, total] = [0, 0];
      for (const { weight, rank } of candidates) {
        total += weight;
        if (rank < EJECTED) available += weight;
      }
      return { available, total };
    }));
  }

  /**
   * Picks in this group; and, if it has nobody who is well and whom the call has not tried, the best of all groups
   * (law 6).
   */
  pick(group: Group<E, K>, nowMs: number, call: PickedCall): Candidate {
    let best = group.picker.pick(nowMs, call);
    let least = standing(best, call);
    for (const other of this.#groups) {
      if (least < EJECTED) break;
      if (other === group) continue;
      const candidate = other.picker.pick(nowMs, call);
      const stands = standing(candidate, call);
      if (stands < least) [best, least] = [candidate, stands];
    }
    return best;
  }

  ended(candidate: Candidate<E>, outcome: Outcome, latencyMs: number, nowMs: number): void {
    this.#byKey.get(this.#keyOf(candidate))?.picker.ended?.(candidate, outcome, latencyMs, nowMs);
  }

  dispose(): void {
    for (const { picker } of this.#groups) picker.dispose?.();
  }
}

/** Draws an index by its share; shares add up to `total`. */
export function drawShare(shares: readonly number[], total: number, random: number): number {
  let left = random * total;
  for (let index = 0; index < shares.length; index++) {
    left -= shares[index] ?? 0;
    if (left < 0) return index;
  }
  return shares.length - 1;
}

/** The zone of an endpoint; those that say none make one of their own. */
export function zoneOf({ endpoint }: Candidate): string {
  return endpoint.zone ?? '';
}

/** Shares by number, whoever is well. */
export function evenBy(healths: readonly GroupHealth[]): number[] {
  const sum = healths.reduce((all, { total }) => all + total, 0);
  return healths.map(({ total }) => total / sum);
}
