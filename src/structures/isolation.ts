/**
 * Is it them, or is it us? Endpoints fail independently of each other; when most of them cannot be reached within
 * one window, and nobody has answered since, it is rather this process that is cut off.
 *
 *   isolated  ⇔  cut ≥ max(2, ⌈2/3 · min(endpoints, 15)⌉)
 *
 * where `cut` is how many endpoints failed with an error of local origin within the window and after the last
 * answer of anybody. Of more than 15 endpoints, 10 tell as much as all: if a third of them were really gone,
 * ten calls in a row would meet only those once in 59 000 times.
 *
 * It cannot tell a cut from all servers hanging at once; then too nobody is worse than the others.
 */
const SHARE = 2 / 3;
const SAMPLE = 15;

export class Isolation<K> {
  readonly #windowMs: number;
  // By when they failed last, the oldest first.
  readonly #cut = new Map<K, number>();
  #sinceMs = Infinity;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** When the first of them failed; `Infinity` if nobody has. */
  get sinceMs(): number {
    return this.#sinceMs;
  }

  /** Those that failed so. */
  get cut(): IterableIterator<K> {
    return this.#cut.keys();
  }

  /** An endpoint could not be reached. */
  failed(endpoint: K, nowMs: number): void {
    if (this.#cut.size === 0) this.#sinceMs = nowMs;
    this.#cut.delete(endpoint);
    this.#cut.set(endpoint, nowMs);
  }

  /** Somebody has answered: the way out is open. */
  answered(): void {
    this.#cut.clear();
    this.#sinceMs = Infinity;
  }

  /** An endpoint is no longer there. */
  gone(endpoint: K): void {
    this.#cut.delete(endpoint);
    if (this.#cut.size === 0) this.answered();
  }

  isolated(endpoints: number, nowMs: number): boolean {
    for (const [endpoint, failedMs] of this.#cut) {
      if (nowMs - failedMs < this.#windowMs) break;
      this.gone(endpoint);
    }
    return this.#cut.size >= Math.max(2, Math.ceil(SHARE * Math.min(endpoints, SAMPLE)));
  }
}
