/** The count of a rule made of clauses. */
import type { Poll, Verdict } from './poll.ts';

/** So many votes among replicas with these weights. */
export interface Clause {
  readonly name?: string;
  readonly weights: readonly number[];
  readonly required: number;
}

export class ClausePoll implements Poll {
  readonly required: number;
  readonly of: number;
  votes = 0;
  readonly #clauses: readonly Clause[];
  readonly #need: number;
  readonly #for: number[];
  readonly #left: number[];

  /** @param need - how many of the clauses must hold */
  constructor(clauses: readonly Clause[], need: number) {
    this.#clauses = clauses;
    this.#need = need;
    this.#for = clauses.map(() => 0);
    this.#left = clauses.map(({ weights }) => sum(weights));
    this.of = sum(this.#left);
    const fewest = clauses.map(({ required }) => required).sort((a, b) => a - b);
    this.required = sum(fewest.slice(0, need));
  }

  vote(index: number, yes: boolean): Verdict {
    let [held, possible] = [0, 0];
    for (const [at, { weights, required }] of this.#clauses.entries()) {
      const weight = weights[index] ?? 0;
      this.#left[at] = (this.#left[at] ?? 0) - weight;
      if (yes) {
        this.#for[at] = (this.#for[at] ?? 0) + weight;
        this.votes += weight;
      }
      const votes = this.#for[at] ?? 0;
      if (votes >= required) held++;
      if (votes + (this.#left[at] ?? 0) >= required) possible++;
    }
    return held >= this.#need ? 'reached' : possible < this.#need ? 'impossible' : 'open';
  }

  reachedWith(indices: readonly number[]): boolean {
    const held = this.#clauses.filter(({ weights, required }, at) => {
      const more = sum(indices.map((index) => weights[index] ?? 0));
      return (this.#for[at] ?? 0) + more >= required;
    });
    return held.length >= this.#need;
  }

  missing(): string | undefined {
    const open = this.#clauses.flatMap(({ name, required }, at) => {
      const votes = this.#for[at] ?? 0;
      return name === undefined || votes >= required ? [] : [`${name} ${votes} of ${required}`];
    });
    return open.length === 0 ? undefined : open.join(', ');
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
