/** How often a source is asked, how long an ask may take, and how soon it is asked again when it failed. */
import { checkInterval, checkNumber } from '../core/options.ts';
import { type Random, systemRandom } from '../core/random.ts';
import { Backoff } from './backoff.ts';

/** How often a source is asked. */
export interface PaceOptions {
  /** Milliseconds from an answer to the next ask, at most. @defaultValue 30_000 */
  readonly intervalMs?: number;
  /** The share of `intervalMs` by which an ask may come earlier, at random, so that clients part. @defaultValue 0.1 */
  readonly jitter?: number;
  /** Milliseconds one ask may take; then its signal aborts. @defaultValue 5_000 */
  readonly timeoutMs?: number;
  /**
   * Milliseconds before a source that failed is asked again, half of them jittered; doubles with each failure in a
   * row, up to `intervalMs`. @defaultValue 1_000
   */
  readonly baseDelayMs?: number;
  readonly random?: Random;
}

export class Pace {
  readonly timeoutMs: number;
  readonly backoff: Backoff;
  readonly #intervalMs: number;
  readonly #jitter: number;
  readonly #random: Random;

  constructor(where: string, options: PaceOptions) {
    this.timeoutMs = checkInterval(where, 'timeoutMs', options.timeoutMs ?? 5000);
    this.#intervalMs = checkInterval(where, 'intervalMs', options.intervalMs ?? 30_000);
    this.#jitter = checkNumber(where, 'jitter', options.jitter ?? 0.1, 0, 1);
    this.#random = options.random ?? systemRandom;
    const baseMs = checkInterval(where, 'baseDelayMs', options.baseDelayMs ?? 1000);
    this.backoff = new Backoff(baseMs, this.#intervalMs, this.#random);
  }

  /** How long to wait after a good answer. */
  nextMs(): number {
    return this.#intervalMs * (1 - this.#jitter * this.#random());
  }
}
