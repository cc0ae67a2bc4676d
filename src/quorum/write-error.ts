/** A failed write, and what may be said of its effect. */
import { hasCode } from '../core/errors.ts';
import { neverLeft } from '../core/repeat.ts';
import { QuorumError, type QuorumFacts } from './errors.ts';
import type { Reply } from './reply.ts';

/**
 * What a failed write did.
 *
 * - `not-applied`: nothing, on no replica; it may be sent again.
 * - `applied`: it did happen. Never said by `quorumWrite`, which succeeds then; said by stores that apply a write
 *   and then find it under-replicated.
 * - `indeterminate`: nobody knows. It may have happened on some replicas, and may yet happen on others.
 */
export type WriteOutcome = 'not-applied' | 'applied' | 'indeterminate';

/** What became of the write on one replica. */
export interface WriteFate<R> {
  readonly replica: R;
  readonly status: 'acked' | 'failed';
  /** Why it failed; absent if it did not. */
  readonly error?: unknown;
}

/** What a {@link QuorumWriteError} is told. */
export interface QuorumWriteFacts<R> extends QuorumFacts<R> {
  readonly outcome: WriteOutcome;
  readonly settled: Promise<readonly WriteFate<R>[]>;
  /** The limit that passed, if that is what ended the call. */
  readonly timeoutMs?: number;
  /** Whose write it was, for the message. */
  readonly what?: string;
}

/**
 * Too few replicas acknowledged a write. `outcome` says what is known of its effect, `settled` resolves with its
 * fate on every replica. Its `name` is `'TimeoutError'` if the call's time was up.
 */
export class QuorumWriteError<R = unknown> extends QuorumError<R> {
  /** How many replicas had acknowledged. */
  readonly acks: number;
  readonly outcome: WriteOutcome;
  /** The limit that passed, if that is what ended the call. */
  readonly timeoutMs: number | undefined;
  readonly #settled: Promise<readonly WriteFate<R>[]>;

  constructor(facts: QuorumWriteFacts<R>) {
    super(facts.what ?? 'quorumWrite', facts);
    this.acks = facts.votes;
    this.outcome = facts.outcome;
    this.timeoutMs = facts.timeoutMs;
    this.#settled = facts.settled;
  }

  override get name(): string {
    return this.timeoutMs === undefined ? 'QuorumWriteError' : 'TimeoutError';
  }

  /** Resolves, always, with what became of the write on each replica. */
  get settled(): Promise<readonly WriteFate<R>[]> {
    return this.#settled;
  }
}

/** Whether `error` is a {@link QuorumWriteError}. */
export function isQuorumWriteError(error: unknown): error is QuorumWriteError {
  return hasCode(error, 'EVENKEEL_QUORUM') && (error as { outcome?: unknown }).outcome !== undefined;
}

/** Only if each replica proved that it did nothing is it certain that nothing was done. */
export function outcomeOfReplies(replies: readonly Reply<unknown, unknown>[]): WriteOutcome {
  return replies.every((reply) => reply.status === 'failed' && isRefusal(reply.error))
    ? 'not-applied'
    : 'indeterminate';
}

function isRefusal(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  return (error as { outcome?: unknown }).outcome === 'not-applied' || neverLeft(error);
}
