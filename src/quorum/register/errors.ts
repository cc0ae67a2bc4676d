/** What goes wrong with a write to a register. */
import { EvenkeelError, hasCode, isTimeoutError } from '../../core/errors.ts';
import { isQuorumError } from '../errors.ts';
import type { Tag, Versioned } from '../versions/tag.ts';
import { isQuorumWriteError, type WriteOutcome } from '../write-error.ts';

/** A write that may be finished: the same value with the same tag. Plain data, if the value is. */
export interface Unfinished<V> {
  readonly key: string;
  readonly versioned: Versioned<V>;
}

/**
 * A write to a register failed. The reason is its `cause`.
 *
 * - `outcome` is `'not-applied'`: nothing was sent, or every replica refused; write again if you like.
 * - `'indeterminate'`: it may have happened, or may yet. Hand the error to the register's `retry`, which sends the
 *   same tag once more; a new write would let the old one come back in between.
 */
export class RegisterWriteError extends EvenkeelError {
  readonly outcome: WriteOutcome;
  /** The tag it had; `undefined` if it did not get so far. */
  readonly tag: Tag | undefined;
  // Behind getters, so that printing the error does not print what is stored.
  readonly #unfinished: Unfinished<unknown> | undefined;

  constructor(outcome: WriteOutcome, unfinished: Unfinished<unknown> | undefined, cause: unknown) {
    super('EVENKEEL_REGISTER_WRITE', `a write to a register failed: ${outcome}`, { cause });
    this.outcome = outcome;
    this.tag = unfinished?.versioned.tag;
    this.#unfinished = unfinished;
  }

  override get name(): string {
    return isTimeoutError(this.cause) ? 'TimeoutError' : 'RegisterWriteError';
  }

  /** What to finish; `undefined` if nothing was begun. To be kept over a restart, and handed to `retry` then. */
  get unfinished(): Unfinished<unknown> | undefined {
    return this.#unfinished;
  }
}

/** Whether `error` is a {@link RegisterWriteError}. */
export function isRegisterWriteError(error: unknown): error is RegisterWriteError {
  return hasCode(error, 'EVENKEEL_REGISTER_WRITE');
}

/** The error of a write's first phase, in which nothing is written; an abort stays the caller's own reason. */
export function notApplied(error: unknown): unknown {
  return isQuorumError(error) || isTimeoutError(error)
    ? new RegisterWriteError('not-applied', undefined, error)
    : error;
}

/** The error of a write's second phase. */
export function unfinishedError(error: unknown, unfinished: Unfinished<unknown>): unknown {
  return isQuorumWriteError(error) ? new RegisterWriteError(error.outcome, unfinished, error) : error;
}
