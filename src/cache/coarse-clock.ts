/**
 * A clock that is read often: looking at the platform's costs 60 ns, more than finding an entry.
 *
 * One reading serves for a millisecond, or for 64 reads: a loop of hits that never leaves the microtask queue
 * would hold up the timer for ever. A clock that was handed in is read every time, so that tests are exact.
 */
import { type Clock, systemClock } from '../core/clock.ts';

const READS = 64;

export class CoarseClock {
  readonly #clock: Clock;
  readonly #reads: number;
  #originMs: number | undefined = undefined;
  #nowMs = 0;
  #left = 0;
  #armed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#reads = clock === systemClock ? READS : 0;
  }

  /** Whole milliseconds since the first read; never less than before, also if the clock steps back. */
  read(): number {
    if (this.#left > 0) {
      this.#left--;
      return this.#nowMs;
    }
    return this.#look();
  }

  /** The same moment on the clock itself. */
  timeOf(ms: number): number {
    return (this.#originMs ?? 0) + ms;
  }

  #look(): number {
    const now = this.#clock.now();
    this.#originMs ??= now;
    const ms = Math.floor(now - this.#originMs);
    // Not for a clock that steps back, nor for one that says NaN.
    if (ms > this.#nowMs) this.#nowMs = ms;
    if (this.#reads > 0) {
      this.#left = this.#reads - 1;
      if (!this.#armed) this.#arm();
    }
    return this.#nowMs;
  }

  #arm(): void {
    this.#armed = true;
    this.#clock.setTimeout(
      () => {
        this.#armed = false;
        this.#left = 0;
      },
      1,
      'background',
    );
  }
}
