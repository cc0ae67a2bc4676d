/**
 * Whose failure is it? Errors of local origin (no connection, no time) tell of the way to an endpoint, others of
 * the endpoint itself; a rule may be shown either alone (Envoy, `split_external_local_origin_errors`).
 */
import { checkPort } from './options.ts';
import type { OutcomeKind, OutcomeReason } from './outcome.ts';
import type { TripCounter, TripRule } from './trip-rule.ts';

/** Whether an outcome is of local origin: it never left this machine, or had no answer in time. */
export function isLocal(reason: OutcomeReason | undefined): boolean {
  return reason === 'unsent' || reason === 'timeout';
}

/**
 * The same rule, for errors of local origin alone: calls that never left this machine, or had no answer in time.
 * Any answer is a good one to it, a server's own error too.
 *
 * Where connections fail, few failures prove much: such a rule may be far stricter than one for all failures. Not
 * alone, because it never sees an endpoint that answers every call with an error; `serverErrors` does.
 *
 * @throws {@link OptionError} for what is not a trip rule
 * @example
 * ```ts
 * import { consecutiveFailures, healthTracker, localErrors, serverErrors } from 'evenkeel';
 * const health = healthTracker<string>({
 *   detectors: [
 *     localErrors(consecutiveFailures({ failures: 2 })),
 *     serverErrors(consecutiveFailures({ failures: 5 })),
 *   ],
 * });
 * health.watch(['a', 'b', 'c']);
 * for (const _ of [1, 2]) {
 *   health.report('a', 'failure');
 *   health.report('b', { kind: 'failure', retryAfterMs: 0, reason: 'unsent' });
 *   health.report('c', 'success');
 * }
 * if (health.status('a') !== 'healthy') throw new Error('two errors of its own are few');
 * if (health.status('b') !== 'unhealthy') throw new Error('two connections refused are enough');
 * ```
 */
export function localErrors(rule: TripRule): TripRule {
  return shown('localErrors', rule, (kind, reason) =>
    kind === 'failure' && !isLocal(reason) ? 'success' : kind,
  );
}

/**
 * The same rule, for what endpoints answer alone: errors of local origin neither count nor end a row.
 *
 * Not alone, because it never sees an endpoint that cannot be reached; `localErrors` does, which has an example
 * of both.
 *
 * @throws {@link OptionError} for what is not a trip rule
 */
export function serverErrors(rule: TripRule): TripRule {
  return shown('serverErrors', rule, (kind, reason) => (isLocal(reason) ? 'ignored' : kind));
}

type Shows = (kind: OutcomeKind, reason: OutcomeReason | undefined) => OutcomeKind;

function shown(where: string, rule: TripRule, shows: Shows): TripRule {
  checkPort(where, 'rule', rule, 'counter');
  return { timed: rule.timed, counter: () => new ShownCounter(rule.counter(), shows, where) };
}

class ShownCounter implements TripCounter {
  readonly #inner: TripCounter;
  readonly #shows: Shows;
  readonly #where: string;

  constructor(inner: TripCounter, shows: Shows, where: string) {
    this.#inner = inner;
    this.#shows = shows;
    this.#where = where;
  }

  record(kind: OutcomeKind, durationMs: number, nowMs: number, reason?: OutcomeReason): boolean {
    return this.#inner.record(this.#shows(kind, reason), durationMs, nowMs, reason);
  }

  get calm(): boolean {
    return this.#inner.calm;
  }

  reset(): void {
    this.#inner.reset();
  }

  reason(): string {
    return `${this.#inner.reason()}, of ${this.#where === 'localErrors' ? 'local origin' : 'its own'}`;
  }
}
