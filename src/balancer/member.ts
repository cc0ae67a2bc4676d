/** A member: an endpoint as one balancer knows it, with its calls in flight, its cost and its health. */
import type { Endpoint } from '../core/endpoint.ts';
import { type EndpointHealth, HEALTHY, type Rank, type Status, statusOf } from '../core/health.ts';
import type { Outcome } from '../core/outcome.ts';
import type { CostMeter } from './cost.ts';
import type { Candidate } from './picker.ts';

/** What `endpoints()` shows of one endpoint. */
export interface EndpointView<E> {
  readonly endpoint: E;
  readonly status: Status;
  /** Calls in flight. */
  readonly pending: number;
  /** What the cost knows of its latency, in milliseconds; `undefined` if nothing. */
  readonly latencyMs: number | undefined;
  readonly weight: number;
  /** Why it is not healthy. */
  readonly reason: string | undefined;
  /** Calls it has been given. */
  readonly picked: number;
}

export class Member<E> implements Candidate {
  // What every pick reads comes first: with thousands of endpoints a pick costs what its cache misses cost.
  health: EndpointHealth | undefined = undefined;
  readonly #meter: CostMeter;
  #ticket = 0;
  #pending = 0;
  // Of the pending calls, those without an answer yet, and the sum of their starts: their mean age in one step.
  // In whole milliseconds, for the reason given in peak-ewma.ts.
  #unanswered = 0;
  #startSum = 0;
  weight: number;
  endpoint: Endpoint<E>;
  #picked = 0;

  constructor(endpoint: Endpoint<E>, meter: CostMeter) {
    this.endpoint = endpoint;
    this.weight = endpoint.weight;
    this.#meter = meter;
  }

  /** The endpoint has been described anew; what is known of it stays. */
  describe(endpoint: Endpoint<E>, health: EndpointHealth | undefined): void {
    this.endpoint = endpoint;
    this.weight = endpoint.weight;
    if (this.health !== health) this.#ticket = health?.ticket ?? 0;
    this.health = health;
  }

  get rank(): Rank {
    const { health } = this;
    if (health === undefined) return HEALTHY;
    if (health.ticket !== this.#ticket) {
      // Its health has changed since we looked. If it is well again, old latencies say nothing about it.
      this.#ticket = health.ticket;
      if (health.rank === HEALTHY) this.#meter.reset();
    }
    return health.rank;
  }

  cost(nowMs: number): number {
    const ageMs = this.#unanswered === 0 ? 0 : nowMs - this.#startSum / this.#unanswered;
    return this.#meter.cost(nowMs, this.#pending, ageMs) / this.weight;
  }

  /** A call is sent. */
  begin(nowMs: number): void {
    this.#picked++;
    this.#pending++;
    this.#unanswered++;
    this.#startSum += Math.floor(nowMs);
  }

  /** It was answered, or given up; it stays pending until `release`. */
  answered(startMs: number, nowMs: number, outcome: Outcome, ticket: number): void {
    this.#unanswered--;
    // Exact zero when nobody waits: sums of clock readings must not drift.
    this.#startSum = this.#unanswered === 0 ? 0 : this.#startSum - Math.floor(startMs);
    this.note(startMs, nowMs, outcome, ticket);
  }

  /** Tells cost and health how a call went. */
  note(startMs: number, nowMs: number, outcome: Outcome, ticket: number): void {
    this.#meter.record(nowMs, nowMs - startMs, outcome);
    this.health?.report(ticket, outcome, nowMs - startMs, nowMs);
  }

  /** Its work is done. */
  release(): void {
    this.#pending--;
  }

  view(nowMs: number): EndpointView<E> {
    return {
      endpoint: this.endpoint.address,
      status: statusOf(this.rank),
      pending: this.#pending,
      latencyMs: this.#meter.latencyMs(nowMs),
      weight: this.weight,
      reason: this.health?.reason,
      picked: this.#picked,
    };
  }
}
