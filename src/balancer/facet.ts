/**
 * A facet: a member as of one aspect of the requests, with its health and its latencies there. Everything else is the
 * member's: a replica that refuses writes and one that is slow at them is the same machine with the same calls in flight.
 */
import type { Endpoint } from '../core/endpoint.ts';
import { type EndpointHealth, HEALTHY, type Rank } from '../core/health.ts';
import type { Outcome } from '../core/outcome.ts';
import type { CostMeter } from './costs/cost.ts';
import type { Member, Placeable } from './member.ts';

export class Facet<E> implements Placeable<E> {
  readonly member: Member<E>;
  readonly #meter: CostMeter;
  health: EndpointHealth | undefined = undefined;
  #ticket = 0;

  constructor(member: Member<E>, meter: CostMeter) {
    this.member = member;
    this.#meter = meter;
  }

  judgedBy(health: EndpointHealth | undefined): void {
    if (this.health !== health) this.#ticket = health?.ticket ?? 0;
    this.health = health;
  }

  get endpoint(): Endpoint<E> {
    return this.member.endpoint;
  }

  get weight(): number {
    return this.member.weight;
  }

  get pending(): number {
    return this.member.pending;
  }

  get pickedMs(): number {
    return this.member.pickedMs;
  }

  get rank(): Rank {
    const { health } = this;
    if (health === undefined) return HEALTHY;
    if (health.ticket !== this.#ticket) {
      // As of a member: if it is well again, old latencies say nothing about it.
      this.#ticket = health.ticket;
      if (health.rank === HEALTHY) this.#meter.reset();
    }
    return health.rank;
  }

  get sinceMs(): number {
    return Math.max(this.member.joinedMs, this.health?.sinceMs ?? -Infinity);
  }

  get outlier(): boolean {
    return this.#meter.outlier === true;
  }

  cost(nowMs: number): number {
    return this.#meter.cost(nowMs, this.member);
  }

  note(startMs: number, nowMs: number, outcome: Outcome, ticket: number, response: unknown): void {
    if (outcome.reason !== 'denied')
      this.#meter.record(nowMs, nowMs - startMs, outcome, response, this.member);
    this.health?.report(ticket, outcome, nowMs - startMs, nowMs);
  }

  reported(load: number, nowMs: number): void {
    this.#meter.reported?.(load, nowMs, this.member);
  }
}
