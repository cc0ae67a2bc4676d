/** What goes wrong on the way to whoever is in charge. */
import { EvenkeelError, hasCode } from '../core/errors.ts';
import type { Position } from '../structures/session-token.ts';
import type { AppliedPosition, PartitionId } from './session.ts';

/** What is known of a request's effect: none, or nobody knows. */
export type RequestOutcome = 'not-applied' | 'indeterminate';

/** Nobody was known to lead the partition within `primaryTimeoutMs`, or too many calls waited to know. */
export class NoPrimaryError extends EvenkeelError {
  readonly partition: PartitionId;
  readonly outcome: RequestOutcome;

  constructor(partition: PartitionId, why: string, outcome: RequestOutcome, options?: ErrorOptions) {
    super('EVENKEEL_NO_PRIMARY', `partitioned: no primary of partition ${partition}: ${why}`, options);
    this.partition = partition;
    this.outcome = outcome;
  }

  override get name(): string {
    return 'NoPrimaryError';
  }
}

/** Whether `error` is a {@link NoPrimaryError}. */
export function isNoPrimaryError(error: unknown): error is NoPrimaryError {
  return hasCode(error, 'EVENKEEL_NO_PRIMARY');
}

/** The nodes sent a call to each other more than `maxRedirects` times. Its `cause` is the last refusal, if it was an error. */
export class RedirectLoopError extends EvenkeelError {
  readonly partition: PartitionId;
  readonly redirects: number;
  readonly outcome: RequestOutcome;

  constructor(partition: PartitionId, redirects: number, outcome: RequestOutcome, options?: ErrorOptions) {
    super(
      'EVENKEEL_REDIRECT_LOOP',
      `partitioned: partition ${partition}: refused ${redirects} times`,
      options,
    );
    this.partition = partition;
    this.redirects = redirects;
    this.outcome = outcome;
  }

  override get name(): string {
    return 'RedirectLoopError';
  }
}

/** Whether `error` is a {@link RedirectLoopError}. */
export function isRedirectLoopError(error: unknown): error is RedirectLoopError {
  return hasCode(error, 'EVENKEEL_REDIRECT_LOOP');
}

/**
 * A write was acknowledged by a primary of an older epoch than the one that leads by now: it may be lost when that
 * primary learns of it. Never thrown without `epochOf`.
 */
export class StalePrimaryError extends EvenkeelError {
  readonly partition: PartitionId;
  /** Of the answer. */
  readonly epoch: number;
  /** The highest known. */
  readonly knownEpoch: number;
  readonly outcome: RequestOutcome = 'indeterminate';

  constructor(partition: PartitionId, epoch: number, knownEpoch: number) {
    super(
      'EVENKEEL_STALE_PRIMARY',
      `partitioned: partition ${partition}: answered in epoch ${epoch}, but ${knownEpoch} has begun`,
    );
    this.partition = partition;
    this.epoch = epoch;
    this.knownEpoch = knownEpoch;
  }

  override get name(): string {
    return 'StalePrimaryError';
  }
}

/** Whether `error` is a {@link StalePrimaryError}. */
export function isStalePrimaryError(error: unknown): error is StalePrimaryError {
  return hasCode(error, 'EVENKEEL_STALE_PRIMARY');
}

/** What the session has seen of a partition is gone: the primary itself does not have it. `forget` it to go on. */
export class SessionLostError extends EvenkeelError {
  readonly partition: PartitionId;
  readonly seen: Position | undefined;
  readonly applied: AppliedPosition;

  constructor(partition: PartitionId, seen: Position | undefined, applied: AppliedPosition) {
    super('EVENKEEL_SESSION_LOST', `partitioned: partition ${partition} has lost what the session has seen`);
    this.partition = partition;
    this.seen = seen;
    this.applied = applied;
  }

  override get name(): string {
    return 'SessionLostError';
  }
}

/** Whether `error` is a {@link SessionLostError}. */
export function isSessionLostError(error: unknown): error is SessionLostError {
  return hasCode(error, 'EVENKEEL_SESSION_LOST');
}
