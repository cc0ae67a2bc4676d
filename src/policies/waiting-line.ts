/**
 * A waiting line: callers wait for their turn, the more critical before the less, and among equals first come first
 * served, or, under overload, last come first served. Each may leave at any time, by an abort or because it has waited
 * too long, and leaves nothing behind; who goes on does so in its own async context.
 *
 * Last come first served is for when everybody waits too long anyway ("adaptive LIFO"; Maurer, "Fail at Scale", ACM
 * Queue 2015): the newest still has somebody who wants its answer, while the oldest are about to give up.
 */
import { type AbortHook, hookOf, unlink } from '../core/abort.ts';
import type { Clock, TimerHandle } from '../core/clock.ts';
import type { Context } from '../core/context.ts';
import { checkOneOf } from '../core/options.ts';
import type { Criticality } from '../core/transport.ts';
import { type Link, LinkedList } from '../structures/linked-list.ts';

/** `'adaptive-lifo'`: newest first once the line has not been empty for a tenth of a second. */
export type QueueOrder = 'fifo' | 'adaptive-lifo';

/** Why somebody is turned away from the line. */
export type TurnedAway = 'queue-full' | 'queue-timeout';

export function checkOrder(where: string, order: QueueOrder = 'fifo'): QueueOrder {
  return checkOneOf(where, 'order', order, ['fifo', 'adaptive-lifo']);
}

/** Milliseconds after which a line that has not been empty counts as overloaded, as at Facebook. */
const OVERLOAD_MS = 100;

/** A caller in the line. */
interface Waiter extends Link {
  readonly lane: number;
  readonly hook: AbortHook;
  readonly timer: TimerHandle;
  readonly clock: Clock;
  readonly enter: () => void;
  readonly turnAway: (why: TurnedAway) => void;
}

/** The place of each word; a word that is none of ours counts as the default. */
const LANES: Readonly<Record<Criticality, number>> = { critical: 0, default: 1, sheddable: 2 };

export class WaitingLine {
  // The most critical first. Most lines never see a call that says how critical it is.
  readonly #lanes = [new LinkedList<Waiter>(), new LinkedList<Waiter>(), new LinkedList<Waiter>()];
  readonly #left: () => void;
  #size = 0;
  #busySinceMs = 0;
  order: QueueOrder = 'fifo';

  /** @param left - told whenever somebody has left the line, for whatever reason */
  constructor(left: () => void = nothing) {
    this.#left = left;
  }

  get size(): number {
    return this.#size;
  }

  /**
   * Resolves at the caller's turn; rejects when it is aborted, and, after `timeoutMs` or when somebody more critical
   * needs its place, with what `refuse` makes. Who continues after this has to look whether the caller was aborted in
   * the tick in which its turn came.
   */
  join(context: Context, timeoutMs: number, refuse: (why: TurnedAway) => Error): Promise<void> {
    const { clock } = context.call;
    return new Promise((resolve, reject) => {
      const leave = (reason: unknown): void => {
        this.#remove(waiter);
        reject(reason);
      };
      const turnAway = (why: TurnedAway): void => leave(refuse(why));
      const waiter: Waiter = {
        before: undefined,
        after: undefined,
        lane: laneOf(context),
        hook: hookOf(leave),
        timer: clock.setTimeout(() => turnAway('queue-timeout'), timeoutMs),
        clock,
        enter: resolve,
        turnAway,
      };
      if (this.#size++ === 0) this.#busySinceMs = clock.now();
      this.#lanes[waiter.lane]?.push(waiter);
      context.onAbort(waiter.hook);
    });
  }

  /** The turn of one who waits; false if nobody does. */
  next(): boolean {
    const lane = this.#lanes.find(({ size }) => size > 0);
    if (lane === undefined) return false;
    const waiter = (this.#newestFirst(lane) ? lane.last : lane.first) as Waiter;
    this.#remove(waiter);
    waiter.enter();
    return true;
  }

  /** Makes room for this caller: one who is less critical, and would wait longest, is turned away; false if none is. */
  displace(context: Context): boolean {
    for (let place = this.#lanes.length - 1; place > laneOf(context); place--) {
      const lane = this.#lanes[place];
      if (lane === undefined || lane.size === 0) continue;
      (this.#newestFirst(lane) ? lane.first : lane.last)?.turnAway('queue-full');
      return true;
    }
    return false;
  }

  #newestFirst(lane: LinkedList<Waiter>): boolean {
    if (this.order === 'fifo') return false;
    const nowMs = lane.first?.clock.now() ?? 0;
    return nowMs - this.#busySinceMs >= OVERLOAD_MS;
  }

  #remove(waiter: Waiter): void {
    this.#lanes[waiter.lane]?.remove(waiter);
    this.#size--;
    unlink(waiter.hook);
    waiter.clock.clearTimeout(waiter.timer);
    this.#left();
  }
}

function laneOf(context: Context): number {
  const { criticality } = context.call.options ?? {};
  return criticality === undefined ? LANES.default : (LANES[criticality] ?? LANES.default);
}

function nothing(): void {}
