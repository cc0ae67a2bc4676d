/** A moving quantile of latency as an option of guards: how long do calls take now? */
import { OptionError } from './errors.ts';
import { checkCount, checkInterval, checkNumber } from './options.ts';
import { MovingQuantile } from '../structures/moving-quantile.ts';

/**
 * The time that a share of the calls of the last seconds did not exceed, at most 2 % off (DDSketch; Masson, Rim,
 * Lee, VLDB 2019). Each policy measures for itself.
 */
export interface LatencyQuantile {
  /** From 0 to 1: 0.95 of the calls took no longer. */
  readonly quantile: number;
  /** Milliseconds for which a measurement counts. @defaultValue 30_000 */
  readonly windowMs?: number;
  /** Fewer measurements than this say nothing. @defaultValue 20 */
  readonly minimumCalls?: number;
}

export class Latency {
  readonly #moving: MovingQuantile;
  readonly #minimumCalls: number;

  constructor(where: string, option: string, said: LatencyQuantile) {
    if (typeof said !== 'object' || said === null)
      throw new OptionError(where, option, said, 'milliseconds or a quantile');
    this.#moving = new MovingQuantile(
      checkNumber(where, `${option}.quantile`, said.quantile, 0, 1),
      checkInterval(where, `${option}.windowMs`, said.windowMs ?? 30_000),
    );
    this.#minimumCalls = checkCount(where, `${option}.minimumCalls`, said.minimumCalls ?? 20);
  }

  record(nowMs: number, latencyMs: number): void {
    this.#moving.record(nowMs, latencyMs);
  }

  /** The quantile in milliseconds; `undefined` while too little is known. */
  ms(nowMs: number): number | undefined {
    this.#moving.advance(nowMs);
    return this.#moving.count < this.#minimumCalls ? undefined : this.#moving.value;
  }
}
