/**
 * Additive increase, multiplicative decrease (Chiu and Jain, 1989), as TCP finds what a path carries (RFC 5681) and
 * Netflix's concurrency-limits what a server does:
 *
 *   a success, while at least half of the limit is used:   limit += 1 / limit      (one more a round trip)
 *   … and before the first drop of all (slow start):       limit += 1              (twice as many a round trip)
 *   a drop (refused, or too slow):                         limit *= backoff        (once a round trip)
 *
 * A drop of a call that began before the last cut is late news of the same overload and cuts no further. (Netflix
 * adds 1 for each success and cuts for each drop: a limit of 100 then settles where one call in ten is dropped.)
 */
import { clampLimit, type LimitBounds, type LimitState } from './limit-state.ts';

export class Aimd implements LimitState {
  limit: number;
  readonly #bounds: LimitBounds;
  readonly #backoff: number;
  readonly #tooSlowMs: number;
  #cutMs = -Infinity;
  #starting = true;

  constructor(bounds: LimitBounds, backoff: number, tooSlowMs: number) {
    this.limit = bounds.initialLimit;
    this.#bounds = bounds;
    this.#backoff = backoff;
    this.#tooSlowMs = tooSlowMs;
  }

  resume(limit: number): void {
    this.#starting = false;
    this.limit = clampLimit(limit, this.#bounds);
  }

  record(startMs: number, nowMs: number, inFlight: number, dropped: boolean): void {
    // A clock that stepped back would make every call begin before the cut.
    if (nowMs < this.#cutMs) this.#cutMs = -Infinity;
    if (dropped || nowMs - startMs > this.#tooSlowMs) {
      if (startMs <= this.#cutMs) return;
      this.#cutMs = nowMs;
      this.#starting = false;
      this.limit = clampLimit(this.limit * this.#backoff, this.#bounds);
    } else if (2 * inFlight >= this.limit) {
      const more = this.#starting ? 1 : 1 / this.limit;
      this.limit = clampLimit(this.limit + more, this.#bounds);
    }
  }
}
