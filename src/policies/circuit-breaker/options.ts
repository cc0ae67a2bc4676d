/** What a circuit breaker may be told, what it shows, and the checks of it. */
import {
  checkCount,
  checkDuration,
  checkFunction,
  checkInterval,
  checkNumber,
  checkPort,
} from '../../core/options.ts';
import type { Classify } from '../../core/outcome.ts';
import type { Random } from '../../core/random.ts';
import type { TripRule } from '../../core/trip-rule.ts';
import type { BreakerTimes, CircuitBreakerState } from '../../structures/breaker-machine.ts';
import type { Guard, GuardOptions } from '../guard.ts';

export interface CircuitBreakerOptions extends GuardOptions {
  /** When to open. @defaultValue `consecutiveFailures({ failures: 5 })` */
  readonly trip?: TripRule;
  /** Milliseconds before a probe is let through. @defaultValue 10_000 */
  readonly openMs?: number;
  /**
   * Milliseconds up to which `openMs` doubles with each opening in a row, half of it jittered, and to which a server's
   * `Retry-After` may lengthen it. @defaultValue `openMs`: it stays the same
   */
  readonly maxOpenMs?: number;
  /** How many calls are let through to find out whether it is back. @defaultValue 1 */
  readonly probes?: number;
  /** How many of the probes must succeed. @defaultValue `probes`: all of them */
  readonly successes?: number;
  /** How many calls may wait for what the probes find out. @defaultValue 0: they are refused */
  readonly maxQueue?: number;
  /** Milliseconds a call may wait for that. @defaultValue 1_000 */
  readonly queueTimeoutMs?: number;
  /** Judges how a call settled, where no inner layer has. @defaultValue what throws has failed */
  readonly classify?: Classify;
  readonly random?: Random;
}

/** What {@link circuitBreaker} makes. */
export interface CircuitBreaker extends Guard<CircuitBreakerOptions, CircuitBreakerSnapshot> {
  /** The state now; computed when read, no timer runs. */
  readonly state: 'closed' | 'open' | 'half-open';
  /** Holds it open by hand until what this answers is called; several hands may hold it. */
  isolate(): () => void;
  /** Closes it by hand, and forgets what was counted. It stays open while somebody isolates it. */
  reset(): void;
  /** Its state as plain data, for another process or a later one; isolation is not part of it. */
  export(): CircuitBreakerState;
  /** Takes over a state that was exported so many milliseconds ago (0 unless said otherwise). */
  hydrate(state: CircuitBreakerState, agoMs?: number): void;
}

export interface CircuitBreakerSnapshot {
  readonly state: 'closed' | 'open' | 'half-open';
  /** Milliseconds until a call may go through; 0 if one may now, `Infinity` while it is isolated. */
  readonly retryAfterMs: number;
  /** How often it has opened. */
  readonly opened: number;
  /** Calls refused while it was open. */
  readonly refused: number;
  /** Calls that wait for what the probes find out. */
  readonly waiting: number;
  /** Whether somebody holds it open by hand. */
  readonly isolated: boolean;
  /** Why it opened last. */
  readonly reason: string | undefined;
}

/** The checked options. */
export interface Rules extends BreakerTimes {
  readonly trip: TripRule;
  readonly maxQueue: number;
  readonly queueTimeoutMs: number;
  readonly classify: Classify | undefined;
}

export function rulesOf(options: CircuitBreakerOptions, usualTrip: TripRule): Rules {
  const where = 'circuitBreaker';
  const { classify } = options;
  const openMs = checkInterval(where, 'openMs', options.openMs ?? 10_000);
  const probes = checkCount(where, 'probes', options.probes ?? 1);
  const successes = checkCount(where, 'successes', options.successes ?? probes);
  return {
    trip: checkPort(where, 'trip', options.trip ?? usualTrip, 'counter'),
    openMs,
    maxOpenMs: checkNumber(where, 'maxOpenMs', options.maxOpenMs ?? openMs, openMs),
    probes,
    successes: checkNumber(where, 'successes', successes, 1, probes),
    maxQueue: checkCount(where, 'maxQueue', options.maxQueue ?? 0, 0),
    queueTimeoutMs: checkDuration(where, 'queueTimeoutMs', options.queueTimeoutMs ?? 1000),
    classify: classify && checkFunction(where, 'classify', classify),
  };
}
