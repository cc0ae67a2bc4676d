/**
 * A ballot: which answer do enough independent operators give? A count per answer.
 *
 * An operator with many replicas counts once for each answer it gives, however often it gives it: two machines of
 * one company that agree are one witness, not two (lifi contracts 2343). An operator that says two things
 * vouches for both; with `required` = f + 1 an answer still has one honest witness among f liars.
 */
import type { Verdict } from './poll.ts';

export class Ballot {
  readonly #required: number;
  /** Per operator, how many of its replicas have not spoken yet. */
  readonly #out: Map<unknown, number> = new Map();
  /** Per answer, the operators that gave it; answers are told apart as the keys of a Map are. */
  readonly #voters: Map<unknown, Set<unknown>> = new Map();

  constructor(required: number, operators: readonly unknown[]) {
    this.#required = required;
    for (const operator of operators) this.#out.set(operator, (this.#out.get(operator) ?? 0) + 1);
  }

  /** How many independent operators there are: all the votes that one answer can have. */
  get of(): number {
    return this.#out.size;
  }

  /** The most votes that any answer has. */
  get votes(): number {
    let most = 0;
    for (const voters of this.#voters.values()) most = Math.max(most, voters.size);
    return most;
  }

  /** How many operators gave this answer. */
  votesFor(answer: unknown): number {
    return this.#voters.get(answer)?.size ?? 0;
  }

  /** A replica of `operator` gave this answer. */
  vote(operator: unknown, answer: unknown): Verdict {
    this.#heard(operator);
    const voters = this.#voters.get(answer);
    if (voters === undefined) this.#voters.set(answer, new Set([operator]));
    else voters.add(operator);
    return this.#verdict(this.#voters.get(answer));
  }

  /** A replica of `operator` gave none. */
  abstain(operator: unknown): Verdict {
    this.#heard(operator);
    return this.#verdict(undefined);
  }

  #heard(operator: unknown): void {
    this.#out.set(operator, (this.#out.get(operator) ?? 0) - 1);
  }

  /** Whether some answer would have enough votes if these operators, who are still to be heard, all gave it. */
  reachedWith(operators: readonly unknown[]): boolean {
    if (new Set(operators).size >= this.#required) return true;
    for (const voters of this.#voters.values()) {
      if (new Set([...voters, ...operators]).size >= this.#required) return true;
    }
    return false;
  }

  /** Only the answer just given can have got there; none can any more when each one, and a new one, cannot. */
  #verdict(latest: ReadonlySet<unknown> | undefined): Verdict {
    if (latest !== undefined && latest.size >= this.#required) return 'reached';
    if (this.#possible(undefined)) return 'open';
    for (const voters of this.#voters.values()) if (this.#possible(voters)) return 'open';
    return 'impossible';
  }

  /** Whether enough have given this answer or can still be heard; of none, an answer that nobody has given yet. */
  #possible(voters: ReadonlySet<unknown> | undefined): boolean {
    let left = this.of;
    for (const [operator, out] of this.#out) if (out === 0 && voters?.has(operator) !== true) left--;
    return left >= this.#required;
  }
}
