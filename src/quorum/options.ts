/**
 * The options that every quorum function shares. They are read at each call, so they are checked by hand: a table
 * of checks would cost more than the fan-out.
 */
import type { Clock } from '../core/clock.ts';
import { OptionError } from '../core/errors.ts';
import type { Observer } from '../core/observer.ts';
import { checkInterval } from '../core/options.ts';
import type { QuorumRule } from './poll.ts';

export interface QuorumOptions<R> {
  /** All replicas there are, also those known to be down: the quorum is counted over the configured number. */
  readonly replicas: readonly R[];
  /**
   * How many votes it takes; from 1 to the number of replicas. `majority(replicas.length)` is the usual one. Or a
   * rule, for replicas that weigh differently or stand in groups: {@link weighted}, {@link localQuorum},
   * {@link eachQuorum}, {@link majorityOfGroups}.
   */
  readonly required: number | QuorumRule<R>;
  /** Milliseconds after which a silent replica is a vote against. @defaultValue 5_000 */
  readonly replicaTimeoutMs?: number;
  /** Milliseconds that the whole call may take. @defaultValue 10_000 */
  readonly timeoutMs?: number;
  readonly clock?: Clock;
  readonly observer?: Observer;
  /** Appears in events. */
  readonly name?: string;
}

const REPLICA_TIMEOUT_MS = 5_000;
const TIMEOUT_MS = 10_000;
/** Up to here comparing each with each is faster than building a Set. */
const FEW = 16;

export function checkQuorum<R>(where: string, options: QuorumOptions<R>): void {
  const { replicas, required } = options;
  if (!Array.isArray(replicas) || replicas.length === 0) {
    throw new OptionError(where, 'replicas', replicas, 'a list of at least one');
  }
  if (typeof required === 'object' && typeof required?.open === 'function') {
    // A rule: it checks itself against the replicas when it is opened.
  } else if (
    !Number.isInteger(required) ||
    (required as number) < 1 ||
    (required as number) > replicas.length
  ) {
    throw new OptionError(where, 'required', required, `a whole number from 1 to ${replicas.length}`);
  }
  if (hasDuplicate(replicas)) {
    throw new OptionError(where, 'replicas', replicas, 'a list in which each replica is there once');
  }
}

export function replicaTimeoutOf<R>(where: string, options: QuorumOptions<R>): number {
  return checkInterval(where, 'replicaTimeoutMs', options.replicaTimeoutMs ?? REPLICA_TIMEOUT_MS);
}

export function timeoutOf<R>(where: string, options: QuorumOptions<R>): number {
  return checkInterval(where, 'timeoutMs', options.timeoutMs ?? TIMEOUT_MS);
}

/**
 * The limit of a read that is worth a timer: if all are asked at once, and that is all, then after `replicaTimeoutMs`
 * they have replied or failed anyway.
 */
export function outerLimitOf<R>(where: string, options: QuorumOptions<R>, atOnce: boolean): number {
  const timeoutMs = timeoutOf(where, options);
  return !atOnce || timeoutMs < replicaTimeoutOf(where, options) ? timeoutMs : Infinity;
}

function hasDuplicate(replicas: readonly unknown[]): boolean {
  if (replicas.length > FEW) return new Set(replicas).size < replicas.length;
  for (let index = 1; index < replicas.length; index++) {
    if (replicas.includes(replicas[index - 1], index)) return true;
  }
  return false;
}
