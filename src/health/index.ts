/**
 * Who is well: the health tracker. Trip rules (`consecutiveFailures`, `failureRate`, `slowCalls`) come from
 * the front door.
 *
 * @module
 */
export type { Condition } from './condition.ts';
export { denialOutliers, type DenialOutliersOptions } from './denial-outliers.ts';
export {
  type EndpointSnapshot,
  type HealthSnapshot,
  healthTracker,
  type HealthTracker,
  type Standing,
} from './health-tracker.ts';
export { bestOf, worstOf } from './merged.ts';
export type { HealthTrackerOptions, ProbeOptions } from './options.ts';
export type { PoolOutlier, PoolRule, PoolTally } from './pool-rule.ts';
export { successRateOutliers, type SuccessRateOutliersOptions } from './success-rate-outliers.ts';
