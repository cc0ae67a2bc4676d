/** The area under a value that changes in steps, over one stretch of time: busy slots, seconds of membership. */
export class Integral {
  readonly #fromMs: number;
  readonly #toMs: number;
  #value = 0;
  #sinceMs = 0;
  #area = 0;

  constructor(fromMs: number, toMs: number) {
    this.#fromMs = fromMs;
    this.#toMs = toMs;
  }

  /** From now on it is this. */
  set(nowMs: number, value: number): void {
    this.#area = this.area(nowMs);
    this.#sinceMs = nowMs;
    this.#value = value;
  }

  area(nowMs: number): number {
    const ms = Math.min(nowMs, this.#toMs) - Math.max(this.#sinceMs, this.#fromMs);
    return ms > 0 ? this.#area + ms * this.#value : this.#area;
  }
}
