/** A member: an endpoint as one balancer knows it, with its calls in flight, its cost and its health. */
import type { Endpoint } from '../core/endpoint.ts';
import { type Status, statusOf } from '../core/health.ts';
import type { CostMeter, Load } from './costs/cost.ts';
import { Judged } from './judged.ts';
import type { Candidate } from './pickers/picker.ts';

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
  /** Its part of the calls of the last 10 to 20 seconds, from 0 to 1. */
  readonly share: number;
}

/** A candidate that a call can be placed with: a member, or a facet of one. */
export interface Placeable<E> extends Judged, Candidate<E> {
  readonly member: Member<E>;
}

export class Member<E> extends Judged implements Placeable<E>, Load {
  pending = 0;
  // Of the pending calls, those without an answer yet, and the sum of their starts: their mean age in one step.
  // In whole milliseconds, for the reason given in peak-ewma.ts.
  #unanswered = 0;
  #startSum = 0;
  weight: number;
  picked = 0;
  pickedMs = -1;
  endpoint: Endpoint<E>;
  readonly joinedMs: number;
  /** Calls it has been given in this turn of the shares and in the one before. */
  recent = 0;
  before = 0;

  constructor(endpoint: Endpoint<E>, meter: CostMeter, joinedMs: number) {
    super(meter);
    this.endpoint = endpoint;
    this.weight = endpoint.weight;
    this.joinedMs = joinedMs;
  }

  /** The endpoint has been described anew; what is known of it stays. */
  describe(endpoint: Endpoint<E>): void {
    this.endpoint = endpoint;
    this.weight = endpoint.weight;
  }

  get member(): Member<E> {
    return this;
  }

  ageMs(nowMs: number): number {
    return this.#unanswered === 0 ? 0 : nowMs - this.#startSum / this.#unanswered;
  }

  /** It is given a call, or a lease. */
  take(nowMs: number): void {
    this.picked++;
    this.recent++;
    this.pending++;
    this.pickedMs = Math.floor(nowMs);
  }

  /** The call waits for its answer from now on. */
  begin(nowMs: number): void {
    this.#unanswered++;
    this.#startSum += Math.floor(nowMs);
  }

  /** It was answered, or given up; it stays pending until `release`. */
  answered(startMs: number): void {
    this.#unanswered--;
    // Exact zero when nobody waits: sums of clock readings must not drift.
    this.#startSum = this.#unanswered === 0 ? 0 : this.#startSum - Math.floor(startMs);
  }

  /** Its work is done. */
  release(): void {
    this.pending--;
  }

  /** A new turn of the shares. */
  turn(): void {
    this.before = this.recent;
    this.recent = 0;
  }

  view(nowMs: number, calls: number): EndpointView<E> {
    return {
      endpoint: this.endpoint.address,
      status: statusOf(this.rank),
      pending: this.pending,
      latencyMs: this.meter.latencyMs(nowMs),
      weight: this.weight,
      reason: this.health?.reason,
      picked: this.picked,
      share: calls === 0 ? 0 : (this.recent + this.before) / calls,
    };
  }
}
