/**
 * The count behind every quorum: how many votes are for it, how many are against, how many are still out.
 *
 * The total is the configured one, never the number that happens to be reachable: counting only the living lets
 * two halves of a split network both believe that they are the majority (redlock-py issue 6). Pure: a count goes
 * in, a new count comes out. A vote may weigh more than 1 (Gifford 1979).
 */

export interface Tally {
  /** The votes it takes. */
  readonly required: number;
  /** All votes there are. */
  readonly of: number;
  readonly votesFor: number;
  readonly votesAgainst: number;
}

/** Settled as soon as it can be: no later vote turns `reached` or `impossible` into anything else. */
export type Verdict = 'open' | 'reached' | 'impossible';

export function openTally(of: number, required: number): Tally {
  return { required, of, votesFor: 0, votesAgainst: 0 };
}

export function voteFor(tally: Tally, weight: number = 1): Tally {
  const { required, of, votesFor, votesAgainst } = tally;
  return { required, of, votesFor: votesFor + weight, votesAgainst };
}

export function voteAgainst(tally: Tally, weight: number = 1): Tally {
  const { required, of, votesFor, votesAgainst } = tally;
  return { required, of, votesFor, votesAgainst: votesAgainst + weight };
}

/** Impossible once more than `of − required` are against: even if all that is out says yes, it is too few. */
export function verdictOf(tally: Tally): Verdict {
  if (tally.votesFor >= tally.required) return 'reached';
  return tally.votesAgainst > tally.of - tally.required ? 'impossible' : 'open';
}
