/** A turnstile: a quota, those who wait for it in line, and the one timer that lets the first of them go on. */
import type { Clock, TimerHandle } from '../../core/clock.ts';
import type { Context } from '../../core/context.ts';
import type { Quota, QuotaState, Rate } from '../../structures/quota.ts';
import { type TurnedAway, WaitingLine } from '../waiting-line.ts';

/** What all turnstiles of one policy share. */
export interface Pace {
  readonly clock: Clock;
  /** How fast they let through now. */
  rate(): Rate;
  /** Somebody has left a line. */
  left(): void;
}

export class Turnstile {
  readonly #quota: Quota;
  readonly #pace: Pace;
  // Most keys never see anybody wait.
  #line: WaitingLine | undefined = undefined;
  #timer: TimerHandle = undefined;

  constructor(quota: Quota, pace: Pace) {
    this.#quota = quota;
    this.#pace = pace;
  }

  /** Lets one call through, if there is room and nobody waits for it. */
  pass(nowMs: number): boolean {
    return this.#waiting === 0 && this.#quota.take(nowMs, this.#pace.rate(), false);
  }

  /** Milliseconds until one who joins now would get through. */
  waitMs(nowMs: number): number {
    return this.#quota.waitMs(nowMs, this.#pace.rate(), this.#waiting);
  }

  /** Resolves when the caller may go on; see {@link WaitingLine}. */
  join(context: Context, timeoutMs: number, refuse: (why: TurnedAway) => Error): Promise<void> {
    this.#line ??= new WaitingLine(() => this.#left());
    const turn = this.#line.join(context, timeoutMs, refuse);
    this.#arm();
    return turn;
  }

  /** Somebody who got through did not go: the next may. */
  giveBack(): void {
    this.#quota.giveBack();
    this.serve();
  }

  export(nowMs: number): QuotaState {
    return this.#quota.export(nowMs, this.#pace.rate());
  }

  hydrate(state: QuotaState, thenMs: number): void {
    this.#quota.hydrate(state, thenMs);
  }

  get #waiting(): number {
    return this.#line === undefined ? 0 : this.#line.size;
  }

  #left(): void {
    this.#pace.left();
    if (this.#waiting === 0) this.#disarm();
  }

  /** Lets through whom there is room for now, and sets the timer for the next. */
  serve(): void {
    this.#disarm();
    const { clock } = this.#pace;
    while (this.#waiting > 0 && this.#quota.take(clock.now(), this.#pace.rate(), true)) this.#line?.next();
    this.#arm();
  }

  #arm(): void {
    if (this.#timer !== undefined || this.#waiting === 0) return;
    const { clock } = this.#pace;
    const waitMs = this.#quota.waitMs(clock.now(), this.#pace.rate(), 0);
    // Timers count whole milliseconds, and one that fires a hair too early would be set again for the hair.
    this.#timer = clock.setTimeout(() => this.serve(), Math.ceil(waitMs));
  }

  #disarm(): void {
    if (this.#timer === undefined) return;
    this.#pace.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
