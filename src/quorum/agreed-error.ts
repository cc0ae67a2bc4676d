/** When they agree that it cannot be done. */
import { EvenkeelError, hasCode } from '../core/errors.ts';
import type { Reply } from './reply.ts';

/**
 * As many operators as it takes failed alike: a revert, "no such block", a refusal. That is an answer, and asking
 * again would bring the same. The `cause` is the error of the first of them.
 */
export class AgreedError<R = unknown> extends EvenkeelError {
  /** What `errorClass` made of the errors that agree. */
  readonly errorClass: unknown;
  /** How many independent operators failed so. */
  readonly votes: number;
  // Behind a getter, so that printing the error does not print what others answered.
  readonly #replies: readonly Reply<R, unknown>[];

  constructor(errorClass: unknown, votes: number, cause: unknown, replies: readonly Reply<R, unknown>[]) {
    super('EVENKEEL_AGREED_ERROR', `agree: ${votes} operators failed alike`, { cause });
    this.errorClass = errorClass;
    this.votes = votes;
    this.#replies = replies;
  }

  override get name(): string {
    return 'AgreedError';
  }

  /** Who answered what until then, in the order of `replicas`. */
  get replies(): readonly Reply<R, unknown>[] {
    return this.#replies;
  }
}

/** Whether `error` is an {@link AgreedError}. */
export function isAgreedError(error: unknown): error is AgreedError {
  return hasCode(error, 'EVENKEEL_AGREED_ERROR');
}
