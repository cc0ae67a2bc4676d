/**
 * The members of a register: which replicas there are, and which of them are enough for a read and for a write.
 *
 * Every read quorum has to share a replica with every write quorum; for numbers that is R + W > N. While the set
 * is being changed a joint membership asks for a quorum of the old and of the new set, so that whoever still knows
 * only one of them meets whoever knows the other (Raft §6, Ongaro and Ousterhout 2014).
 */
import { OptionError } from '../../core/errors.ts';
import { majority } from '../majority.ts';
import { checkQuorum } from '../options.ts';
import { type Poll, pollOf, type QuorumRule, type Verdict } from '../poll.ts';

/** How many of the replicas, or which of them, are enough. */
export interface RegisterQuorum<R> {
  readonly read: number | QuorumRule<R>;
  readonly write: number | QuorumRule<R>;
}

export interface Members<R> {
  readonly replicas: readonly R[];
  openRead(): Poll;
  openWrite(): Poll;
  /** Whether any read quorum, of whoever else reads, has one of these in it. */
  metByEveryRead(holders: readonly number[]): boolean;
}

const WHERE = 'quorumRegister';
/** Subsets are tried one by one up to here: 65 536 of them. */
const MOST_BY_RULE = 16;

/** @throws {@link OptionError} for replicas and numbers with which a read might miss a write */
export function membersOf<R>(replicas: readonly R[], quorum?: RegisterQuorum<R>): Members<R> {
  const most = Array.isArray(replicas) && replicas.length > 0 ? majority(replicas.length) : 1;
  const { read, write } = quorum ?? { read: most, write: most };
  checkQuorum(WHERE, { replicas, required: read });
  checkQuorum(WHERE, { replicas, required: write });
  if (typeof read === 'number' && typeof write === 'number') {
    if (read + write <= replicas.length) {
      const allowed = `such that read + write is more than the ${replicas.length} replicas`;
      throw new OptionError(WHERE, 'quorum', read + write, allowed);
    }
  } else if (!rulesMeet(replicas, read, write)) {
    throw new OptionError(WHERE, 'quorum', quorum, 'rules by which every read meets every write');
  }
  return new Stable(replicas, read, write);
}

class Stable<R> implements Members<R> {
  readonly replicas: readonly R[];
  readonly #read: number | QuorumRule<R>;
  readonly #write: number | QuorumRule<R>;

  constructor(replicas: readonly R[], read: number | QuorumRule<R>, write: number | QuorumRule<R>) {
    this.replicas = replicas.slice();
    this.#read = read;
    this.#write = write;
  }

  openRead(): Poll {
    return pollOf(WHERE, this.#read, this.replicas);
  }

  openWrite(): Poll {
    return pollOf(WHERE, this.#write, this.replicas);
  }

  /** The exact rule of the fast path: no read quorum is made of the others alone; for numbers, c + R > N. */
  metByEveryRead(holders: readonly number[]): boolean {
    if (typeof this.#read === 'number') return holders.length + this.#read > this.replicas.length;
    const others = this.replicas.map((_, index) => index).filter((index) => !holders.includes(index));
    return !this.openRead().reachedWith(others);
  }
}

/** A quorum of each of the two. */
export function jointMembers<R>(before: Members<R>, after: Members<R>): Members<R> {
  const replicas = [...new Set([...before.replicas, ...after.replicas])];
  const parts = [before, after];
  const placesOf = ({ replicas: own }: Members<R>): number[] =>
    replicas.map((replica) => own.indexOf(replica));
  const places = parts.map(placesOf);
  const open = (of: (part: Members<R>) => Poll): Poll =>
    new JointPoll(parts.map((part, at) => ({ poll: of(part), places: places[at] ?? [] })));
  return {
    replicas,
    openRead: () => open((part) => part.openRead()),
    openWrite: () => open((part) => part.openWrite()),
    // Others may still know only the old set, or know only the new one already: each has to meet the holders.
    metByEveryRead: (holders) =>
      parts.every((part, at) => {
        const own = holders.map((index) => places[at]?.[index] ?? -1).filter((index) => index >= 0);
        return part.metByEveryRead(own);
      }),
  };
}

interface PollPart {
  readonly poll: Poll;
  /** The place in the part's list of each replica of the whole; −1 if it is not in it. */
  readonly places: readonly number[];
}

/** Reached when every part is, impossible when one part is. */
class JointPoll implements Poll {
  readonly of: number;
  readonly required: number;
  readonly #parts: readonly PollPart[];
  readonly #verdicts: Verdict[];

  constructor(parts: readonly PollPart[]) {
    this.#parts = parts;
    this.#verdicts = parts.map(() => 'open');
    this.of = parts.reduce((sum, { poll }) => sum + poll.of, 0);
    this.required = parts.reduce((sum, { poll }) => sum + poll.required, 0);
  }

  get votes(): number {
    return this.#parts.reduce((sum, { poll }) => sum + poll.votes, 0);
  }

  vote(index: number, yes: boolean): Verdict {
    for (const [at, { poll, places }] of this.#parts.entries()) {
      const place = places[index] ?? -1;
      if (place >= 0) this.#verdicts[at] = poll.vote(place, yes);
    }
    if (this.#verdicts.includes('impossible')) return 'impossible';
    return this.#verdicts.every((verdict) => verdict === 'reached') ? 'reached' : 'open';
  }

  reachedWith(indices: readonly number[]): boolean {
    return this.#parts.every(({ poll, places }) =>
      poll.reachedWith(indices.map((index) => places[index] ?? -1).filter((place) => place >= 0)),
    );
  }

  missing(): string {
    const said = this.#parts.map(({ poll }) => `${poll.votes} of ${poll.required}`);
    return `changing replicas: ${said.join(' of the old and ')} of the new`;
  }
}

/** The count of a write that some have already: they have said yes, the others are known by their own places. */
export class RestPoll implements Poll {
  readonly #poll: Poll;
  readonly #places: readonly number[];
  #verdict: Verdict = 'open';

  constructor(poll: Poll, holders: readonly number[], places: readonly number[]) {
    this.#poll = poll;
    this.#places = places;
    for (const holder of holders) this.#verdict = poll.vote(holder, true);
  }

  /** What it is before any vote. */
  get verdict(): Verdict {
    return this.#verdict;
  }

  get required(): number {
    return this.#poll.required;
  }

  get of(): number {
    return this.#poll.of;
  }

  get votes(): number {
    return this.#poll.votes;
  }

  vote(index: number, yes: boolean): Verdict {
    return (this.#verdict = this.#poll.vote(this.#places[index] ?? -1, yes));
  }

  reachedWith(indices: readonly number[]): boolean {
    return this.#poll.reachedWith(indices.map((index) => this.#places[index] ?? -1));
  }

  missing(): string | undefined {
    return this.#poll.missing();
  }
}

/** Whether no read quorum leaves out a whole write quorum. Tried for every set of replicas. */
function rulesMeet<R>(
  replicas: readonly R[],
  read: number | QuorumRule<R>,
  write: number | QuorumRule<R>,
): boolean {
  if (replicas.length > MOST_BY_RULE) {
    throw new OptionError(WHERE, 'replicas', replicas.length, `at most ${MOST_BY_RULE} where a rule decides`);
  }
  const all = replicas.map((_, index) => index);
  const [reads, writes] = [pollOf(WHERE, read, replicas), pollOf(WHERE, write, replicas)];
  for (let set = 0; set < 2 ** replicas.length; set++) {
    const inside = all.filter((index) => (set & (1 << index)) !== 0);
    if (!reads.reachedWith(inside)) continue;
    if (writes.reachedWith(all.filter((index) => (set & (1 << index)) === 0))) return false;
  }
  return true;
}
