/** The errors of a balancer that has nobody to send a call to. */
import { EvenkeelError, hasCode } from '../core/errors.ts';

/** No endpoint is known: the source has not answered, or its last answer became too old. Nothing was sent. */
export class NoEndpointsError extends EvenkeelError {
  /** No hint: the source may answer at any time. */
  readonly retryAfterMs: number = 0;

  /** @param cause - why the source could not be asked, if that is known */
  constructor(message: string, cause?: unknown) {
    super('EVENKEEL_NO_ENDPOINTS', message, cause === undefined ? undefined : { cause });
  }

  override get name(): string {
    return 'NoEndpointsError';
  }
}

/** Whether `error` is a {@link NoEndpointsError}. */
export function isNoEndpointsError(error: unknown): error is NoEndpointsError {
  return hasCode(error, 'EVENKEEL_NO_ENDPOINTS');
}

/** The balancer is shutting down: the call was refused and never sent. */
export class DrainingError extends EvenkeelError {
  constructor() {
    super('EVENKEEL_DRAINING', 'the balancer is draining and takes no more calls');
  }

  override get name(): string {
    return 'DrainingError';
  }
}

/** Whether `error` is a {@link DrainingError}. */
export function isDrainingError(error: unknown): error is DrainingError {
  return hasCode(error, 'EVENKEEL_DRAINING');
}
