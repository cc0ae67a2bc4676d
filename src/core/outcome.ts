/**
 * Outcomes: what an attempt meant for the endpoint that served it.
 *
 * An attempt is classified once, by the innermost layer that has a `classify` option, and the verdict travels
 * with the call; so the balancer, the health tracker, the breaker and the retry can never disagree about it.
 */
import { isOptionError, isTimeoutError } from './errors.ts';

/**
 * - `success`: the endpoint did its work.
 * - `failure`: it did not, and should have.
 * - `overload`: it refused because it, or its guard, is busy; a hint may say for how long.
 * - `ignored`: says nothing about the endpoint (the caller left, another attempt won).
 */
export type OutcomeKind = 'success' | 'failure' | 'overload' | 'ignored';

/** A verdict on one attempt. */
export interface Outcome {
  readonly kind: OutcomeKind;
  /** Milliseconds the endpoint asked us to stay away; 0 without a hint. */
  readonly retryAfterMs: number;
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
  if (typeof hint !== 'number' || !(hint >= 0)) return FAILURE;
  return hint === 0 ? OVERLOAD : { kind: 'overload', retryAfterMs: hint };
}

/** An abort for lack of time is the endpoint's failure; any other abort says nothing about it. */
export function outcomeOfAbort(reason: unknown): Outcome {
  return isTimeoutError(reason) ? FAILURE : IGNORED;
}
