/**
 * Smooth weighted round robin (nginx, ngx_http_upstream_round_robin.c): every turn each candidate gains its
 * weight, the one with the most goes, and pays the total. Weights 5, 1, 1 give a a b a c a a, not a a a a a b c.
 */
import type { Random } from '../../core/random.ts';
import { type Candidate, type PickedCall, type Picker, type PickerState, standing } from './picker.ts';

/**
 * Picks in turn, by weight; passes over who is unhealthy or has been tried while there is somebody better. Each
 * pick looks at every endpoint.
 *
 * Blind to load: a slow endpoint gets as many calls as a fast one. Use `p2c`, unless an exactly even spread is
 * what you want.
 *
 * @example
 * ```ts
 * import { balance, roundRobin } from 'evenkeel';
 * const call = balance({ endpoints: ['a', 'b'], send: async (host) => host, pick: roundRobin() });
 * if ((await call()) === (await call())) throw new Error('not in turn');
 * ```
 */
export function roundRobin(): Picker {
  return { create: ({ random }) => new RoundRobin(random) };
}

class RoundRobin implements PickerState {
  readonly #random: Random;
  #candidates: readonly Candidate[] = [];
  // What each candidate is owed; kept for those who stay when the others change.
  #credit = new Map<Candidate, number>();

  constructor(random: Random) {
    this.#random = random;
  }

  update(candidates: readonly Candidate[]): void {
    // A random start, so that many clients do not all begin with the same one.
    const fresh = (candidate: Candidate): number =>
      this.#credit.get(candidate) ?? this.#random() * candidate.weight;
    this.#credit = new Map(candidates.map((candidate) => [candidate, fresh(candidate)]));
    this.#candidates = candidates;
  }

  pick(_nowMs: number, call: PickedCall): Candidate {
    const best = this.#candidates.reduce((least, candidate) => Math.min(least, standing(candidate, call)), 8);
    let total = 0;
    let chosen: Candidate | undefined;
    let most = -Infinity;
    for (const candidate of this.#candidates) {
      if (standing(candidate, call) !== best) continue;
      const credit = (this.#credit.get(candidate) ?? 0) + candidate.weight;
      this.#credit.set(candidate, credit);
      total += candidate.weight;
      if (credit > most) {
        chosen = candidate;
        most = credit;
      }
    }
    this.#credit.set(chosen as Candidate, most - total);
    return chosen as Candidate;
  }
}
