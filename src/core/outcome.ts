/**
 * Outcomes: what an attempt meant for the endpoint that served it.
 *
 * An attempt is classified once, by the innermost layer that has a `classify` option, and the verdict travels
 * with the call; so the balancer, the health tracker, the breaker and the retry can never disagree about it.
 */
import { isOptionError, isTimeoutError } from './errors.ts';
import { neverLeft } from './repeat.ts';

/**
 * - `success`: the endpoint did its work.
 * - `failure`: it did not, and should have.
 * - `overload`: it refused because it, or its guard, is busy; a hint may say for how long.
 * - `ignored`: says nothing about the endpoint (the caller left, another attempt won).
 */
export type OutcomeKind = 'success' | 'failure' | 'overload' | 'ignored';

/**
 * What else is known of an outcome, for those who judge endpoints by it:
 * - `unsent`: a failure that never left this machine: no connection, no such name, a certificate refused.
 * - `timeout`: a failure for lack of time.
 * - `stalled`: the same in a process that was itself held up, so that its timer rang late.
 * - `denied`: a success, because the endpoint has answered, but it refused who asks (401, 403).
 *
 * The first two are what Envoy calls errors of local origin.
 */
export type OutcomeReason = 'unsent' | 'timeout' | 'stalled' | 'denied';

/** A verdict on one attempt. */
export interface Outcome {
  readonly kind: OutcomeKind;
  /** Milliseconds the endpoint asked us to stay away; 0 without a hint. */
  readonly retryAfterMs: number;
  /** Beyond the kind; `undefined` if nothing is known, as of a server's own error. */
  readonly reason?: OutcomeReason | undefined;
}

/**
 * Judges how an attempt settled. Answer with a kind, or with an {@link Outcome} where there is a hint.
 *
 * A classifier that throws counts as `failure` for the attempt it could not judge.
 */
export type Classify = (settled: PromiseSettledResult<unknown>) => OutcomeKind | Outcome;

export const SUCCESS: Outcome = { kind: 'success', retryAfterMs: 0 };
export const FAILURE: Outcome = { kind: 'failure', retryAfterMs: 0 };
export const OVERLOAD: Outcome = { kind: 'overload', retryAfterMs: 0 };
export const IGNORED: Outcome = { kind: 'ignored', retryAfterMs: 0 };
export const UNSENT: Outcome = { kind: 'failure', retryAfterMs: 0, reason: 'unsent' };
export const TIMED_OUT: Outcome = { kind: 'failure', retryAfterMs: 0, reason: 'timeout' };
export const STALLED: Outcome = { kind: 'failure', retryAfterMs: 0, reason: 'stalled' };
export const DENIED: Outcome = { kind: 'success', retryAfterMs: 0, reason: 'denied' };

/** A timer that rings so much later than it was set for says that this process was held up, and nothing else. */
export const STALL_MS = 500;

export function outcomeOf(kind: OutcomeKind): Outcome {
  return kind === 'success'
    ? SUCCESS
    : kind === 'failure'
      ? FAILURE
      : kind === 'overload'
        ? OVERLOAD
        : IGNORED;
}

/**
 * Without a classifier: what throws is a failure, or an overload if the error has a `retryAfterMs`, as those of
 * evenkeel's own guards do when they refuse a call.
 */
export function outcomeOfError(error: unknown): Outcome {
  // A mistake of the program's: nobody has failed, and another attempt would make it again.
  if (isOptionError(error)) return IGNORED;
  const hint = (error as { retryAfterMs?: unknown } | null | undefined)?.retryAfterMs;
  if (typeof hint !== 'number' || !(hint >= 0)) return failureOf(error);
  return hint === 0 ? OVERLOAD : { kind: 'overload', retryAfterMs: hint };
}

/** The failure that this error is, with its reason if it tells one. */
export function failureOf(error: unknown): Outcome {
  if (isTimeoutError(error)) return outcomeOfAbort(error);
  return neverLeft(error) ? UNSENT : FAILURE;
}

/** An abort for lack of time is the endpoint's failure; any other abort says nothing about it. */
export function outcomeOfAbort(reason: unknown): Outcome {
  if (!isTimeoutError(reason)) return IGNORED;
  const { lateMs } = reason as { readonly lateMs?: unknown };
  return typeof lateMs === 'number' && lateMs >= STALL_MS ? STALLED : TIMED_OUT;
}
