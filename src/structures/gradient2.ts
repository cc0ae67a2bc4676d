/**
 * Gradient2 of Netflix's concurrency-limits: calls that take longer than they used to are queueing somewhere.
 *
 *   gradient = clamp(tolerance · long / short, 0.5, 1)
 *   limit    = 0.8 · limit + 0.2 · (gradient · limit + 4)
 *
 * `short` is the mean latency of one window, `long` its moving average over 600 windows; where `long` is more than
 * twice `short`, a time of trouble is over and it is forgotten by 5 % a window. A window with a drop cuts the limit
 * to 0.9 instead, which the original, made for servers, does not heed.
 */
import { clampLimit, type LimitBounds, type LimitState } from './limit-state.ts';

const SMOOTHING = 0.2;
const QUEUE = 4;
const BACKOFF = 0.9;
const LONG_WINDOWS = 600;
/** The first windows are averaged evenly. */
const WARM_UP = 10;
const MINIMUM_CALLS = 10;
/** Faster than this nobody was asked. */
const LEAST_MS = 0.1;

export class Gradient2 implements LimitState {
  limit: number;
  readonly #bounds: LimitBounds;
  readonly #tolerance: number;
  readonly #windowMs: number;
  #longMs = 0;
  #windows = 0;
  // The window that is being filled.
  #sinceMs = Infinity;
  #calls = 0;
  #sumMs = 0;
  #most = 0;
  #dropped = false;

  constructor(bounds: LimitBounds, tolerance: number, windowMs: number) {
    this.limit = bounds.initialLimit;
    this.#bounds = bounds;
    this.#tolerance = tolerance;
    this.#windowMs = windowMs;
  }

  resume(limit: number): void {
    this.limit = clampLimit(limit, this.#bounds);
  }

  record(startMs: number, nowMs: number, inFlight: number, dropped: boolean): void {
    // The first call of a window, or a clock that stepped back.
    if (!(this.#sinceMs <= nowMs)) this.#sinceMs = nowMs;
    this.#most = Math.max(this.#most, inFlight);
    if (dropped) this.#dropped = true;
    else if (nowMs - startMs >= LEAST_MS) {
      this.#calls++;
      this.#sumMs += nowMs - startMs;
    }
    if (nowMs - this.#sinceMs < this.#windowMs || (this.#calls < MINIMUM_CALLS && !this.#dropped)) return;
    this.limit = clampLimit(this.#next(), this.#bounds);
    this.#sinceMs = Infinity;
    this.#calls = this.#sumMs = this.#most = 0;
    this.#dropped = false;
  }

  #next(): number {
    if (this.#dropped) return this.limit * BACKOFF;
    const shortMs = this.#sumMs / this.#calls;
    this.#windows++;
    const weight = this.#windows <= WARM_UP ? 1 / this.#windows : 2 / (LONG_WINDOWS + 1);
    this.#longMs += (shortMs - this.#longMs) * weight;
    if (this.#longMs > 2 * shortMs) this.#longMs *= 0.95;
    if (2 * this.#most < this.limit) return this.limit;
    const gradient = Math.min(1, Math.max(0.5, (this.#tolerance * this.#longMs) / shortMs));
    return (1 - SMOOTHING) * this.limit + SMOOTHING * (gradient * this.limit + QUEUE);
  }
}
