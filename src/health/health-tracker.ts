/**
 * The health tracker: who is well? Learns from calls (detectors eject for a while) and from checks of its own
 * (probes declare dead and alive), and serves any balancer through the port in core/health.ts.
 */
import { type Clock, systemClock } from '../core/clock.ts';
import { consecutiveFailures } from '../core/consecutive-failures.ts';
import { type Endpoint, nameOf, toEndpoints } from '../core/endpoint.ts';
import { type EndpointHealth, type HealthPort, type Status, statusOf } from '../core/health.ts';
import { Reporter } from '../core/observer.ts';
import { checkDuration, checkInterval, checkOneOf } from '../core/options.ts';
import { type OutcomeKind, outcomeOf } from '../core/outcome.ts';
import { type Random, systemRandom } from '../core/random.ts';
import type { TripRule } from '../core/trip-rule.ts';
import type { EjectionTimes } from '../structures/ejection.ts';
import {
  type CheckedProbe,
  checkDetectors,
  checkProbe,
  checkShare,
  type HealthTrackerOptions,
} from './options.ts';
import { Patient, type Ward } from './patient.ts';
import { Prober } from './prober.ts';

/** What {@link healthTracker} makes. */
export interface HealthTracker<E> extends HealthPort<E> {
  /**
   * How well an endpoint is; one that is not tracked is taken as healthy. `'degraded'` says of an ejected one
   * that its time is over and a call should try it.
   */
  status(address: E | Endpoint<E>): Status;
  /** Says how a call went, where no balancer does. */
  report(address: E | Endpoint<E>, outcome: OutcomeKind, latencyMs?: number): void;
  /** Follows exactly these endpoints, without a balancer, and begins to probe them. */
  watch(endpoints: readonly (E | Endpoint<E>)[]): void;
  snapshot(): HealthSnapshot<E>;
  /** Stops all probes; nothing of it keeps running. */
  dispose(): void;
  [Symbol.dispose](): void;
}

export interface HealthSnapshot<E> {
  readonly endpoints: readonly {
    readonly endpoint: E;
    readonly status: Status;
    readonly reason: string | undefined;
  }[];
  /** Endpoints out by ejection. */
  readonly ejected: number;
}

/**
 * Tracks the health of endpoints by what calls and checks say of them.
 *
 * An endpoint that trips a detector is ejected for a time that doubles with each ejection in a row, half of it
 * jittered; then a single call is let through to find out. No more than `maxEjectedShare` of the endpoints are
 * out at once, though one always may be. What is reported about an earlier generation changes nothing.
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

/** A tracked endpoint, and who uses it. */
interface Entry<E> {
  readonly patient: Patient;
  readonly address: E;
  readonly owners: Set<object>;
}

class Tracker<E> implements HealthPort<E>, Ward {
  readonly times: EjectionTimes;
  readonly probed: boolean;
  nextTrialMs = Infinity;
  revision = 0;
  readonly #detectors: readonly TripRule[];
  readonly #maxShare: number;
  readonly #probe: CheckedProbe<E> | undefined;
  readonly #prober: Prober<E> | undefined;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #reporter: Reporter;
  readonly #entries = new Map<unknown, Entry<E>>();
  readonly #listeners = new Set<() => void>();
  #probing = false;
  #ejected = 0;

  constructor(options: HealthTrackerOptions<E>) {
    const baseMs = checkInterval('healthTracker', 'ejectionMs', options.ejectionMs ?? 5000);
    const maxMs = checkInterval('healthTracker', 'maxEjectionMs', options.maxEjectionMs ?? 300_000);
    this.times = { baseMs, maxMs };
    this.#maxShare = checkShare(options.maxEjectedShare ?? 0.5);
    this.#detectors = checkDetectors(options.detectors ?? [consecutiveFailures()]);
    this.#probe = options.probe && checkProbe(options.probe);
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? systemRandom;
    this.#prober = this.#probe && new Prober(this.#probe, this.#clock, this.#random);
    this.probed = this.#probe !== undefined;
    this.#reporter = new Reporter('health', options);
  }

  track(owner: object, endpoints: readonly Endpoint<E>[]): readonly EndpointHealth[] {
    const used = new Set(endpoints.map(({ id }) => id));
    for (const [id, entry] of this.#entries) {
      if (!used.has(id) && entry.owners.delete(owner) && entry.owners.size === 0) this.#forget(id, entry);
    }
    return endpoints.map((endpoint) => this.#follow(owner, endpoint));
  }

  start(): void {
    if (this.#prober === undefined || this.#probing) return;
    this.#probing = true;
    for (const entry of this.#entries.values()) this.#beginProbes(entry);
  }

  subscribe(changed: () => void): () => void {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  }

  watch(endpoints: readonly (E | Endpoint<E>)[]): void {
    this.track(this, toEndpoints('healthTracker.watch', 'endpoints', endpoints));
    this.start();
  }

  status(address: E | Endpoint<E>): Status {
    const patient = this.#patient(address);
    if (patient === undefined) return 'healthy';
    return patient.ejected && patient.trialMs <= this.#clock.now() ? 'degraded' : statusOf(patient.rank);
  }

  report(address: E | Endpoint<E>, outcome: OutcomeKind, latencyMs: number = 0): void {
    checkOneOf('healthTracker.report', 'outcome', outcome, ['success', 'failure', 'overload', 'ignored']);
    checkDuration('healthTracker.report', 'latencyMs', latencyMs);
    const patient = this.#patient(address);
    if (patient === undefined) return;
    const nowMs = this.#clock.now();
    // Without a balancer nobody asks for trials: once the time is over, the next report is the trial.
    patient.report(patient.admitTrial(nowMs) ?? patient.ticket, outcomeOf(outcome), latencyMs, nowMs);
  }

  snapshot(): HealthSnapshot<E> {
    const endpoints = [...this.#entries.values()].map(({ address, patient }) => ({
      endpoint: address,
      status: statusOf(patient.rank),
      reason: patient.reason,
    }));
    return { endpoints, ejected: this.#ejected };
  }

  dispose(): void {
    for (const { patient } of this.#entries.values()) this.#prober?.stop(patient);
    this.#probing = false;
  }

  // The ward: what one patient may know of the others.

  mayEject(): boolean {
    return this.#ejected === 0 || (this.#ejected + 1) / this.#entries.size <= this.#maxShare;
  }

  draw(): number {
    return this.#random();
  }

  changed(patient: Patient, type: string, reason: string): void {
    this.revision++;
    this.#recount();
    if (this.#reporter.on)
      this.#reporter.tell(type, { endpoint: patient.label, status: statusOf(patient.rank), reason });
    for (const listener of this.#listeners) listener();
  }

  #recount(): void {
    let [ejected, nextTrialMs] = [0, Infinity];
    for (const { patient } of this.#entries.values()) {
      if (patient.ejected) ejected++;
      nextTrialMs = Math.min(nextTrialMs, patient.trialMs);
    }
    this.#ejected = ejected;
    this.nextTrialMs = nextTrialMs;
  }

  #patient(address: E | Endpoint<E>): Patient | undefined {
    const known = this.#entries.get(address);
    const id =
      known === undefined && typeof address === 'object' && address !== null && 'id' in address
        ? address.id
        : address;
    return (known ?? this.#entries.get(id))?.patient;
  }

  #follow(owner: object, endpoint: Endpoint<E>): Patient {
    let entry = this.#entries.get(endpoint.id);
    if (entry === undefined) {
      const patient = new Patient(nameOf(endpoint), this.#detectors, this);
      entry = { patient, address: endpoint.address, owners: new Set() };
      this.#entries.set(endpoint.id, entry);
      if (this.#probing) this.#beginProbes(entry);
    }
    entry.owners.add(owner);
    return entry.patient;
  }

  #forget(id: unknown, entry: Entry<E>): void {
    this.#entries.delete(id);
    this.#prober?.stop(entry.patient);
    this.#recount();
  }

  #beginProbes({ patient, address }: Entry<E>): void {
    const { healthyAfter, unhealthyAfter } = this.#probe as CheckedProbe<E>;
    this.#prober?.begin(patient, address, (passed) =>
      patient.checked(passed, healthyAfter, unhealthyAfter, this.#clock.now()),
    );
  }
}
