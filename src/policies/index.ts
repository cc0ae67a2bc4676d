/**
 * Guards around one call: time limits and deadlines, retries, hedges, breakers, bulkheads, limits, fallbacks.
 *
 * @module
 */
export {
  adaptiveLimit,
  type AdaptiveLimit,
  type AdaptiveLimitOptions,
  type AdaptiveLimitSnapshot,
} from './adaptive-limit.ts';
export { admission, type Admission, type AdmissionOptions, type AdmissionSnapshot } from './admission.ts';
export { bulkhead, type Bulkhead, type BulkheadOptions, type BulkheadSnapshot } from './bulkhead.ts';
export {
  circuitBreaker,
  type CircuitBreaker,
  type CircuitBreakerOptions,
  type CircuitBreakerSnapshot,
} from './circuit-breaker.ts';
export {
  deadlineFrom,
  type DeadlineFromOptions,
  type DeadlineHeaderOptions,
  deadlineHeaders,
  type HeadersLike,
} from './deadline.ts';
export {
  BulkheadFullError,
  CircuitOpenError,
  isBulkheadFullError,
  isCircuitOpenError,
  isLimitReachedError,
  isRateLimitedError,
  isThrottledError,
  isTooLateError,
  LimitReachedError,
  RateLimitedError,
  ThrottledError,
  TooLateError,
} from './errors.ts';
export { fallback, type Fallback, type FallbackOptions, type FallbackSnapshot } from './fallback.ts';
export { hedge, type Hedge, type HedgeOptions, type HedgeSnapshot } from './hedge.ts';
export type { LatencyQuantile } from '../core/latency.ts';
export { isLostRaceError, LostRaceError } from '../core/lost-race.ts';
export {
  aimd,
  type AimdOptions,
  gradient2,
  type Gradient2Options,
  type LimitBoundsOptions,
  type LimitRule,
  type LimitState,
} from './limit-rules.ts';
export { rateLimit, type RateLimit, type RateLimitOptions, type RateLimitSnapshot } from './rate-limit.ts';
export type { GuardMode } from './refusals.ts';
export { retry, type RetryOptions, type RetryPolicy, type RetrySnapshot } from './retry.ts';
export { retryBudget, type RetryBudget, type RetryBudgetOptions } from './retry-budget.ts';
export { timeout, type TimeoutOptions } from './timeout.ts';
export { throttle, type Throttle, type ThrottleOptions, type ThrottleSnapshot } from './throttle.ts';
