/**
 * Pool rules: who stands out among the endpoints of one tracker? A trip rule looks at one endpoint alone; a pool
 * rule sees what all had to say in one interval. Both are detectors.
 */
import type { Outcome } from '../core/outcome.ts';

export interface PoolRule {
  /** Milliseconds over which calls are counted; then the pool is judged, and counting starts anew. */
  readonly intervalMs: number;
  /** Whether an outcome is held against its endpoint; `undefined` if it tells this rule nothing. */
  blames(outcome: Outcome): boolean | undefined;
  /** Who stands out, the worst first. */
  outliers(tallies: readonly PoolTally[]): readonly PoolOutlier[];
}

/** One endpoint's calls within the interval. */
export interface PoolTally {
  readonly calls: number;
  /** Those held against it. */
  readonly bad: number;
}

export interface PoolOutlier {
  /** Its place in the list of tallies. */
  readonly index: number;
  readonly reason: string;
}

/** A share as events show it. */
export function percent(share: number): string {
  return `${Math.round(share * 1000) / 10} %`;
}
