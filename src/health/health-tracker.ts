/**
 * The health tracker: who is well? Learns from calls (detectors eject for a while), from checks of its own (probes
 * declare dead and alive) and from what servers say of themselves, and serves any balancer through the port in
 * core/health.ts.
 */
import type { Endpoint } from '../core/endpoint.ts';
import type { HealthPort, Status } from '../core/health.ts';
import type { Outcome, OutcomeKind } from '../core/outcome.ts';
import type { Condition } from './condition.ts';
import type { HealthTrackerOptions } from './options.ts';
import type { HealthSnapshot } from './snapshot.ts';
import { Tracker } from './tracker.ts';

export type { EndpointSnapshot, HealthSnapshot, Standing } from './snapshot.ts';

/** What {@link healthTracker} makes. */
export interface HealthTracker<E> extends HealthPort<E> {
  readonly isolated: boolean;
  aspect(request: unknown): HealthPort<E>;
  /**
   * How well an endpoint is; one that is not tracked is taken as healthy. `'degraded'` says of an ejected one
   * that its time is over and a call should try it.
   */
  status(address: E | Endpoint<E>, aspect?: string): Status;
  /** Says how a call went, where no balancer does. */
  report(address: E | Endpoint<E>, outcome: OutcomeKind | Outcome, latencyMs?: number, aspect?: string): void;
  /**
   * Says what a server has said of itself elsewhere than in a check, for instance in a header or by closing a
   * stream: it counts until it says otherwise in the same way, beside what its checks answer.
   */
  announce(address: E | Endpoint<E>, condition: Condition): void;
  /** Follows exactly these endpoints, without a balancer, and begins to probe them. */
  watch(endpoints: readonly (E | Endpoint<E>)[]): void;
  snapshot(): HealthSnapshot<E>;
  /** Stops all probes; nothing of it keeps running. */
  dispose(): void;
  [Symbol.dispose](): void;
}

/**
 * Tracks the health of endpoints by what calls and checks say of them.
 *
 * An endpoint that trips a detector is ejected for a time that doubles with each ejection in a row, half of it
 * jittered; then a single call is let through to find out. No more than `maxEjectedShare` of the endpoints are
 * out at once, though one always may be. What is reported about an earlier generation changes nothing.
 *
 * Nobody is blamed for what this process did to itself: what timed out while it was held up does not count, and
 * while most endpoints cannot be reached at once (`isolated`) nobody is ejected for that.
 *
 * Give it to `balance` as `health`, or use it alone with `watch`, `report` and `status`. Probes start at a
 * balancer's first call, or at `watch`. Not a judge of the caller's own errors: classify those as `ignored`.
 *
 * @throws {@link OptionError} at construction for an option out of its range
 * @example
 * ```ts
 * import { consecutiveFailures, healthTracker } from 'evenkeel';
 * const health = healthTracker<string>({ detectors: [consecutiveFailures({ failures: 2 })] });
 * health.watch(['a', 'b', 'c']);
 * health.report('a', 'failure');
 * health.report('a', 'failure');
 * if (health.status('a') !== 'unhealthy') throw new Error(health.status('a'));
 * ```
 */
export function healthTracker<E>(options: HealthTrackerOptions<E> = {}): HealthTracker<E> {
  const tracker = new Tracker(options);
  // Where the platform has no Symbol.dispose, dispose() is there all the same.
  const stop = Symbol.dispose === undefined ? {} : { [Symbol.dispose]: () => tracker.dispose() };
  return Object.assign(tracker, stop) as Tracker<E> & Disposable;
}
