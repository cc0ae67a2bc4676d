/** What tests of pickers, narrowings and costs are made of. */
import {
  type CallOptions,
  type Candidate,
  endpoint,
  type Endpoint,
  type EndpointOptions,
  type Load,
  type Picker,
  type PickerTools,
  type Rank,
} from 'evenkeel';
import { seededRandom, virtualClock } from 'evenkeel/testing';
import { Call } from '../../src/core/call.ts';
import { systemClock } from '../../src/core/clock.ts';

export class Fake implements Candidate<string> {
  readonly endpoint: Endpoint<string>;
  rank: Rank;
  pending = 0;
  outlier = false;
  sinceMs = -Infinity;
  pickedMs = -1;
  readonly #cost: (nowMs: number) => number;

  constructor(
    weight = 1,
    rank: Rank = 0,
    cost: (nowMs: number) => number = () => 1,
    more: EndpointOptions = {},
  ) {
    this.endpoint = endpoint(`${more.zone ?? 'host'}-${Fake.#count++}`, { weight, ...more });
    this.rank = rank;
    this.#cost = cost;
  }

  static #count = 0;

  get weight(): number {
    return this.endpoint.weight;
  }

  cost(nowMs: number): number {
    return this.#cost(nowMs);
  }
}

/** Fakes in a zone, with a priority, with labels. */
export function fakes(count: number, more: EndpointOptions = {}, rank: Rank = 0): Fake[] {
  return Array.from({ length: count }, () => new Fake(more.weight ?? 1, rank, () => 1, more));
}

export const newCall = (options?: CallOptions): Call => new Call(systemClock, options);

export function tools(seed = 1, more: Partial<PickerTools> = {}): PickerTools {
  return {
    random: seededRandom(seed),
    clock: virtualClock(),
    reporter: { on: false, tell() {} },
    healthRevision: () => 0,
    ...more,
  };
}

/** Each candidate's share of so many picks, in order. */
export function shares(
  picker: Picker<string>,
  candidates: readonly Fake[],
  picks: number,
  seed = 1,
  options?: CallOptions,
): number[] {
  const state = picker.create(tools(seed));
  state.update(candidates);
  const counts = new Map<unknown, number>(candidates.map((candidate) => [candidate, 0]));
  for (let n = 0; n < picks; n++) {
    const picked = state.pick(0, newCall(options));
    counts.set(picked, (counts.get(picked) ?? 0) + 1);
  }
  return [...counts.values()].map((count) => count / picks);
}

export function loadOf(pending: number, ageMs = 0, more: Partial<Load> = {}): Load {
  return { pending, weight: 1, picked: pending, ageMs: () => ageMs, ...more };
}
