/**
 * Who is well: the health tracker. Detectors (`consecutiveFailures`, `failureRate`) come from the front door.
 *
 * @module
 */
export { healthTracker, type HealthSnapshot, type HealthTracker } from './health-tracker.ts';
export type { HealthTrackerOptions, ProbeOptions } from './options.ts';
