/**
 * A facet: a member as of one aspect of the requests, with its health and its latencies there. Everything else is the
 * member's: a replica that refuses writes and one that is slow at them is the same machine with the same calls in flight.
 */
import type { Endpoint } from '../core/endpoint.ts';
import type { CostMeter } from './costs/cost.ts';
import { Judged } from './judged.ts';
import type { Member, Placeable } from './member.ts';

export class Facet<E> extends Judged implements Placeable<E> {
  readonly member: Member<E>;

  constructor(member: Member<E>, meter: CostMeter) {
    super(meter);
    this.member = member;
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
}
