/**
 * A patient: one endpoint as the tracker knows it. Two judgements, the worse of which counts: what calls say
 * (ejection) and what checks say (verdict).
 */
import { DEAD, EJECTED, type EndpointHealth, HEALTHY, type Rank } from '../core/health.ts';
import type { Outcome } from '../core/outcome.ts';
import type { TripCounter, TripRule } from '../core/trip-rule.ts';
import {
  type Ejection,
  eject,
  type EjectionTimes,
  handBack,
  IN,
  readmit,
  tryAgain,
} from '../structures/ejection.ts';
import { checked, UNCHECKED, type Verdict } from '../structures/verdict.ts';

/** What a patient asks of its ward. */
export interface Ward {
  readonly times: EjectionTimes;
  readonly probed: boolean;
  /** Whether one more may be ejected now. */
  mayEject(): boolean;
  draw(): number;
  /** The patient's rank, trial or confirmation has changed. */
  changed(patient: Patient, type: string, reason: string, nowMs: number): void;
}

export class Patient implements EndpointHealth {
  // What every pick and every success reads comes first, and as fields: with thousands of endpoints a pick costs
  // what its cache misses cost.
  rank: Rank = HEALTHY;
  ticket: number = IN.ticket;
  sinceMs: number = -Infinity;
  // Whether a success would tell no detector anything: then it is not taken to them.
  #calm = false;
  #ejection: Ejection = IN;
  #verdict: Verdict = UNCHECKED;
  /** The address as events may show it. */
  readonly label: string;
  readonly #ward: Ward;
  readonly #counters: readonly TripCounter[];
  #why: string | undefined = undefined;
  // Both judgements' generations added up: a step of either is a step.
  #verdicts = 0;

  constructor(label: string, detectors: readonly TripRule[], ward: Ward) {
    this.label = label;
    this.#ward = ward;
    this.#counters = detectors.map((rule) => rule.counter());
  }

  get reason(): string | undefined {
    return this.rank === HEALTHY ? undefined : this.#why;
  }

  get confirmed(): boolean {
    return this.#verdict.confirmed || !this.#ward.probed;
  }

  get ejected(): boolean {
    return this.#ejection.kind !== 'in';
  }

  /** When a trial call may be made; `Infinity` if none is wanted. A dead endpoint is left to the checks. */
  get trialMs(): number {
    return this.#ejection.kind === 'in' || !this.#verdict.alive ? Infinity : this.#ejection.untilMs;
  }

  admitTrial(nowMs: number): number | undefined {
    const trial = this.#verdict.alive ? tryAgain(this.#ejection, nowMs, this.#ward.times) : undefined;
    if (trial === undefined) return undefined;
    this.#ejection = trial;
    this.#judge(nowMs);
    this.#ward.changed(this, 'trial', 'the ejection is over', nowMs);
    return this.#generation;
  }

  report(ticket: number, outcome: Outcome, latencyMs: number, nowMs: number): void {
    if (this.#calm && outcome.kind === 'success' && ticket === this.ticket) return;
    if (ticket !== this.#generation) return;
    if (this.#ejection.kind === 'trial') this.#tried(outcome, nowMs);
    else if (this.#ejection.kind === 'in' && outcome.kind !== 'ignored')
      this.#count(outcome, latencyMs, nowMs);
  }

  /** A check has answered. */
  checked(passed: boolean, healthyAfter: number, unhealthyAfter: number, nowMs: number): void {
    const before = this.#verdict;
    this.#verdict = checked(before, passed, healthyAfter, unhealthyAfter);
    if (before.alive !== this.#verdict.alive) {
      this.#verdicts++;
      this.#judge(nowMs);
      if (!passed) this.#why = `${unhealthyAfter} checks in a row failed`;
      this.#ward.changed(
        this,
        passed ? 'alive' : 'dead',
        passed ? 'checks pass again' : String(this.#why),
        nowMs,
      );
    } else if (before.confirmed !== this.#verdict.confirmed) {
      this.#ward.changed(this, 'confirmed', 'a check passed', nowMs);
    }
  }

  #count(outcome: Outcome, latencyMs: number, nowMs: number): void {
    for (const counter of this.#counters) {
      if (!counter.record(outcome.kind, latencyMs, nowMs)) continue;
      if (this.#ward.mayEject()) this.#eject(counter.reason(), nowMs);
      else this.#spare(counter.reason(), nowMs);
      return;
    }
    this.#calm = this.#counters.every((counter) => counter.calm);
  }

  #tried(outcome: Outcome, nowMs: number): void {
    if (outcome.kind === 'failure' || outcome.kind === 'overload') {
      this.#eject('the trial call failed', nowMs);
      return;
    }
    const well = outcome.kind === 'success';
    this.#ejection = well ? readmit(this.#ejection, nowMs) : handBack(this.#ejection, nowMs);
    this.#judge(nowMs);
    this.#ward.changed(
      this,
      well ? 'readmitted' : 'trial-left',
      well ? 'the trial call succeeded' : 'its caller left',
      nowMs,
    );
  }

  /** Too many are out: it stays, and has to fail as often again before it is told of again. */
  #spare(reason: string, nowMs: number): void {
    this.#forget();
    this.#ward.changed(this, 'spared', `${reason}, but too many are ejected`, nowMs);
  }

  #forget(): void {
    this.#calm = false;
    for (const counter of this.#counters) counter.reset();
  }

  #eject(reason: string, nowMs: number): void {
    this.#ejection = eject(this.#ejection, nowMs, this.#ward.times, this.#ward.draw());
    this.#forget();
    this.#why = reason;
    this.#judge(nowMs);
    this.#ward.changed(this, 'ejected', reason, nowMs);
  }

  get #generation(): number {
    return this.#ejection.ticket + this.#verdicts;
  }

  #judge(nowMs: number): void {
    const before = this.rank;
    // While a trial is under way other calls begin in no generation: only the trial's own report counts.
    this.ticket = this.#ejection.kind === 'trial' ? -this.#generation : this.#generation;
    this.rank = !this.#verdict.alive ? DEAD : this.#ejection.kind === 'in' ? HEALTHY : EJECTED;
    if (this.rank !== before) this.sinceMs = nowMs;
  }
}
