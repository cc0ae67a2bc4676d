/**
 * The count behind every quorum: who has said yes, who no, and what that settles.
 *
 * The total is the configured one, never the number that happens to be reachable: counting only the living lets
 * two halves of a split network both believe that they are the majority (redlock-py issue 6).
 */

/** Settled as soon as it can be: no later vote turns `reached` or `impossible` into anything else. */
export type Verdict = 'open' | 'reached' | 'impossible';

/** The count of one call. A replica is known by its place in the list, and votes once. */
export interface Poll {
  /** The votes it takes; where groups vote, the fewest it can take. */
  readonly required: number;
  /** All votes there are. */
  readonly of: number;
  /** The votes for it. */
  readonly votes: number;
  vote(index: number, yes: boolean): Verdict;
  /** Whether it would be reached if these, who have not voted yet, all said yes. */
  reachedWith(indices: readonly number[]): boolean;
  /** What is missing, for a message, where the numbers alone do not say it. */
  missing(): string | undefined;
}

/** One vote each: impossible once more than `of − required` are against. */
export class CountPoll implements Poll {
  readonly required: number;
  readonly of: number;
  votes = 0;
  #against = 0;

  constructor(required: number, of: number) {
    this.required = required;
    this.of = of;
  }

  vote(_index: number, yes: boolean): Verdict {
    if (yes) this.votes++;
    else this.#against++;
    if (this.votes >= this.required) return 'reached';
    return this.#against > this.of - this.required ? 'impossible' : 'open';
  }

  reachedWith(indices: readonly number[]): boolean {
    return this.votes + indices.length >= this.required;
  }

  missing(): undefined {}
}

/** What says which sets of replicas are a quorum: a number of them, or one of the rules below. */
export interface QuorumRule<R> {
  /**
   * Begins the count of one call.
   *
   * @throws {@link OptionError} if the rule does not fit these replicas
   */
  open(where: string, replicas: readonly R[]): Poll;
}

export function pollOf<R>(where: string, required: number | QuorumRule<R>, replicas: readonly R[]): Poll {
  return typeof required === 'number'
    ? new CountPoll(required, replicas.length)
    : required.open(where, replicas);
}
