/** The errors of guards that refuse a call before it is sent. */
import { hasCode, RefusedError } from '../core/errors.ts';

/** The circuit is open: the call was refused and never sent. */
export class CircuitOpenError extends RefusedError {
  /** Milliseconds until a call may go through again; `Infinity` while it is held open by hand. */
  readonly retryAfterMs: number;

  constructor(retryAfterMs: number) {
    super(
      'EVENKEEL_CIRCUIT_OPEN',
      retryAfterMs === Infinity
        ? 'the circuit is held open by hand'
        : `the circuit is open for another ${Math.ceil(retryAfterMs)} ms`,
    );
    this.retryAfterMs = retryAfterMs;
  }

  override get name(): string {
    return 'CircuitOpenError';
  }
}

/** Whether `error` is a {@link CircuitOpenError}. */
export function isCircuitOpenError(error: unknown): error is CircuitOpenError {
  return hasCode(error, 'EVENKEEL_CIRCUIT_OPEN');
}

/** The bulkhead had no room: the call was refused and never sent. */
export class BulkheadFullError extends RefusedError {
  /** Whether the queue was full, or the call had waited in it for too long. */
  readonly reason: 'queue-full' | 'queue-timeout';
  /** No hint: room may come free at any time. */
  readonly retryAfterMs: number = 0;

  constructor(reason: 'queue-full' | 'queue-timeout') {
    super(
      'EVENKEEL_BULKHEAD_FULL',
      reason === 'queue-full'
        ? 'the bulkhead and its queue are full'
        : 'the bulkhead stayed full for too long',
    );
    this.reason = reason;
  }

  override get name(): string {
    return 'BulkheadFullError';
  }
}

/** Whether `error` is a {@link BulkheadFullError}. */
export function isBulkheadFullError(error: unknown): error is BulkheadFullError {
  return hasCode(error, 'EVENKEEL_BULKHEAD_FULL');
}

/** The throttle refused the call, because the server refuses too many: it was never sent. */
export class ThrottledError extends RefusedError {
  /** The part of such calls that is refused, from 0 to 1. */
  readonly rejection: number;
  /** No hint: the next call may get through. */
  readonly retryAfterMs: number = 0;

  constructor(rejection: number) {
    super('EVENKEEL_THROTTLED', `the server refuses too much: ${Math.round(rejection * 100)} % is held back`);
    this.rejection = rejection;
  }

  override get name(): string {
    return 'ThrottledError';
  }
}

/** Whether `error` is a {@link ThrottledError}. */
export function isThrottledError(error: unknown): error is ThrottledError {
  return hasCode(error, 'EVENKEEL_THROTTLED');
}

/** The rate limit is used up: the call was refused and never sent. */
export class RateLimitedError extends RefusedError {
  /**
   * Why it did not wait for its turn: too many do, it would have taken too long, or longer than the call's deadline.
   */
  readonly reason: 'queue-full' | 'queue-timeout' | 'deadline';
  /** Milliseconds until there would have been room for it. */
  readonly retryAfterMs: number;

  constructor(reason: 'queue-full' | 'queue-timeout' | 'deadline', retryAfterMs: number) {
    super('EVENKEEL_RATE_LIMITED', `the rate limit is used up for another ${Math.ceil(retryAfterMs)} ms`);
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }

  override get name(): string {
    return 'RateLimitedError';
  }
}

/** Whether `error` is a {@link RateLimitedError}. */
export function isRateLimitedError(error: unknown): error is RateLimitedError {
  return hasCode(error, 'EVENKEEL_RATE_LIMITED');
}

/** As many calls are under way as the server carries: the call was refused and never sent. */
export class LimitReachedError extends RefusedError {
  /** Whether the queue was full, or the call had waited in it for too long. */
  readonly reason: 'queue-full' | 'queue-timeout';
  /** How many calls may be under way. */
  readonly limit: number;
  /** No hint: room may come free at any time. */
  readonly retryAfterMs: number = 0;

  constructor(reason: 'queue-full' | 'queue-timeout', limit: number) {
    super('EVENKEEL_LIMIT_REACHED', `the server carries ${limit} calls at once, and so many are under way`);
    this.reason = reason;
    this.limit = limit;
  }

  override get name(): string {
    return 'LimitReachedError';
  }
}

/** Whether `error` is a {@link LimitReachedError}. */
export function isLimitReachedError(error: unknown): error is LimitReachedError {
  return hasCode(error, 'EVENKEEL_LIMIT_REACHED');
}

/** Less time was left than calls need: the call was refused and never sent. */
export class TooLateError extends RefusedError {
  /** Milliseconds that a call needs. */
  readonly expectedMs: number;
  /** Milliseconds that were left. */
  readonly remainingMs: number;
  /** No hint: with more time, it may be made at once. */
  readonly retryAfterMs: number = 0;

  constructor(expectedMs: number, remainingMs: number) {
    super(
      'EVENKEEL_TOO_LATE',
      `${Math.floor(remainingMs)} ms are left, and calls need ${Math.ceil(expectedMs)} ms`,
    );
    this.expectedMs = expectedMs;
    this.remainingMs = remainingMs;
  }

  override get name(): string {
    return 'TooLateError';
  }
}

/** Whether `error` is a {@link TooLateError}. */
export function isTooLateError(error: unknown): error is TooLateError {
  return hasCode(error, 'EVENKEEL_TOO_LATE');
}
