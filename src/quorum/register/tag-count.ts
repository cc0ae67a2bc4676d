/** Counts the answers of a register's replicas: which tag is the newest, and who has it. */
import { QuorumError } from '../errors.ts';
import type { Poll, Verdict } from '../poll.ts';
import type { Count } from '../race.ts';
import type { Reply, Vote } from '../reply.ts';
import { compareTags, type Versioned } from '../versions/tag.ts';
import { ReplicaContractError, sameContent } from './contract.ts';

export type Answer<V> = Versioned<V> | undefined;

/** What a quorum said. */
export interface Queried<R, V> {
  /** `undefined` if none of them has anything. */
  readonly newest: Answer<V>;
  /** The places of those who have the newest. */
  readonly holders: readonly number[];
  readonly replies: readonly Reply<R, Answer<V>>[];
}

export class TagCount<R, V> implements Count<R, Answer<V>, Queried<R, V>> {
  readonly straggler: ((vote: Vote<R, Answer<V>>) => void) | undefined;
  readonly #key: string;
  readonly #poll: Poll;
  #newest: Answer<V> = undefined;
  #holders: number[] = [];

  constructor(key: string, poll: Poll, straggler?: (vote: Vote<R, Answer<V>>) => void) {
    this.#key = key;
    this.#poll = poll;
    this.straggler = straggler;
  }

  count(vote: Vote<R, Answer<V>>, index: number): Verdict {
    if (vote.status === 'failed') return this.#poll.vote(index, false);
    const { value } = vote;
    const order = orderOf(value, this.#newest);
    if (order > 0) {
      this.#newest = value;
      this.#holders = [index];
    } else if (order === 0) {
      this.#holders.push(index);
      if (value !== undefined && this.#newest !== undefined && !sameContent(value, this.#newest)) {
        throw new ReplicaContractError('equal-tags', this.#key);
      }
    }
    return this.#poll.vote(index, true);
  }

  reachedWith(asked: readonly number[]): boolean {
    return this.#poll.reachedWith(asked);
  }

  result(replies: readonly Reply<R, Answer<V>>[]): Queried<R, V> {
    return { newest: this.#newest, holders: this.#holders, replies };
  }

  failure(replies: readonly Reply<R, Answer<V>>[]): Error {
    const { required, of, votes } = this.#poll;
    return new QuorumError('quorumRegister', { required, of, votes, replies, missing: this.#poll.missing() });
  }
}

/** What is there is newer than what is not. */
function orderOf<V>(a: Answer<V>, b: Answer<V>): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  return compareTags(a.tag, b.tag);
}
