/** Drawing candidates by weight: uniformly while all weights are equal, by an alias table else. */
import type { Random } from '../../core/random.ts';
import { AliasTable } from '../../structures/alias-table.ts';
import type { Candidate } from './picker.ts';

export class Draw {
  readonly #random: Random;
  #candidates: readonly Candidate[] = [];
  #table: AliasTable | undefined = undefined;

  constructor(random: Random) {
    this.#random = random;
  }

  get candidates(): readonly Candidate[] {
    return this.#candidates;
  }

  /** Whether all weigh the same. */
  get even(): boolean {
    return this.#table === undefined;
  }

  update(candidates: readonly Candidate[]): void {
    const weights = candidates.map(({ weight }) => weight);
    this.#candidates = candidates;
    this.#table = weights.every((weight) => weight === weights[0]) ? undefined : new AliasTable(weights);
  }

  one(): Candidate {
    const random = this.#random();
    const index = this.#table?.draw(random) ?? Math.floor(random * this.#candidates.length);
    return this.#candidates[index] as Candidate;
  }

  /** Another than `not`. A heavy one may be drawn many times in a row; then its neighbour is taken. */
  other(not: Candidate): Candidate {
    for (let draws = 0; draws < 16; draws++) {
      const candidate = this.one();
      if (candidate !== not) return candidate;
    }
    const at = this.#candidates.indexOf(not);
    return this.#candidates[(at + 1) % this.#candidates.length] as Candidate;
  }
}
