/**
 * The courier: delivers what waits, lane by lane, each lane in its order, and tries again until it has succeeded
 * or is told to give up. Outbox and hinted handoff are both one.
 *
 * An entry is removed from the store once it has been delivered, so a crash in between delivers it twice: with the
 * same id, by which the other side has to know it.
 */
import { Background } from '../../core/background.ts';
import type { Clock, TimerHandle, WallClock } from '../../core/clock.ts';
import { errand } from '../../core/errand.ts';
import { Gate } from '../../core/gate.ts';
import type { Reporter } from '../../core/observer.ts';
import type { Random } from '../../core/random.ts';
import type { CallContext } from '../../core/transport.ts';
import { equalJitter } from '../../structures/backoff.ts';
import { nameOf } from '../names.ts';
import { StoreFullError, type Waiting, type WaitingStore } from './store.ts';

export interface CourierSettings<T> {
  readonly store: WaitingStore<T>;
  readonly deliver: (entry: Waiting<T>, context: CallContext) => Promise<unknown>;
  /** Whether to give this one up: told the last error, and after how many attempts. */
  readonly giveUp: (entry: Waiting<T>, error: unknown, attempts: number) => boolean;
  readonly maxEntries: number;
  readonly maxConcurrent: number;
  readonly timeoutMs: number;
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
  readonly clock: Clock;
  readonly wallClock: WallClock;
  readonly random: Random;
  readonly reporter: Reporter;
}

interface Item<T> {
  readonly entry: Waiting<T>;
  /** Whether the store has it: not before that is it delivered. */
  stored: boolean;
}

interface Lane<T> {
  readonly name: string;
  readonly queue: Item<T>[];
  /** Of the first in it. */
  attempts: number;
  timer: TimerHandle;
  busy: boolean;
}

export interface CourierCounts {
  delivered: number;
  failedAttempts: number;
  givenUp: number;
}

export class Courier<T> {
  readonly counts: CourierCounts = { delivered: 0, failedAttempts: 0, givenUp: 0 };
  readonly #settings: CourierSettings<T>;
  readonly #lanes: Map<string, Lane<T>> = new Map();
  readonly #gate: Gate;
  readonly #background: Background = new Background();
  #waiting = 0;
  #loaded: Promise<void> | undefined = undefined;
  #idle: (() => void)[] = [];
  #stopped = false;

  constructor(where: string, settings: CourierSettings<T>) {
    this.#settings = settings;
    // One may run per lane, so no more can wait than there are entries.
    this.#gate = new Gate(where, { maxConcurrent: settings.maxConcurrent, maxQueue: settings.maxEntries });
  }

  /** How many wait or are being delivered. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Takes up what the store has from before; once, unless it failed. */
  load(): Promise<void> {
    return (this.#loaded ??= this.#settings.store.all().then(
      (entries) => {
        this.#waiting += entries.length;
        for (const entry of entries) this.#push({ entry, stored: true });
      },
      (error: unknown) => {
        this.#loaded = undefined;
        throw error;
      },
    ));
  }

  /** Its place in its lane is that of the call; it is delivered once the store has it. */
  async add(entry: Waiting<T>): Promise<void> {
    this.#waiting++;
    const item = { entry, stored: false };
    let lane: Lane<T> | undefined;
    try {
      await this.load();
      if (this.#waiting > this.#settings.maxEntries) throw new StoreFullError(this.#settings.maxEntries);
      lane = this.#push(item);
      await this.#settings.store.add(entry);
      item.stored = true;
      this.#next(lane);
    } catch (error) {
      if (lane === undefined) this.#left();
      else this.#take(lane, item);
      throw error;
    }
  }

  /** Tries all lanes now, whatever they are waiting for. */
  hurry(): void {
    for (const lane of this.#lanes.values()) {
      this.#settings.clock.clearTimeout(lane.timer);
      lane.timer = undefined;
      this.#next(lane);
    }
  }

  /** Resolves when nothing waits any more. */
  empty(): Promise<void> {
    return this.#waiting === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Begins no delivery any more; what waits stays in the store. */
  stop(): void {
    this.#stopped = true;
    for (const lane of this.#lanes.values()) this.#settings.clock.clearTimeout(lane.timer);
  }

  #push(item: Item<T>): Lane<T> {
    const name = item.entry.lane;
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      lane = { name, queue: [], attempts: 0, timer: undefined, busy: false };
      this.#lanes.set(name, lane);
    }
    lane.queue.push(item);
    this.#next(lane);
    return lane;
  }

  #take(lane: Lane<T>, item: Item<T>): void {
    lane.queue.splice(lane.queue.indexOf(item), 1);
    if (lane.queue.length === 0) this.#lanes.delete(lane.name);
    else this.#next(lane);
    this.#left();
  }

  #left(): void {
    if (--this.#waiting > 0) return;
    for (const idle of this.#idle.splice(0)) idle();
  }

  #next(lane: Lane<T>): void {
    const first = lane.queue[0];
    if (first?.stored !== true || lane.busy || lane.timer !== undefined || this.#stopped) return;
    lane.busy = true;
    this.#background.run(() => void this.#deliver(lane, first));
  }

  async #deliver(lane: Lane<T>, item: Item<T>): Promise<void> {
    const { store, deliver, clock, timeoutMs } = this.#settings;
    const { entry } = item;
    try {
      const send = (one: Waiting<T>, context: CallContext): Promise<unknown> => deliver(one, context);
      await this.#gate.run(() => errand(send, entry, clock, timeoutMs, undefined, lane.attempts + 1));
      await store.remove(entry.id);
      this.counts.delivered++;
      this.#done(lane, item, 'delivered', undefined);
    } catch (error) {
      await this.#failed(lane, item, error);
    }
  }

  async #failed(lane: Lane<T>, item: Item<T>, error: unknown): Promise<void> {
    const { store, clock, random, baseDelayMs, maxDelayMs, reporter } = this.#settings;
    lane.attempts++;
    this.counts.failedAttempts++;
    if (this.#givesUp(item.entry, error, lane.attempts)) {
      // Should the store not let go of it, it is given up again after a restart.
      await store.remove(item.entry.id).catch(() => {});
      this.counts.givenUp++;
      return this.#done(lane, item, 'given-up', error);
    }
    const waitMs = equalJitter({
      retry: lane.attempts,
      draw: random(),
      previousMs: 0,
      baseDelayMs,
      maxDelayMs,
    });
    if (reporter.on)
      reporter.tell('delivery-failed', { attempts: lane.attempts, waitMs, reason: nameOf(error) });
    lane.busy = false;
    if (this.#stopped) return;
    lane.timer = clock.setTimeout(
      () => {
        lane.timer = undefined;
        this.#next(lane);
      },
      waitMs,
      'background',
    );
  }

  #givesUp(entry: Waiting<T>, error: unknown, attempts: number): boolean {
    try {
      return this.#settings.giveUp(entry, error, attempts);
    } catch {
      return false;
    }
  }

  #done(lane: Lane<T>, item: Item<T>, what: string, error: unknown): void {
    const { reporter } = this.#settings;
    if (reporter.on) reporter.tell(what, { attempts: lane.attempts + 1, reason: nameOf(error) });
    lane.attempts = 0;
    lane.busy = false;
    this.#take(lane, item);
  }
}
