/**
 * Views: the members as a whole, and as of each aspect of the requests that the health tracker keeps apart. A replica
 * that only refuses writes loses only writes; and each aspect has a pipeline of its own, so that failing over with one
 * carries no other along.
 */
import type { HealthPort } from '../core/health.ts';
import type { Cost, CostMeters } from './costs/cost.ts';
import { Facet } from './facet.ts';
import type { Member, Placeable } from './member.ts';
import type { PickerState } from './pickers/picker.ts';

/** One way to look at the members: who judges them, who picks, and what latencies are compared by. */
export interface View<E> {
  readonly port: HealthPort<E> | undefined;
  readonly picker: PickerState<E>;
  readonly meters: CostMeters;
  candidates: readonly Placeable<E>[];
}

/** The members now, and of these those that may be picked at all. */
export interface Membership<E> {
  readonly members: readonly Member<E>[];
  readonly used: readonly Member<E>[];
}

export class Views<E> {
  readonly whole: View<E>;
  readonly #cost: Cost;
  readonly #open: (revision: () => number) => PickerState<E>;
  readonly #aspects: View<E>[] = [];

  /** @param open - makes a pipeline; it may ask for a number that changes whenever the health of a member has */
  constructor(
    health: HealthPort<E> | undefined,
    cost: Cost,
    open: (revision: () => number) => PickerState<E>,
  ) {
    this.#cost = cost;
    this.#open = open;
    this.whole = this.#view(health);
  }

  /** The view for what this request is about, made at its first request. */
  of(request: unknown, owner: object, membership: Membership<E>): View<E> {
    const port = this.whole.port?.aspect?.(request);
    if (port === undefined || port === this.whole.port) return this.whole;
    let view = this.#aspects.find((one) => one.port === port);
    if (view === undefined) {
      view = this.#view(port);
      this.#aspects.push(view);
      show(view, owner, membership);
    }
    return view;
  }

  /** The members are others now; the balancer follows their health as a whole already. */
  update(owner: object, membership: Membership<E>): void {
    this.whole.candidates = membership.members;
    this.whole.picker.update(membership.members);
    for (const view of this.#aspects) show(view, owner, membership);
  }

  /** An endpoint has said how loaded it is, whatever with. */
  reported(member: Member<E>, load: number, nowMs: number): void {
    member.reported(load, nowMs);
    for (const { candidates } of this.#aspects) {
      candidates.find((one) => one.member === member)?.reported(load, nowMs);
    }
  }

  dispose(): void {
    for (const { picker } of [this.whole, ...this.#aspects]) picker.dispose?.();
  }

  #view(port: HealthPort<E> | undefined): View<E> {
    const picker = this.#open(() => port?.revision ?? 0);
    return { port, picker, meters: this.#cost.create(), candidates: [] };
  }
}

/** Shows the members in an aspect; who stays keeps what is known of it there. */
function show<E>(view: View<E>, owner: object, { members, used }: Membership<E>): void {
  const known = new Map(view.candidates.map((facet) => [facet.member, facet]));
  const facets = new Map(
    members.map((member) => [member, known.get(member) ?? new Facet(member, view.meters.meter())]),
  );
  const endpoints = used.map(({ endpoint }) => endpoint);
  const healths = view.port?.track(owner, endpoints) ?? [];
  for (const [index, member] of used.entries()) facets.get(member)?.judgedBy(healths[index]);
  view.candidates = [...facets.values()];
  view.picker.update(view.candidates);
}
