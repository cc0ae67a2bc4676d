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
  type AdaptiveLimitState,
} from './adaptive-limit/adaptive-limit.ts';
export { admission, type Admission, type AdmissionOptions, type AdmissionSnapshot } from './admission.ts';
export { bulkhead, type Bulkhead, type BulkheadOptions, type BulkheadSnapshot } from './bulkhead.ts';
export { circuitBreaker } from './circuit-breaker/circuit-breaker.ts';
export type {
  CircuitBreaker,
  CircuitBreakerOptions,
  CircuitBreakerSnapshot,
} from './circuit-breaker/options.ts';
export {
  deadlineFrom,
  type DeadlineFromOptions,
  type DeadlineHeaderOptions,
  deadlineHeaders,
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
export type { HeadersLike } from './headers.ts';
export { pushbackFrom } from './pushback.ts';
export { fallback, type Fallback, type FallbackOptions, type FallbackSnapshot } from './fallback.ts';
export { hedge } from './hedge/hedge.ts';
export type { Hedge, HedgeOptions, HedgeSnapshot } from './hedge/options.ts';
export type { CircuitBreakerState } from '../structures/breaker-machine.ts';
export type { ThrottleState } from '../structures/client-throttle.ts';
export type { QuotaState } from '../structures/quota.ts';
export { keyed, type Keyed, type KeyedOptions, type KeyedSnapshot } from './keyed.ts';
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
} from './adaptive-limit/limit-rules.ts';
export { rateLimit } from './rate-limit/rate-limit.ts';
export type { RateLimit, RateLimitOptions, RateLimitSnapshot, RateLimitState } from './rate-limit/options.ts';
export type { Adjustable, Changes, Guard, GuardMode, GuardOptions } from './guard.ts';
export { retry } from './retry/retry.ts';
export type { RetryOptions, RetryPolicy, RetrySnapshot, RetryState } from './retry/options.ts';
export {
  retryBudget,
  type RetryBudget,
  type RetryBudgetOptions,
  retryThrottling,
  type RetryThrottlingOptions,
  tokenBudget,
  type TokenBudgetOptions,
} from './retry/retry-budget.ts';
export { isBudgetSpent } from './retry/spent.ts';
export type { PlacesOptions } from './places.ts';
export type { QueueOrder } from './waiting-line.ts';
export {
  type Backoff,
  type BackoffStep,
  decorrelatedJitter,
  equalJitter,
  fullJitter,
} from '../structures/backoff.ts';
export { timeout, type Timeout, type TimeoutOptions, type TimeoutSnapshot } from './timeout.ts';
export { throttle, type Throttle, type ThrottleOptions, type ThrottleSnapshot } from './throttle.ts';
