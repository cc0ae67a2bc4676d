/**
 * Hard timeouts of loads, without a timer for every load: setting and clearing one costs Node 1 µs, a third of a
 * whole miss, and most loads that settle within the same turn of the event loop never need it.
 *
 * A load gets a timer of its own only if it is still under way a millisecond later. On a clock that was handed in
 * it gets one at once, so that tests are exact.
 */
import { type Clock, systemClock, type TimerHandle } from '../core/clock.ts';

const GRACE_MS = 1;
/** Loads in a loop that never leaves the microtask queue would gather without end. */
const MAX_YOUNG = 64;

/** What has a deadline. */
export interface Limited {
  /** On the clock. */
  readonly dueMs: number;
  /** Whether nobody waits for it: then it must not keep the process alive. */
  readonly idle: boolean;
  readonly ended: boolean;
  timer: TimerHandle;
}

export class Deadlines<W extends Limited> {
  readonly #clock: Clock;
  readonly #expired: (work: W) => void;
  #young: W[] = [];
  #ticking = false;

  constructor(clock: Clock, expired: (work: W) => void) {
    this.#clock = clock;
    this.#expired = expired;
  }

  watch(work: W): void {
    if (work.dueMs === Infinity) return;
    if (this.#clock !== systemClock) {
      this.arm(work);
      return;
    }
    if (this.#young.push(work) === MAX_YOUNG) this.#grow();
    if (this.#ticking) return;
    this.#ticking = true;
    this.#clock.setTimeout(() => {
      this.#ticking = false;
      this.#grow();
    }, GRACE_MS);
  }

  /** Sets the timer, in the place of an earlier one. */
  arm(work: W): void {
    this.disarm(work);
    if (work.dueMs === Infinity) return;
    const leftMs = Math.max(0, work.dueMs - this.#clock.now());
    work.timer = this.#clock.setTimeout(
      () => this.#expired(work),
      leftMs,
      work.idle ? 'background' : undefined,
    );
  }

  disarm(work: W): void {
    if (work.timer === undefined) return;
    this.#clock.clearTimeout(work.timer);
    work.timer = undefined;
  }

  #grow(): void {
    const grown = this.#young;
    this.#young = [];
    for (const work of grown) if (!work.ended) this.arm(work);
  }
}
