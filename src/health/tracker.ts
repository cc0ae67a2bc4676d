/**
 * What a health tracker is made of:
 *
 *   tracker ─┬─ registry: the endpoints, a chart each ◀── prober: checks
 *            ├─ aspects: a ward each ── a patient for each endpoint ◀── calls
 *            └─ surroundings: what is nobody's fault
 */
import { type Clock, systemClock } from '../core/clock.ts';
import { consecutiveFailures } from '../core/consecutive-failures.ts';
import { type Endpoint, toEndpoints } from '../core/endpoint.ts';
import { DEGRADED, type EndpointHealth, type HealthPort, type Status, statusOf } from '../core/health.ts';
import { Reporter } from '../core/observer.ts';
import { checkCount, checkDuration, checkFunction, checkInterval, checkOneOf } from '../core/options.ts';
import { type Outcome, type OutcomeKind, outcomeOf } from '../core/outcome.ts';
import { type Random, systemRandom } from '../core/random.ts';
import type { TripRule } from '../core/trip-rule.ts';
import { Aspects } from './aspects.ts';
import type { Chart } from './chart.ts';
import { type Condition, CONDITIONS, conditionOf } from './condition.ts';
import { denialOutliers } from './denial-outliers.ts';
import {
  type CheckedProbe,
  checkDetectors,
  checkProbe,
  checkShare,
  type HealthTrackerOptions,
} from './options.ts';
import type { Patient } from './patient.ts';
import type { PoolRule } from './pool-rule.ts';
import { type Asker, Prober } from './prober.ts';
import { type Entry, type Porter, Registry } from './registry.ts';
import { type HealthSnapshot, snapshotOf } from './snapshot.ts';
import { Surroundings, type Witness } from './surroundings.ts';
import type { House, WardRules } from './ward.ts';

export class Tracker<E> implements HealthPort<E>, House<E>, Porter<E>, Asker, Witness {
  revision = 0;
  readonly surroundings: Surroundings;
  readonly #registry: Registry<E>;
  readonly #aspects: Aspects<E>;
  readonly #probe: CheckedProbe<E> | undefined;
  readonly #prober: Prober<E> | undefined;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #reporter: Reporter;
  readonly #listeners = new Set<() => void>();
  #probing = false;

  constructor(options: HealthTrackerOptions<E>) {
    const where = 'healthTracker';
    this.#probe = options.probe && checkProbe(options.probe);
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? systemRandom;
    this.#prober = this.#probe && new Prober(this.#probe, this.#clock, this.#random, this);
    this.#reporter = new Reporter('health', options);
    this.#registry = new Registry(this);
    this.surroundings = new Surroundings(
      this,
      checkInterval(where, 'isolationMs', options.isolationMs ?? 10_000),
    );
    const of = options.aspect && checkFunction(where, 'aspect', options.aspect);
    const most = checkCount(where, 'maxAspects', options.maxAspects ?? 8);
    this.#aspects = new Aspects(rulesOf(options), this, of, most);
  }

  // The port: what is about no aspect is judged in the main ward.

  get nextTrialMs(): number {
    return this.#aspects.main.nextTrialMs;
  }

  get isolated(): boolean {
    return this.surroundings.isolated(this.#clock.now());
  }

  track(owner: object, endpoints: readonly Endpoint<E>[]): readonly EndpointHealth[] {
    return this.#aspects.main.track(owner, endpoints);
  }

  get aspects(): boolean {
    return this.#aspects.apart;
  }

  aspect(request: unknown): HealthPort<E> {
    const ward = this.#aspects.of(request);
    return ward === this.#aspects.main ? this : ward;
  }

  start(): void {
    if (this.#prober === undefined || this.#probing) return;
    this.#probing = true;
    for (const { chart, address } of this.#registry.entries()) this.#prober.begin(chart, address);
  }

  subscribe(changed: () => void): () => void {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  }

  // What users say and ask.

  watch(endpoints: readonly (E | Endpoint<E>)[]): void {
    this.track(this, toEndpoints('healthTracker.watch', 'endpoints', endpoints));
    this.start();
  }

  status(address: E | Endpoint<E>, aspect?: string): Status {
    const entry = this.#registry.find(address);
    if (entry === undefined) return 'healthy';
    const { rank, ejected, trialMs } = this.#patient(entry.chart, aspect);
    return statusOf(ejected && trialMs <= this.#clock.now() ? DEGRADED : rank);
  }

  report(
    address: E | Endpoint<E>,
    outcome: OutcomeKind | Outcome,
    latencyMs: number = 0,
    aspect?: string,
  ): void {
    const where = 'healthTracker.report';
    const told = typeof outcome === 'object' && outcome !== null ? outcome : undefined;
    const kind = told?.kind ?? (outcome as OutcomeKind);
    checkOneOf(where, 'outcome', kind, ['success', 'failure', 'overload', 'ignored']);
    checkDuration(where, 'latencyMs', latencyMs);
    const entry = this.#registry.find(address);
    if (entry === undefined) return;
    const ward = aspect === undefined ? this.#aspects.main : this.#aspects.open(aspect);
    const patient = ward.patient(entry.chart);
    const nowMs = this.#clock.now();
    // Without a balancer nobody asks for trials: once the time is over, the next report is the trial.
    const ticket = patient.admitTrial(nowMs) ?? patient.ticket;
    patient.report(ticket, told ?? outcomeOf(kind), latencyMs, nowMs);
  }

  announce(address: E | Endpoint<E>, condition: Condition): void {
    checkOneOf('healthTracker.announce', 'condition', condition, CONDITIONS);
    const chart = this.#registry.find(address)?.chart;
    if (chart !== undefined) this.#charted(chart, chart.announced(condition, this.#clock.now()));
  }

  snapshot(): HealthSnapshot<E> {
    return snapshotOf(this.#registry, this.#aspects, this.isolated);
  }

  dispose(): void {
    for (const { chart } of this.#registry.entries()) this.#prober?.stop(chart);
    this.#probing = false;
  }

  // What its parts ask of it.

  follow(owner: object, endpoints: readonly Endpoint<E>[]): readonly Chart[] {
    return this.#registry.follow(owner, endpoints);
  }

  get followed(): number {
    return this.#registry.size;
  }

  draw(): number {
    return this.#random();
  }

  changed(type: string, facts: Readonly<Record<string, unknown>>): void {
    this.revision++;
    this.#tell(type, facts);
    for (const listener of this.#listeners) listener();
  }

  arrived({ chart, address }: Entry<E>): void {
    if (this.#probing) this.#prober?.begin(chart, address);
  }

  left({ chart }: Entry<E>): void {
    this.#prober?.stop(chart);
    this.surroundings.gone(chart);
    this.#aspects.forget(chart);
  }

  checked(chart: Chart, outcome: Outcome, answer: unknown): void {
    const { healthyAfter, unhealthyAfter } = this.#probe as CheckedProbe<E>;
    const nowMs = this.#clock.now();
    if (!this.surroundings.hear(chart, outcome, nowMs)) return;
    const passed = outcome.kind === 'success';
    const changed = passed
      ? chart.passed(conditionOf(answer), healthyAfter, nowMs)
      : chart.failed(unhealthyAfter, nowMs);
    this.#charted(chart, changed);
  }

  skipped(chart: Chart): void {
    this.#charted(chart, chart.passed('well', 1, this.#clock.now()));
  }

  stalled(): void {
    this.#tell('stalled', { reason: 'a timer rang late: this process was held up' });
  }

  heldUp(): void {
    this.surroundings.stall(this.#clock.now());
  }

  cutOff(cut: readonly Chart[], sinceMs: number, nowMs: number): void {
    this.#tell('isolated', { unreachable: cut.length, endpoints: this.followed });
    for (const ward of this.#aspects.wards())
      for (const chart of cut) ward.known(chart)?.pardon(sinceMs, nowMs);
  }

  rejoined(): void {
    this.#tell('rejoined', {});
  }

  #patient(chart: Chart, aspect: string | undefined): Patient {
    const main = this.#aspects.main.patient(chart);
    return (aspect === undefined ? main : this.#aspects.find(aspect).known(chart)) ?? main;
  }

  /** What its chart says of an endpoint has changed, for all aspects alike. */
  #charted(chart: Chart, type: string | undefined): void {
    if (type === undefined) return;
    for (const ward of this.#aspects.wards()) ward.recount();
    const { rank } = this.#aspects.main.patient(chart);
    const reason = chart.reason ?? REASONS[type];
    this.changed(type, { endpoint: chart.label, status: statusOf(rank), reason });
  }

  #tell(type: string, facts: Readonly<Record<string, unknown>>): void {
    if (this.#reporter.on) this.#reporter.tell(type, facts);
  }
}

/** Why an endpoint is better than before. */
const REASONS: Readonly<Record<string, string>> = {
  alive: 'checks pass again',
  confirmed: 'a check passed',
  well: 'it says that it is well',
};

function rulesOf<E>(options: HealthTrackerOptions<E>): WardRules {
  const detectors = checkDetectors(options.detectors ?? [consecutiveFailures(), denialOutliers()]);
  return {
    times: {
      baseMs: checkInterval('healthTracker', 'ejectionMs', options.ejectionMs ?? 5000),
      maxMs: checkInterval('healthTracker', 'maxEjectionMs', options.maxEjectionMs ?? 300_000),
    },
    probed: options.probe !== undefined,
    maxShare: checkShare(options.maxEjectedShare ?? 0.5),
    tripRules: detectors.filter((rule): rule is TripRule => 'counter' in rule),
    poolRules: detectors.filter((rule): rule is PoolRule => !('counter' in rule)),
  };
}
