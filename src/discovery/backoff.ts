/** How long a source that failed is left alone before it is asked again. */
import type { Random } from '../core/random.ts';
import { equalJitter } from '../structures/backoff.ts';

export class Backoff {
  readonly #baseMs: number;
  readonly #maxMs: number;
  readonly #random: Random;
  #failures = 0;

  constructor(baseMs: number, maxMs: number, random: Random) {
    this.#baseMs = baseMs;
    this.#maxMs = maxMs;
    this.#random = random;
  }

  succeeded(): void {
    this.#failures = 0;
  }

  /**
   * It failed once more: how long to wait. Half of it is jittered (equal jitter, as of an ejection): the other
   * half keeps a source that ends as soon as it has answered from being asked in a tight loop.
   */
  failed(): number {
    this.#failures++;
    return equalJitter({
      retry: this.#failures,
      draw: this.#random(),
      previousMs: 0,
      baseDelayMs: this.#baseMs,
      maxDelayMs: this.#maxMs,
    });
  }
}
