/**
 * The port between those who pick endpoints and those who know how well they are. The balancer knows this port,
 * not the health room; any tracker that keeps it can be plugged in.
 */
import type { Endpoint } from './endpoint.ts';
import type { Outcome } from './outcome.ts';

/** How well an endpoint is: lower is better, and a pick compares this first. */
export type Rank = 0 | 1 | 2 | 3;
export const HEALTHY = 0;
export const DEGRADED = 1;
export const EJECTED = 2;
export const DEAD = 3;

/** How well an endpoint is, as users see it. */
export type Status = 'healthy' | 'degraded' | 'unhealthy';

export function statusOf(rank: Rank): Status {
  return rank === HEALTHY ? 'healthy' : rank === DEGRADED ? 'degraded' : 'unhealthy';
}

/** What a tracker keeps of one endpoint, held by whoever picks. */
export interface EndpointHealth {
  readonly rank: Rank;
  /** Why it is not healthy; `undefined` if it is. */
  readonly reason: string | undefined;
  /** Whether it is known to be well, not only believed to be because nothing is known. */
  readonly confirmed: boolean;
  /** The generation that ordinary calls begin in; it changes whenever the rank does. */
  readonly ticket: number;
  /** When its rank changed last; `-Infinity` if it never has. */
  readonly sinceMs: number;
  /**
   * Asks to find out by one call whether the endpoint has recovered. Answers with the ticket to report it with,
   * or `undefined` if it is not time, or another caller is finding out.
   */
  admitTrial(nowMs: number): number | undefined;
  /** How a call went. One that began in another generation changes nothing (law 7). */
  report(ticket: number, outcome: Outcome, latencyMs: number, nowMs: number): void;
}

/** A tracker, as whoever picks knows it. */
export interface HealthPort<E> {
  /** When the next endpoint may be given a trial call; `Infinity` if none waits for one. */
  readonly nextTrialMs: number;
  /** Goes up whenever the rank or confirmation of an endpoint changes. */
  readonly revision: number;
  /** Whether this process seems cut off from most endpoints at once: no time to blame any of them. */
  readonly isolated?: boolean;
  /**
   * From now on `owner` uses exactly these endpoints; answers with their health, in the same order. One tracker
   * may serve several owners, and keeps an endpoint until none of them uses it.
   */
  track(owner: object, endpoints: readonly Endpoint<E>[]): readonly EndpointHealth[];
  /** The first call is about to be made: probes may begin. */
  start(): void;
  /** Whether it keeps aspects apart at all; else nobody needs to ask for one. */
  readonly aspects?: boolean;
  /**
   * The same tracker as it judges what this request is about, if it keeps aspects apart: the same object for every
   * request of that aspect.
   */
  aspect?(request: unknown): HealthPort<E>;
  /** Calls `changed` whenever an endpoint's rank or confirmation changes; answers with how to stop that. */
  subscribe(changed: () => void): () => void;
}
