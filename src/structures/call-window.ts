/**
 * A sliding window over calls: the sum over the last `size` of them, whenever they were. It knows no time; what stands in
 * the place of `RollingWindow` where calls are counted and not seconds.
 */
export class CallWindow {
  readonly #size: number;
  // Grows up to its size: a window of a million calls costs nothing before there have been any.
  readonly #values: number[] = [];
  #next = 0;
  #sum = 0;

  constructor(size: number) {
    this.#size = size;
  }

  /** How many calls are in the window. */
  get count(): number {
    return this.#values.length;
  }

  get sum(): number {
    return this.#sum;
  }

  add(_nowMs: number, value: number): void {
    this.#sum += value - (this.#values[this.#next] ?? 0);
    this.#values[this.#next] = value;
    this.#next = (this.#next + 1) % this.#size;
  }

  clear(): void {
    this.#values.length = 0;
    this.#next = 0;
    this.#sum = 0;
  }
}
