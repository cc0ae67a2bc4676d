/**
 * Several trackers as one: whoever knows of health by itself (a service mesh, a cluster's own membership) is heard
 * beside the calls. Health is an ordered rank, so merging is taking the worst, or the best (Finagle, `Status`).
 */
import type { Endpoint } from '../core/endpoint.ts';
import { OptionError } from '../core/errors.ts';
import type { EndpointHealth, HealthPort } from '../core/health.ts';
import { checkPort } from '../core/options.ts';
import { MergedHealth, type Rule } from './merged-health.ts';

/**
 * An endpoint is as well as the most pessimistic of these trackers says: any of them can take it out.
 *
 * All of them hear of every call. Not for two trackers with the same detectors, which would only eject twice: give
 * one of them both lists.
 *
 * @throws {@link OptionError} for what is no tracker, and for none at all
 * @example
 * ```ts
 * import { balance, healthTracker, worstOf } from 'evenkeel';
 * const [calls, mesh] = [healthTracker<string>(), healthTracker<string>()];
 * const call = balance({
 *   endpoints: ['a', 'b'],
 *   send: async (host) => host,
 *   health: worstOf(calls, mesh),
 * });
 * mesh.announce('a', 'draining');
 * for (let n = 0; n < 20; n++) if ((await call()) !== 'b') throw new Error('the mesh says that it is draining');
 * ```
 */
export function worstOf<E>(...trackers: readonly HealthPort<E>[]): HealthPort<E> {
  return new Merged(checkTrackers('worstOf', trackers), 'worst');
}

/**
 * An endpoint is as well as the most optimistic of these trackers says: it is out only where all agree.
 *
 * All of them hear of every call. Not for detectors that see different faults, because then an endpoint has to have
 * all of them at once.
 *
 * @throws {@link OptionError} for what is no tracker, and for none at all
 * @example
 * ```ts
 * import { balance, bestOf, healthTracker } from 'evenkeel';
 * const [one, other] = [healthTracker<string>(), healthTracker<string>()];
 * const call = balance({
 *   endpoints: ['a', 'b'],
 *   send: async (host) => host,
 *   health: bestOf(one, other),
 * });
 * one.announce('a', 'draining');
 * if (call.endpoints()[0]?.status !== 'healthy') throw new Error('the other one does not say so');
 * other.announce('a', 'draining');
 * if (call.endpoints()[0]?.status !== 'unhealthy') throw new Error('both say so');
 * ```
 */
export function bestOf<E>(...trackers: readonly HealthPort<E>[]): HealthPort<E> {
  return new Merged(checkTrackers('bestOf', trackers), 'best');
}

function checkTrackers<E>(where: string, trackers: readonly HealthPort<E>[]): readonly HealthPort<E>[] {
  if (trackers.length === 0) throw new OptionError(where, 'trackers', trackers, 'at least one');
  return trackers.map((tracker) => checkPort(where, 'trackers', tracker, 'track'));
}

class Merged<E> implements HealthPort<E> {
  readonly #trackers: readonly HealthPort<E>[];
  readonly #rule: Rule;
  // By the first part: whoever asks twice about an endpoint gets the same health twice.
  readonly #merged = new WeakMap<EndpointHealth, MergedHealth>();
  readonly #views: Merged<E>[] = [];

  constructor(trackers: readonly HealthPort<E>[], rule: Rule) {
    this.#trackers = trackers;
    this.#rule = rule;
  }

  get nextTrialMs(): number {
    return Math.min(...this.#trackers.map(({ nextTrialMs }) => nextTrialMs));
  }

  get revision(): number {
    return this.#trackers.reduce((sum, { revision }) => sum + revision, 0);
  }

  get isolated(): boolean {
    return this.#trackers.some(({ isolated }) => isolated === true);
  }

  track(owner: object, endpoints: readonly Endpoint<E>[]): readonly EndpointHealth[] {
    const tracked = this.#trackers.map((tracker) => tracker.track(owner, endpoints));
    return endpoints.map((_, index) =>
      this.#merge(tracked.map((healths) => healths[index] as EndpointHealth)),
    );
  }

  start(): void {
    for (const tracker of this.#trackers) tracker.start();
  }

  get aspects(): boolean {
    return this.#trackers.some(({ aspects }) => aspects === true);
  }

  /** As many views as the trackers have aspects together. */
  aspect(request: unknown): HealthPort<E> {
    const trackers = this.#trackers.map((tracker) => tracker.aspect?.(request) ?? tracker);
    if (this.#isOf(trackers)) return this;
    let view = this.#views.find((one) => one.#isOf(trackers));
    if (view === undefined) this.#views.push((view = new Merged(trackers, this.#rule)));
    return view;
  }

  subscribe(changed: () => void): () => void {
    const stops = this.#trackers.map((tracker) => tracker.subscribe(changed));
    return () => {
      for (const stop of stops) stop();
    };
  }

  #isOf(trackers: readonly HealthPort<E>[]): boolean {
    return trackers.every((tracker, index) => tracker === this.#trackers[index]);
  }

  #merge(parts: readonly EndpointHealth[]): MergedHealth {
    const first = parts[0] as EndpointHealth;
    let health = this.#merged.get(first);
    if (health?.isOf(parts) !== true) this.#merged.set(first, (health = new MergedHealth(parts, this.#rule)));
    return health;
  }
}
