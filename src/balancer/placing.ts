/**
 * Placing: where an attempt goes. A trial that is due comes first, then the pipeline of narrowings and picker decides;
 * what the request is about decides by which view of the members.
 */
import { Call } from '../core/call.ts';
import type { Clock } from '../core/clock.ts';
import type { Context } from '../core/context.ts';
import type { Reporter } from '../core/observer.ts';
import { hasTried } from '../core/tried.ts';
import type { CallOptions } from '../core/transport.ts';
import { type Explanation, Traced } from './explanation.ts';
import type { Member, Placeable } from './member.ts';
import type { Membership } from './membership.ts';
import type { PickedCall, PickerState } from './pickers/picker.ts';
import type { View, Views } from './views.ts';

/** One attempt under way. */
export interface Attempt<E> {
  readonly member: Member<E>;
  /** The member, as of what the request is about. */
  readonly candidate: Placeable<E>;
  /** Who picked, and may learn from how it goes. */
  readonly picker: PickerState<E>;
  readonly startMs: number;
  /** The generation of its health. */
  readonly ticket: number;
  /** Counts from 1. */
  readonly number: number;
}

export interface PlacingParts<E> {
  readonly clock: Clock;
  readonly views: Views<E>;
  /** Whether health is kept apart for what requests are about. */
  readonly apart: boolean;
  readonly membership: Membership<E>;
  readonly reporter: Reporter;
}

export class Placing<E> {
  trials = 0;
  readonly #clock: Clock;
  readonly #views: Views<E>;
  readonly #whole: View<E>;
  readonly #apart: boolean;
  readonly #membership: Membership<E>;
  readonly #reporter: Reporter;

  constructor({ clock, views, apart, membership, reporter }: PlacingParts<E>) {
    this.#clock = clock;
    this.#views = views;
    this.#whole = views.whole;
    this.#apart = apart;
    this.#membership = membership;
    this.#reporter = reporter;
  }

  place(request: unknown, nowMs: number, context: Context): Attempt<E> {
    const membership = this.#membership;
    const view = this.#apart ? this.#views.of(request, membership, membership) : this.#whole;
    const { root } = context.call;
    if (view.port !== undefined && nowMs >= view.port.nextTrialMs) {
      const trial = this.#trial(view, nowMs, root, context);
      if (trial !== undefined) return trial;
    }
    const candidate = this.#reporter.on
      ? this.#explained(view, nowMs, root, context)
      : (view.picker.pick(nowMs, root) as Placeable<E>);
    return attemptAt(candidate, candidate.health?.ticket ?? 0, view, nowMs, context);
  }

  /** Who is best for this call now, whatever it is about. */
  pick(nowMs: number, call: PickedCall): Member<E> {
    return this.#whole.picker.pick(nowMs, call) as Member<E>;
  }

  /** Says where a call would go and why. */
  explain(options: CallOptions | undefined): Explanation {
    const nowMs = this.#clock.now();
    const traced = new Traced(new Call(this.#clock, options));
    return traced.explain(this.pick(nowMs, traced), 'picked', nowMs);
  }

  #explained(view: View<E>, nowMs: number, root: Call, context: Context): Placeable<E> {
    const traced = new Traced(root);
    const candidate = view.picker.pick(nowMs, traced) as Placeable<E>;
    this.#tell(traced.explain(candidate, 'picked', nowMs), context);
    return candidate;
  }

  /** One call finds out whether an ejected endpoint has recovered; it would never win a comparison. */
  #trial(view: View<E>, nowMs: number, root: Call, context: Context): Attempt<E> | undefined {
    for (const candidate of view.candidates) {
      if (hasTried(root, candidate)) continue;
      const ticket = candidate.health?.admitTrial(nowMs);
      if (ticket === undefined) continue;
      this.trials++;
      if (this.#reporter.on) this.#tell(new Traced(root).explain(candidate, 'trial', nowMs), context);
      return attemptAt(candidate, ticket, view, nowMs, context);
    }
    return undefined;
  }

  #tell({ type, ...why }: Explanation, { attempt }: Context): void {
    this.#reporter.tell(type, { attempt, ...why });
  }
}

function attemptAt<E>(
  candidate: Placeable<E>,
  ticket: number,
  { picker }: View<E>,
  startMs: number,
  { attempt: number }: Context,
): Attempt<E> {
  return { member: candidate.member, candidate, picker, startMs, ticket, number };
}
