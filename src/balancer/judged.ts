/**
 * What a pick judges a candidate by: its health and the cost of its calls. A member is judged by all of its calls, a
 * facet of one by those of its aspect; calls in flight are the member's either way.
 */
import { type EndpointHealth, HEALTHY, type Rank } from '../core/health.ts';
import type { Outcome } from '../core/outcome.ts';
import type { CostMeter, Load } from './costs/cost.ts';

export abstract class Judged {
  // What every pick reads comes first: with thousands of endpoints a pick costs what its cache misses cost.
  health: EndpointHealth | undefined = undefined;
  protected readonly meter: CostMeter;
  #ticket = 0;

  constructor(meter: CostMeter) {
    this.meter = meter;
  }

  /** Whose calls these are. */
  abstract readonly member: Load & { readonly joinedMs: number };

  judgedBy(health: EndpointHealth | undefined): void {
    if (this.health !== health) this.#ticket = health?.ticket ?? 0;
    this.health = health;
  }

  get rank(): Rank {
    const { health } = this;
    if (health === undefined) return HEALTHY;
    if (health.ticket !== this.#ticket) {
      // Its health has changed since we looked. If it is well again, old latencies say nothing about it.
      this.#ticket = health.ticket;
      if (health.rank === HEALTHY) this.meter.reset();
    }
    return health.rank;
  }

  get sinceMs(): number {
    return Math.max(this.member.joinedMs, this.health?.sinceMs ?? -Infinity);
  }

  get outlier(): boolean {
    return this.meter.outlier === true;
  }

  cost(nowMs: number): number {
    return this.meter.cost(nowMs, this.member);
  }

  /** Tells cost and health how a call went. */
  note(startMs: number, nowMs: number, outcome: Outcome, ticket: number, response: unknown): void {
    // Who denies does so quickly: that is no latency to compare (law 5).
    if (outcome.reason !== 'denied')
      this.meter.record(nowMs, nowMs - startMs, outcome, response, this.member);
    this.health?.report(ticket, outcome, nowMs - startMs, nowMs);
  }

  /** It has said how loaded it is. */
  reported(load: number, nowMs: number): void {
    this.meter.reported?.(load, nowMs, this.member);
  }
}
