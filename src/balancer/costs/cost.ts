/**
 * The port for costs: what would one more call to this endpoint cost now? A picker compares costs and knows no
 * formula; a cost knows one endpoint and no picking.
 */
import type { Outcome } from '../../core/outcome.ts';

/** A description of a cost. */
export interface Cost {
  /** Called once for each balancer: the meters of its endpoints may share what they know. */
  create(): CostMeters;
}

export interface CostMeters {
  /** A meter for one endpoint. */
  meter(): CostMeter;
}

export interface CostMeter {
  /** What one more call costs; only the order matters. */
  cost(nowMs: number, load: Load): number;
  /**
   * Whether, as of the last `cost`, it is so much worse than the others that a picker who draws should draw
   * again. @defaultValue it is not
   */
  readonly outlier?: boolean;
  /**
   * A call was answered, or was given up.
   *
   * @param response - what it was answered; `undefined` if it failed
   */
  record(nowMs: number, latencyMs: number, outcome: Outcome, response: unknown, load: Load): void;
  /** The endpoint has recovered: what was learnt before no longer holds. */
  reset(): void;
  /** What `endpoints()` shows; `undefined` if nothing is known. */
  latencyMs(nowMs: number): number | undefined;
  /** The endpoint's own word on its load, where the cost heeds it. */
  reported?(said: number, nowMs: number, load: Load): void;
}

/** What the balancer itself has sent to an endpoint. */
export interface Load {
  /** Calls in flight. */
  readonly pending: number;
  /** Divide `pending` by it: twice the weight carries twice the calls. */
  readonly weight: number;
  /** All calls so far. */
  readonly picked: number;
  /** The mean age of the calls that have not been answered, in milliseconds; 0 if there are none. */
  ageMs(nowMs: number): number;
}
