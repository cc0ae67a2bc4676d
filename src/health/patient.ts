/**
 * A patient: one endpoint as judged by the calls of one aspect. Two judgements, the worse of which counts: what
 * these calls say (ejection), and what its chart says (checks, and its own word).
 */
import { DEAD, DEGRADED, EJECTED, type EndpointHealth, HEALTHY, type Rank } from '../core/health.ts';
import { isLocal } from '../core/failure-origin.ts';
import type { Outcome } from '../core/outcome.ts';
import type { TripCounter, TripRule } from '../core/trip-rule.ts';
import {
  type Ejection,
  eject,
  type EjectionTimes,
  handBack,
  IN,
  pardon,
  postpone,
  readmit,
  tryAgain,
} from '../structures/ejection.ts';
import type { Chart, Reader } from './chart.ts';

/** What a patient asks of its ward. */
export interface PatientsWard {
  readonly times: EjectionTimes;
  readonly probed: boolean;
  /** Whether also successes that tell a patient nothing are wanted. */
  readonly listening: boolean;
  /** Hears every outcome first; answers whether it says anything about the patient. */
  hear(patient: Patient, outcome: Outcome, nowMs: number): boolean;
  /** Compares the patient with the others. */
  compare(patient: Patient, outcome: Outcome, nowMs: number): void;
  /** Whether one more may be ejected now. */
  mayEject(): boolean;
  draw(): number;
  /** The patient's rank or trial has changed. */
  changed(patient: Patient, type: string, reason: string): void;
}

export class Patient implements EndpointHealth, Reader {
  // What every pick and every success reads comes first, and as fields: with thousands of endpoints a pick costs
  // what its cache misses cost.
  rank: Rank = HEALTHY;
  ticket: number = IN.ticket;
  sinceMs: number = -Infinity;
  // Whether a success would tell no detector anything: then it is not taken to them.
  #calm = false;
  #ejection: Ejection = IN;
  readonly chart: Chart;
  readonly #ward: PatientsWard;
  readonly #counters: readonly TripCounter[];
  #why: string | undefined = undefined;
  #local = false;

  constructor(chart: Chart, detectors: readonly TripRule[], ward: PatientsWard) {
    this.chart = chart;
    this.#ward = ward;
    this.#counters = detectors.map((rule) => rule.counter());
    chart.readers.push(this);
    this.judge(-Infinity);
  }

  get reason(): string | undefined {
    if (this.rank === HEALTHY) return undefined;
    return this.chart.alive && this.ejected ? this.#why : this.chart.reason;
  }

  get confirmed(): boolean {
    return this.chart.confirmed || !this.#ward.probed;
  }

  get ejected(): boolean {
    return this.#ejection.kind !== 'in';
  }

  /** When a trial call may be made; `Infinity` if none is wanted: who is dead or draining is left to the checks. */
  get trialMs(): number {
    return this.#ejection.kind === 'in' || !this.#takesCalls ? Infinity : this.#ejection.untilMs;
  }

  admitTrial(nowMs: number): number | undefined {
    const trial = this.#takesCalls ? tryAgain(this.#ejection, nowMs, this.#ward.times) : undefined;
    if (trial === undefined) return undefined;
    this.#become(trial, nowMs, 'trial', 'the ejection is over');
    return this.#generation;
  }

  report(ticket: number, outcome: Outcome, latencyMs: number, nowMs: number): void {
    if (this.#calm && outcome.kind === 'success' && ticket === this.ticket) {
      if (outcome.reason === undefined && !this.#ward.listening) return;
    }
    const tells = this.#ward.hear(this, outcome, nowMs);
    if (ticket !== this.#generation) return;
    if (this.#ejection.kind === 'trial') this.#tried(outcome, tells, nowMs);
    else if (this.#ejection.kind === 'in' && tells && outcome.kind !== 'ignored')
      this.#count(outcome, latencyMs, nowMs);
  }

  listen(): void {
    this.#calm = false;
  }

  judge(nowMs: number): void {
    const before = this.rank;
    // While a trial is under way other calls begin in no generation: only the trial's own report counts.
    this.ticket = this.#ejection.kind === 'trial' ? -this.#generation : this.#generation;
    this.rank = this.#ranked();
    if (this.rank !== before) this.sinceMs = nowMs;
  }

  /** It stands out among the others. */
  standsOut(reason: string, nowMs: number): void {
    if (this.#ejection.kind === 'in') this.#trip(reason, false, nowMs);
  }

  /** What it has failed at since then was not its fault: that is forgotten, and if it was ejected back it comes. */
  pardon(sinceMs: number, nowMs: number): void {
    this.#forget();
    if (this.#ejection.kind !== 'out' || !this.#local || this.sinceMs < sinceMs) return;
    this.#become(pardon(this.#ejection, nowMs), nowMs, 'pardoned', 'it was not the endpoint');
  }

  #count(outcome: Outcome, latencyMs: number, nowMs: number): void {
    for (const counter of this.#counters) {
      if (!counter.record(outcome.kind, latencyMs, nowMs, outcome.reason)) continue;
      this.#trip(counter.reason(), isLocal(outcome.reason), nowMs);
      return;
    }
    this.#calm = this.#counters.every((counter) => counter.calm);
    this.#ward.compare(this, outcome, nowMs);
  }

  #trip(reason: string, local: boolean, nowMs: number): void {
    if (this.#ward.mayEject()) {
      this.#local = local;
      this.#eject(reason, nowMs);
    } else {
      // Too many are out: it stays, and has to fail as often again before it is told of again.
      this.#forget();
      this.#ward.changed(this, 'spared', `${reason}, but too many are ejected`);
    }
  }

  #tried(outcome: Outcome, tells: boolean, nowMs: number): void {
    const [ejection, { times }] = [this.#ejection, this.#ward];
    if (!tells) {
      const later = postpone(ejection, nowMs, times, this.#ward.draw());
      this.#become(later, nowMs, 'trial-left', 'it told nothing of the endpoint');
    } else if (outcome.kind === 'success') {
      this.#become(readmit(ejection, nowMs), nowMs, 'readmitted', 'the trial call succeeded');
    } else if (outcome.kind === 'ignored') {
      this.#become(handBack(ejection, nowMs), nowMs, 'trial-left', 'its caller left');
    } else {
      this.#eject('the trial call failed', nowMs);
    }
  }

  #eject(reason: string, nowMs: number): void {
    this.#forget();
    this.#why = reason;
    const { times } = this.#ward;
    this.#become(eject(this.#ejection, nowMs, times, this.#ward.draw()), nowMs, 'ejected', reason);
  }

  #become(ejection: Ejection, nowMs: number, type: string, reason: string): void {
    this.#ejection = ejection;
    this.judge(nowMs);
    this.#ward.changed(this, type, reason);
  }

  #forget(): void {
    this.#calm = false;
    for (const counter of this.#counters) counter.reset();
  }

  get #takesCalls(): boolean {
    return this.chart.alive && this.chart.condition !== 'draining';
  }

  // Both judgements' generations added up: a step of either is a step.
  get #generation(): number {
    return this.#ejection.ticket + this.chart.version;
  }

  #ranked(): Rank {
    if (!this.chart.alive) return DEAD;
    if (this.ejected || this.chart.condition === 'draining') return EJECTED;
    return this.chart.condition === 'degraded' ? DEGRADED : HEALTHY;
  }
}
