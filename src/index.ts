/**
 * evenkeel: client-side resilience for any async call.
 *
 * @module
 */
export { type Clock, systemClock, type TimerHandle } from './core/clock.ts';
export { consecutiveFailures, type ConsecutiveFailuresOptions } from './core/consecutive-failures.ts';
export { endpoint, type Endpoint, type EndpointOptions } from './core/endpoint.ts';
export {
  EvenkeelError,
  isEvenkeelError,
  isOptionError,
  isTimeoutError,
  OptionError,
  TimeoutError,
} from './core/errors.ts';
export { failureRate, type FailureRateOptions } from './core/failure-rate.ts';
export type { Status } from './core/health.ts';
export { observe, type Observer, type ObserverEvent } from './core/observer.ts';
export type { Classify, Outcome, OutcomeKind } from './core/outcome.ts';
export { pipe } from './core/pipe.ts';
export type { Policy } from './core/policy.ts';
export { type Random, systemRandom } from './core/random.ts';
export type { CallContext, CallOptions, Criticality, Layer, Transport } from './core/transport.ts';
export type { TripCounter, TripRule } from './core/trip-rule.ts';
export { timeout, type TimeoutOptions } from './policies/timeout.ts';
