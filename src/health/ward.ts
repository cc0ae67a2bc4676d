/**
 * A ward: the patients of one aspect, and what only their common view can say: how many may be out, who stands
 * out among them, and when the next may be tried. It is the tracker as a balancer knows it.
 */
import type { Endpoint } from '../core/endpoint.ts';
import { type EndpointHealth, type HealthPort, statusOf } from '../core/health.ts';
import type { Outcome } from '../core/outcome.ts';
import type { TripRule } from '../core/trip-rule.ts';
import type { EjectionTimes } from '../structures/ejection.ts';
import { Census } from './census.ts';
import type { Chart } from './chart.ts';
import { Patient, type PatientsWard } from './patient.ts';
import type { PoolRule } from './pool-rule.ts';
import type { Surroundings } from './surroundings.ts';

export interface WardRules {
  readonly times: EjectionTimes;
  readonly probed: boolean;
  readonly maxShare: number;
  readonly tripRules: readonly TripRule[];
  readonly poolRules: readonly PoolRule[];
}

/** What a ward asks of the tracker. */
export interface House<E> {
  readonly revision: number;
  readonly surroundings: Surroundings;
  readonly isolated: boolean;
  follow(owner: object, endpoints: readonly Endpoint<E>[]): readonly Chart[];
  start(): void;
  subscribe(changed: () => void): () => void;
  draw(): number;
  /** A patient has changed: whoever follows is told. */
  changed(type: string, facts: Readonly<Record<string, unknown>>): void;
}

export class Ward<E> implements HealthPort<E>, PatientsWard {
  nextTrialMs: number = Infinity;
  ejected: number = 0;
  readonly times: EjectionTimes;
  readonly probed: boolean;
  readonly #rules: WardRules;
  readonly #house: House<E>;
  readonly #surroundings: Surroundings;
  readonly #aspect: string | undefined;
  readonly #patients = new Map<Chart, Patient>();
  readonly #censuses: readonly Census<Patient>[];
  #counting = false;

  constructor(rules: WardRules, house: House<E>, aspect: string | undefined) {
    this.times = rules.times;
    this.probed = rules.probed;
    this.#rules = rules;
    this.#house = house;
    this.#surroundings = house.surroundings;
    this.#aspect = aspect;
    this.#censuses = rules.poolRules.map((rule) => new Census(rule));
  }

  get revision(): number {
    return this.#house.revision;
  }

  get isolated(): boolean {
    return this.#house.isolated;
  }

  track(owner: object, endpoints: readonly Endpoint<E>[]): readonly EndpointHealth[] {
    return this.#house.follow(owner, endpoints).map((chart) => this.patient(chart));
  }

  start(): void {
    this.#house.start();
  }

  subscribe(changed: () => void): () => void {
    return this.#house.subscribe(changed);
  }

  patient(chart: Chart): Patient {
    let patient = this.#patients.get(chart);
    if (patient === undefined) {
      patient = new Patient(chart, this.#rules.tripRules, this);
      this.#patients.set(chart, patient);
    }
    return patient;
  }

  /** What is known of the endpoint here; nothing if no call of this aspect was told of. */
  known(chart: Chart): Patient | undefined {
    return this.#patients.get(chart);
  }

  forget(chart: Chart): void {
    const patient = this.#patients.get(chart);
    if (patient === undefined) return;
    this.#patients.delete(chart);
    this.#leave(patient);
    this.recount();
  }

  recount(): void {
    let [ejected, nextTrialMs] = [0, Infinity];
    for (const patient of this.#patients.values()) {
      if (patient.ejected) ejected++;
      nextTrialMs = Math.min(nextTrialMs, patient.trialMs);
    }
    this.ejected = ejected;
    this.nextTrialMs = nextTrialMs;
  }

  // What one patient may know of the others.

  get listening(): boolean {
    return this.#counting || this.#surroundings.listening;
  }

  hear({ chart }: Patient, outcome: Outcome, nowMs: number): boolean {
    chart.called = true;
    if (outcome.kind === 'success') chart.succeeded = true;
    return this.#surroundings.hear(chart, outcome, nowMs);
  }

  compare(patient: Patient, outcome: Outcome, nowMs: number): void {
    for (const census of this.#censuses) {
      for (const { key, reason } of census.hear(patient, outcome, nowMs)) key.standsOut(reason, nowMs);
    }
    this.#counting = this.#censuses.some(({ open }) => open);
  }

  mayEject(): boolean {
    return this.ejected === 0 || (this.ejected + 1) / this.#patients.size <= this.#rules.maxShare;
  }

  draw(): number {
    return this.#house.draw();
  }

  changed(patient: Patient, type: string, reason: string): void {
    if (patient.ejected) this.#leave(patient);
    this.recount();
    const { label } = patient.chart;
    const aspect = this.#aspect === undefined ? undefined : { aspect: this.#aspect };
    this.#house.changed(type, { endpoint: label, status: statusOf(patient.rank), reason, ...aspect });
  }

  #leave(patient: Patient): void {
    for (const census of this.#censuses) census.forget(patient);
  }
}
