/**
 * Trip rules: when has something failed too often? The same rules serve the circuit breaker, where they open it,
 * and the health tracker, where they eject an endpoint and are called detectors.
 *
 * A rule is a description; `counter()` makes the state that one breaker or one endpoint keeps.
 */
import type { OutcomeKind, OutcomeReason } from './outcome.ts';

export interface TripRule {
  /** Whether the rule looks at time; one that does not spares its user the reading of a clock. */
  readonly timed: boolean;
  counter(): TripCounter;
}

export interface TripCounter {
  /** Counts an outcome; answers whether the rule trips now. The reason is what else is known of the outcome. */
  record(kind: OutcomeKind, durationMs: number, nowMs: number, reason?: OutcomeReason): boolean;
  /** Whether a success would change nothing; spares its user the visit. */
  readonly calm: boolean;
  /** Forgets what it has counted. */
  reset(): void;
  /** Why it tripped, in words. */
  reason(): string;
}
