/** A tracker that follows a, b, c, d in virtual time, and what it has told. */
import type { HealthTrackerOptions, ObserverEvent, Outcome, OutcomeKind } from 'evenkeel';
import { healthTracker } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';

export const HOSTS = ['a', 'b', 'c', 'd'];

export const unsent: Outcome = { kind: 'failure', retryAfterMs: 0, reason: 'unsent' };
export const timedOut: Outcome = { kind: 'failure', retryAfterMs: 0, reason: 'timeout' };
export const stalled: Outcome = { kind: 'failure', retryAfterMs: 0, reason: 'stalled' };
export const denied: Outcome = { kind: 'success', retryAfterMs: 0, reason: 'denied' };

export function tracked(options: Partial<HealthTrackerOptions<string>> = {}, hosts = HOSTS) {
  const clock = virtualClock();
  const events: ObserverEvent[] = [];
  const health = healthTracker<string>({
    clock,
    random: () => 0.5,
    observer: (event) => events.push(event),
    ...options,
  });
  health.watch(hosts);
  return {
    clock,
    events,
    health,
    /** Reports the same so many times. */
    times: (count: number, host: string, outcome: OutcomeKind | Outcome, latencyMs = 1): void => {
      for (let n = 0; n < count; n++) health.report(host, outcome, latencyMs);
    },
    types: () => events.map(({ type }) => type),
    statuses: () => hosts.map((host) => health.status(host)),
  };
}
