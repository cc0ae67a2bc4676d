/**
 * The port between those who pick endpoints and those who know how well they are. The balancer knows this port,
 * not the health room; any tracker that keeps it can be plugged in.
 */
import type { Endpoint } from './endpoint.ts';
import type { Outcome } from './outcome.ts';

/** How well an endpoint is: lower is better, and a pick compares this first. */
export const HEALTHY = 0;
export const DEGRADED = 1;
export const EJECTED = 2;
export const DEAD = 3;
export type Rank = 0 | 1 | 2 | 3;

/** The same as users see it. */
export type Status = 'healthy' | 'degraded' | 'unhealthy';

export function statusOf(rank: Rank): Status {
  return rank === HEALTHY ? 'healthy' : rank === DEGRADED ? 'degraded' : 'unhealthy';
}

/** What a tracker keeps of one endpoint, held by whoever picks. */
export interface EndpointHealth {
  /** How well it is at `nowMs`. */
  rank(nowMs: number): Rank;
  /** Why it is not healthy; `undefined` if it is. */
  reason(nowMs: number): string | undefined;
  /**
   * Whether one call should be sent there to find out if it has recovered. True for one caller at a time: who
   * gets `true` must send, and report with the ticket.
   */
  admitTrial(nowMs: number): boolean;
  /** The present generation; what is reported with an older one changes nothing (law 7). */
  readonly ticket: number;
  /** How an attempt went that began under `ticket`. */
  report(ticket: number, outcome: Outcome, latencyMs: number, nowMs: number): void;
}

/** A tracker, as the balancer knows it. */
export interface HealthPort<E> {
  /** Follows exactly these endpoints from now on and answers with their health, in the same order. */
  track(endpoints: readonly Endpoint<E>[]): readonly EndpointHealth[];
  /** Called at the first call through a balancer: probes may begin. */
  start(): void;
  /** How many endpoints wait for a trial call. */
  trialsDue(nowMs: number): number;
}
