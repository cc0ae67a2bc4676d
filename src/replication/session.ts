/** Sessions: a client reads what it wrote, and never goes back, although it reads from replicas that lag. */
import { OptionError } from '../core/errors.ts';
import { checkNumber } from '../core/options.ts';
import {
  comparePositions,
  decodeToken,
  EMPTY_TOKEN,
  encodeToken,
  isName,
  isPosition,
  mergeTokens,
  MOST_PARTITIONS,
  NAME_LENGTH,
  type Position,
  type SessionToken,
  withPosition,
} from '../structures/session-token.ts';

/** What a partition is called: a slot's number, a name. */
export type PartitionId = string | number;

/** How far a replica was when it answered. */
export interface AppliedPosition extends Position {
  /**
   * The offset at which this epoch began, if the system tells (Kafka's leader epochs, PostgreSQL's timeline history):
   * what an earlier epoch wrote beyond it is lost. Where epochs were skipped, the least of their beginnings.
   */
  readonly startedAt?: number;
}

/**
 * How an answer stands to what the session has seen.
 *
 * - `reached`: it holds all of it.
 * - `behind`: it may not; ask another replica, or the primary.
 * - `lost`: it never will, because what the session has seen is not part of this history.
 * - `unknown`: the session's token had no room to remember this partition; ask the primary.
 */
export type SessionStanding = 'reached' | 'behind' | 'lost' | 'unknown';

export interface SessionOptions {
  /**
   * How many partitions it remembers, from 1 to 1000, and so how long its text is: 64 with names of 30 signs fit a
   * cookie. @defaultValue 64
   */
  readonly maxPartitions?: number;
  /** The text of a token to go on from, for instance of a cookie. @defaultValue a session that has seen nothing */
  readonly token?: string;
}

export interface SessionSnapshot {
  readonly partitions: number;
  /** Whether no partition was ever dropped for lack of room. */
  readonly complete: boolean;
}

/** What {@link session} makes. */
export interface Session {
  /** Has read or written this partition at this position; an older one changes nothing. */
  saw(partition: PartitionId, position: Position): void;
  /** The position that an answer has to have reached; `undefined` if nothing was seen of the partition. */
  seen(partition: PartitionId): Position | undefined;
  /** Whether an answer from this position holds what the session has seen. Ask it of every answer. */
  standing(partition: PartitionId, applied: AppliedPosition): SessionStanding;
  /** Takes over what another session, or its text, has seen. */
  merge(other: Session | string): void;
  /** Gives up what was seen of one partition, after its history was `lost`. */
  forget(partition: PartitionId): void;
  /** Text for a header or a cookie; `session({ token })` goes on from it. */
  token(): string;
  snapshot(): SessionSnapshot;
}

/**
 * Remembers how far a client has seen each partition, so that replicas which lag behind that can be passed over: its
 * reads see its writes, and never go back (Terry and others, "Session Guarantees for Weakly Consistent Replicated
 * Data", 1994).
 *
 * A position is the leader's epoch and an offset, compared in this order, so that a store which starts to count anew
 * under a new epoch does not leave its clients waiting for ever. Ask `standing` of each answer, and never once for all:
 * that one replica has caught up says nothing of the next. The token is a claim of the client's and no secret; it is
 * not signed. Not for reads that must see other clients' writes: those ask the primary, or a quorum.
 *
 * @throws {@link OptionError} for an option out of its range, a position or a text that is none
 * @example
 * ```ts
 * import { session } from 'evenkeel';
 * const mine = session();
 * mine.saw('eu', { epoch: 1, offset: 900 });
 * if (mine.standing('eu', { epoch: 1, offset: 899 }) !== 'behind') throw new Error('has not seen my write');
 * const next = session({ token: mine.token() });
 * if (next.standing('eu', { epoch: 1, offset: 901 }) !== 'reached') throw new Error('has seen it');
 * // A new leader who never had it:
 * if (next.standing('eu', { epoch: 2, offset: 850, startedAt: 800 }) !== 'lost') throw new Error('not noticed');
 * ```
 */
export function session(options: SessionOptions = {}): Session {
  return new Tokens(options);
}

class Tokens implements Session {
  readonly #maxPartitions: number;
  #token: SessionToken = EMPTY_TOKEN;

  constructor(options: SessionOptions) {
    const { maxPartitions = 64, token } = options;
    this.#maxPartitions = Math.floor(
      checkNumber('session', 'maxPartitions', maxPartitions, 1, MOST_PARTITIONS),
    );
    if (token !== undefined) this.#add(tokenOf('session', 'token', token));
  }

  saw(partition: PartitionId, position: Position): void {
    const { epoch, offset } = checkPosition('session.saw', 'position', position);
    this.#token = withPosition(this.#token, nameOf(partition), { epoch, offset }, this.#maxPartitions);
  }

  seen(partition: PartitionId): Position | undefined {
    return this.#token.positions.get(String(partition));
  }

  standing(partition: PartitionId, applied: AppliedPosition): SessionStanding {
    checkPosition('session.standing', 'applied', applied);
    const seen = this.seen(partition);
    if (seen === undefined) return this.#token.complete ? 'reached' : 'unknown';
    if (comparePositions(applied, seen) < 0) return 'behind';
    const startedAt = checkNumber('session.standing', 'startedAt', applied.startedAt ?? Infinity, 0);
    return applied.epoch > seen.epoch && startedAt < seen.offset ? 'lost' : 'reached';
  }

  merge(other: Session | string): void {
    const text: unknown = typeof other === 'object' ? other?.token?.() : other;
    this.#add(tokenOf('session.merge', 'other', text));
  }

  forget(partition: PartitionId): void {
    const positions = new Map(this.#token.positions);
    if (positions.delete(String(partition))) this.#token = { ...this.#token, positions };
  }

  token(): string {
    return encodeToken(this.#token);
  }

  snapshot(): SessionSnapshot {
    return { partitions: this.#token.positions.size, complete: this.#token.complete };
  }

  #add(other: SessionToken): void {
    this.#token = mergeTokens(this.#token, other, this.#maxPartitions);
  }
}

function tokenOf(where: string, option: string, text: unknown): SessionToken {
  const token = typeof text === 'string' ? decodeToken(text) : undefined;
  if (token !== undefined) return token;
  // Not shown: it came from a cookie.
  throw new OptionError(where, option, typeof text, 'the text of a session’s token()');
}

function nameOf(partition: PartitionId): string {
  const name = String(partition);
  const known = typeof partition === 'string' || Number.isSafeInteger(partition);
  if (known && isName(name)) return name;
  const allowed = `a whole number, or a text of 1 to ${NAME_LENGTH} signs`;
  throw new OptionError('session', 'partition', partition, allowed);
}

function checkPosition<A extends Position>(where: string, option: string, position: A): A {
  if (isPosition(position)) return position;
  throw new OptionError(where, option, position, 'an epoch and an offset, whole and at least 0');
}
