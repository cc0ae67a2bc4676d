/**
 * The port for costs: what would one more call to this endpoint cost now? A picker compares costs and knows no
 * formula; a cost knows one endpoint and no picking.
 */
import type { Outcome } from '../core/outcome.ts';

/** A description of a cost; each endpoint gets a meter of its own. */
export interface Cost {
  meter(): CostMeter;
}

export interface CostMeter {
  /**
   * What one more call costs; only the order matters.
   *
   * @param pending - calls in flight
   * @param ageMs - the mean age of those that have not been answered; 0 if there are none
   */
  cost(nowMs: number, pending: number, ageMs: number): number;
  /** A call was answered, or was given up. */
  record(nowMs: number, latencyMs: number, outcome: Outcome): void;
  /** The endpoint has recovered: what was learnt before no longer holds. */
  reset(): void;
  /** What `endpoints()` shows; `undefined` if nothing is known. */
  latencyMs(nowMs: number): number | undefined;
}
