/** What a source may be told to have gone wrong, beside the errors of whom it asked. */
import { EvenkeelError, hasCode } from '../core/errors.ts';

/** A source answered, but with no endpoint at all: the last good answer stays. */
export class EmptyAnswerError extends EvenkeelError {
  constructor(where: string) {
    super('EVENKEEL_EMPTY_ANSWER', `${where}: the answer holds no endpoint`);
  }

  override get name(): string {
    return 'EmptyAnswerError';
  }
}

/** Whether `error` is an {@link EmptyAnswerError}. */
export function isEmptyAnswerError(error: unknown): error is EmptyAnswerError {
  return hasCode(error, 'EVENKEEL_EMPTY_ANSWER');
}

/** A source that tells of changes has ended, though it is still followed: it is begun again. */
export class SourceEndedError extends EvenkeelError {
  constructor(where: string) {
    super('EVENKEEL_SOURCE_ENDED', `${where}: the source has ended`);
  }

  override get name(): string {
    return 'SourceEndedError';
  }
}

/** Whether `error` is a {@link SourceEndedError}. */
export function isSourceEndedError(error: unknown): error is SourceEndedError {
  return hasCode(error, 'EVENKEEL_SOURCE_ENDED');
}

/** Why the signal of an ask aborts when the last follower has gone. */
export class SourceStoppedError extends EvenkeelError {
  constructor() {
    super('EVENKEEL_SOURCE_STOPPED', 'nobody follows the source any more');
  }

  override get name(): string {
    return 'SourceStoppedError';
  }
}

/** Whether `error` is a {@link SourceStoppedError}. */
export function isSourceStoppedError(error: unknown): error is SourceStoppedError {
  return hasCode(error, 'EVENKEEL_SOURCE_STOPPED');
}

/** None of the contacts that were asked for the members answered; the `cause` is what the last one said. */
export class NoContactError extends EvenkeelError {
  /** How many were asked. */
  readonly asked: number;

  constructor(asked: number, cause: unknown) {
    super('EVENKEEL_NO_CONTACT', `none of the ${asked} contacts that were asked has answered`, { cause });
    this.asked = asked;
  }

  override get name(): string {
    return 'NoContactError';
  }
}

/** Whether `error` is a {@link NoContactError}. */
export function isNoContactError(error: unknown): error is NoContactError {
  return hasCode(error, 'EVENKEEL_NO_CONTACT');
}

/** An error as events may show it: its message may hold an address with a password (law 13). */
export function reasonOf(error: unknown): string {
  const { code, name } = (error ?? {}) as { readonly code?: unknown; readonly name?: unknown };
  if (typeof code === 'string') return code;
  return typeof name === 'string' ? name : typeof error;
}
