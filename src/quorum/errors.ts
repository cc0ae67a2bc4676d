/** What goes wrong with a quorum. */
import { EvenkeelError, hasCode } from '../core/errors.ts';
import type { FailedReply, Reply } from './reply.ts';

/** How one replica failed. */
export interface ReplicaError<R = unknown> {
  readonly replica: R;
  readonly error: unknown;
}

/** What a {@link QuorumError} is told. */
export interface QuorumFacts<R> {
  readonly required: number;
  readonly votes: number;
  readonly of: number;
  readonly replies: readonly Reply<R, unknown>[];
  /** Which votes are missing, where the numbers do not say it. */
  readonly missing?: string | undefined;
}

/**
 * Too few replicas said yes, and so few are left to ask that the rest could not help.
 *
 * It comes at the moment at which that is certain, so a replica may be missing from `errors` because it had not
 * replied yet: see `replies`. The replicas' own errors are in `errors` and not in `cause`, for no single one of
 * them is the reason.
 */
export class QuorumError<R = unknown> extends EvenkeelError {
  /** How many votes it takes. */
  readonly required: number;
  /** How many there were: answers, acknowledgements, or operators behind the commonest answer. */
  readonly votes: number;
  /** How many there could have been, as configured. */
  readonly of: number;
  /** The replicas that failed, each with its own error. */
  readonly errors: readonly ReplicaError<R>[];
  // Behind a getter, so that printing the error does not print what the replicas hold.
  readonly #replies: readonly Reply<R, unknown>[];

  constructor(what: string, facts: QuorumFacts<R>) {
    const { required, votes, of, replies } = facts;
    const missing = facts.missing === undefined ? '' : ` (${facts.missing})`;
    super('EVENKEEL_QUORUM', `${what}: ${votes} of ${of} votes, ${required} required${missing}`);
    this.required = required;
    this.votes = votes;
    this.of = of;
    this.errors = replies.filter(hasFailed).map(({ replica, error }) => ({ replica, error }));
    this.#replies = replies;
  }

  override get name(): string {
    return 'QuorumError';
  }

  /** Who answered what until then, in the order of `replicas`. */
  get replies(): readonly Reply<R, unknown>[] {
    return this.#replies;
  }
}

function hasFailed<R>(reply: Reply<R, unknown>): reply is FailedReply<R> {
  return reply.status === 'failed';
}

/** Whether `error` is a {@link QuorumError}, of a read, a write or an agreement. */
export function isQuorumError(error: unknown): error is QuorumError {
  return hasCode(error, 'EVENKEEL_QUORUM');
}
