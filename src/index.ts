/**
 * evenkeel: client-side resilience for any async call.
 *
 * @module
 */
export { balance, type Balanced, type BalanceSnapshot, type DrainOptions } from './balancer/balance.ts';
export type { Done } from './balancer/completion.ts';
export type { Cost, CostMeter, CostMeters, Load } from './balancer/costs/cost.ts';
export { leastPending } from './balancer/costs/least-pending.ts';
export { peakEwma, type PeakEwmaOptions } from './balancer/costs/peak-ewma.ts';
export { relativeLatency, type RelativeLatencyOptions } from './balancer/costs/relative-latency.ts';
export { reportedLoad, type ReportedLoadOptions } from './balancer/costs/reported-load.ts';
export { DrainingError, isDrainingError, isNoEndpointsError, NoEndpointsError } from './balancer/errors.ts';
export type { Considered, Explanation } from './balancer/explanation.ts';
export type { Lease } from './balancer/lease.ts';
export type { EndpointView } from './balancer/member.ts';
export { blueGreen, type BlueGreen, type BlueGreenOptions } from './balancer/narrowing/blue-green.ts';
export {
  canary,
  type Canary,
  type CanaryFigures,
  type CanaryOptions,
  type CanarySnapshot,
  type CanaryState,
} from './balancer/narrowing/canary.ts';
export { explore, type ExploreOptions } from './balancer/narrowing/explore.ts';
export type { Narrowing } from './balancer/narrowing/narrowing.ts';
export { priorities, type Priorities, type PrioritiesOptions } from './balancer/narrowing/priorities.ts';
export { slowStart, type SlowStartOptions } from './balancer/narrowing/slow-start.ts';
export { type ClientOfFleet, subset, type SubsetOptions } from './balancer/narrowing/subset.ts';
export { weightedZones, type WeightedZonesOptions } from './balancer/narrowing/weighted-zones.ts';
export { zones, type ZonesOptions } from './balancer/narrowing/zones.ts';
export type { BalanceOptions } from './balancer/options.ts';
export {
  consistentHash,
  type ConsistentHashOptions,
  preferenceOrder,
} from './balancer/pickers/consistent-hash.ts';
export { p2c, type P2cOptions } from './balancer/pickers/p2c.ts';
export {
  type Candidate,
  type PickedCall,
  type Picker,
  type PickerState,
  type PickerTools,
  type PickTrace,
  standing,
} from './balancer/pickers/picker.ts';
export { type ProbeAnswer, probing, type ProbingOptions } from './balancer/pickers/probing.ts';
export { random } from './balancer/pickers/random.ts';
export { roundRobin } from './balancer/pickers/round-robin.ts';
export type { ReadyOptions } from './balancer/ready.ts';
export type { Dropped } from './core/bounded-map.ts';
export { type Clock, systemClock, type TimerHandle, type WallClock } from './core/clock.ts';
export { consecutiveFailures, type ConsecutiveFailuresOptions } from './core/consecutive-failures.ts';
export type { EndpointSource, Follower } from './core/endpoint-source.ts';
export { endpoint, type Endpoint, type EndpointOptions } from './core/endpoint.ts';
export {
  EvenkeelError,
  isEvenkeelError,
  isOptionError,
  isTimeoutError,
  OptionError,
  TimeoutError,
} from './core/errors.ts';
export { localErrors, serverErrors } from './core/failure-origin.ts';
export { anyOf } from './core/any-of.ts';
export { failureRate, type FailureRateOptions } from './core/failure-rate.ts';
export { slowCalls, type SlowCallsOptions } from './core/slow-calls.ts';
export type { EndpointHealth, HealthPort, Rank, Status } from './core/health.ts';
export { observe, type Observer, type ObserverEvent } from './core/observer.ts';
export type { Classify, Outcome, OutcomeKind, OutcomeReason } from './core/outcome.ts';
export { pipe } from './core/pipe.ts';
export type { Policy } from './core/policy.ts';
export { type Random, systemRandom } from './core/random.ts';
export type { CallContext, CallOptions, Criticality, Layer, Transport } from './core/transport.ts';
export type { TripCounter, TripRule } from './core/trip-rule.ts';
export { contactPoints, type ContactPointsOptions } from './discovery/contact-points.ts';
export {
  EmptyAnswerError,
  isEmptyAnswerError,
  isNoContactError,
  isSourceEndedError,
  isSourceStoppedError,
  NoContactError,
  SourceEndedError,
  SourceStoppedError,
} from './discovery/errors.ts';
export { merged, type MergedOptions } from './discovery/merged.ts';
export type { PaceOptions } from './discovery/pace.ts';
export { polling, type PollingOptions } from './discovery/polling.ts';
export { ranked, type RankedOptions } from './discovery/ranked.ts';
export type { DiscoverySnapshot, DiscoverySource, SourceOptions } from './discovery/source.ts';
export { staticEndpoints } from './discovery/static-endpoints.ts';
export { watching, type WatchingOptions } from './discovery/watching.ts';
export type { Condition } from './health/condition.ts';
export { denialOutliers, type DenialOutliersOptions } from './health/denial-outliers.ts';
export {
  type EndpointSnapshot,
  type HealthSnapshot,
  healthTracker,
  type HealthTracker,
  type Standing,
} from './health/health-tracker.ts';
export { bestOf, worstOf } from './health/merged.ts';
export type { HealthTrackerOptions, ProbeOptions } from './health/options.ts';
export type { PoolOutlier, PoolRule, PoolTally } from './health/pool-rule.ts';
export { successRateOutliers, type SuccessRateOutliersOptions } from './health/success-rate-outliers.ts';
export {
  adaptiveLimit,
  type AdaptiveLimit,
  type AdaptiveLimitOptions,
  type AdaptiveLimitSnapshot,
  type AdaptiveLimitState,
} from './policies/adaptive-limit/adaptive-limit.ts';
export {
  admission,
  type Admission,
  type AdmissionOptions,
  type AdmissionSnapshot,
} from './policies/admission.ts';
export { bulkhead, type Bulkhead, type BulkheadOptions, type BulkheadSnapshot } from './policies/bulkhead.ts';
export { circuitBreaker } from './policies/circuit-breaker/circuit-breaker.ts';
export type {
  CircuitBreaker,
  CircuitBreakerOptions,
  CircuitBreakerSnapshot,
} from './policies/circuit-breaker/options.ts';
export {
  deadlineFrom,
  type DeadlineFromOptions,
  type DeadlineHeaderOptions,
  deadlineHeaders,
} from './policies/deadline.ts';
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
} from './policies/errors.ts';
export type { HeadersLike } from './policies/headers.ts';
export { pushbackFrom } from './policies/pushback.ts';
export { fallback, type Fallback, type FallbackOptions, type FallbackSnapshot } from './policies/fallback.ts';
export { hedge } from './policies/hedge/hedge.ts';
export type { Hedge, HedgeOptions, HedgeSnapshot } from './policies/hedge/options.ts';
export type { CircuitBreakerState } from './structures/breaker-machine.ts';
export type { ThrottleState } from './structures/client-throttle.ts';
export type { QuotaState } from './structures/quota.ts';
export { keyed, type Keyed, type KeyedOptions, type KeyedSnapshot } from './policies/keyed.ts';
export type { LatencyQuantile } from './core/latency.ts';
export { isLostRaceError, LostRaceError } from './core/lost-race.ts';
export {
  aimd,
  type AimdOptions,
  gradient2,
  type Gradient2Options,
  type LimitBoundsOptions,
  type LimitRule,
  type LimitState,
} from './policies/adaptive-limit/limit-rules.ts';
export { rateLimit } from './policies/rate-limit/rate-limit.ts';
export type {
  RateLimit,
  RateLimitOptions,
  RateLimitSnapshot,
  RateLimitState,
} from './policies/rate-limit/options.ts';
export type { Adjustable, Changes, Guard, GuardMode, GuardOptions } from './policies/guard.ts';
export { retry } from './policies/retry/retry.ts';
export type { RetryOptions, RetryPolicy, RetrySnapshot, RetryState } from './policies/retry/options.ts';
export {
  retryBudget,
  type RetryBudget,
  type RetryBudgetOptions,
  retryThrottling,
  type RetryThrottlingOptions,
  tokenBudget,
  type TokenBudgetOptions,
} from './policies/retry/retry-budget.ts';
export { isBudgetSpent } from './policies/retry/spent.ts';
export type { PlacesOptions } from './policies/places.ts';
export type { QueueOrder } from './policies/waiting-line.ts';
export {
  type Backoff,
  type BackoffStep,
  decorrelatedJitter,
  equalJitter,
  fullJitter,
} from './structures/backoff.ts';
export { timeout, type Timeout, type TimeoutOptions, type TimeoutSnapshot } from './policies/timeout.ts';
export { throttle, type Throttle, type ThrottleOptions, type ThrottleSnapshot } from './policies/throttle.ts';
export { classifyResponse } from './fetch/classify.ts';
export { isOriginError, OriginError } from './fetch/origins.ts';
export type { FetchInit } from './fetch/request.ts';
export type { AsyncMethod, ClientOptions } from './presets/guarded-client.ts';
export {
  type OwnOptions,
  type Resilient,
  resilient,
  type ResilientGuards,
  type ResilientOptions,
  type ResilientSnapshot,
} from './presets/resilient.ts';
export type { FetchCacheOptions } from './presets/caching-fetch.ts';
export {
  type ResilientFetch,
  resilientFetch,
  type ResilientFetchOptions,
  type ResilientFetchSnapshot,
} from './presets/resilient-fetch.ts';
export { batched, type BatchedOptions } from './cache/batched.ts';
export { type AsideLoad, type CacheAside, cacheAside } from './cache/cache-aside.ts';
export { cache, type CachedTransport, type CacheLayer } from './cache/cache-layer.ts';
export { coalescingCache, type CoalescingCache } from './cache/coalescing-cache.ts';
export type { CoalescingCacheOptions } from './cache/coalescing-cache.ts';
export type { CacheControls } from './cache/controls.ts';
export type { Lookup } from './cache/engine.ts';
export { CacheDisposedError, isCacheDisposedError } from './cache/errors.ts';
export { isLoadsFullError, LoadsFullError } from './cache/errors.ts';
export { type NotModified, notModified, type Validated, validated } from './cache/loaded.ts';
export type { Known, LoadContext, LoadResult } from './cache/loaded.ts';
export type { CacheOptions, WindowMs } from './cache/options.ts';
export { persist, type Persisted, restore, type RestoreOptions } from './cache/persist.ts';
export type { CacheSnapshot, StaleReason } from './cache/statistics.ts';
export type { CacheStore, LoadLease, Opening } from './cache/tiers/cache-store.ts';
export type { StoredValue, StoreListener } from './cache/tiers/cache-store.ts';
export { FarTierOpenError, isFarTierOpenError } from './cache/tiers/guarded-store.ts';
export { sharded, type StoreGuardOptions } from './cache/tiers/sharded.ts';
export { tiered, type TieredCache, type TieredOptions, type TieredSnapshot } from './cache/tiers/tiered.ts';
export type { Call } from './core/call.ts';
export type { Ask } from './quorum/fan-out.ts';
export { agree, type AgreeOptions, type AgreeResult } from './quorum/agree.ts';
export { AgreedError, isAgreedError } from './quorum/agreed-error.ts';
export type { PinOptions } from './quorum/pin.ts';
export { isQuorumError, QuorumError, type QuorumFacts, type ReplicaError } from './quorum/errors.ts';
export { majority } from './quorum/majority.ts';
export type { QuorumOptions } from './quorum/options.ts';
export { quorumRead, type QuorumReadOptions, type QuorumReadResult } from './quorum/quorum-read.ts';
export { quorumWrite, type QuorumWriteOptions } from './quorum/quorum-write.ts';
export type { MissedWrites, QuorumWriteResult } from './quorum/write.ts';
export type { Poll, QuorumRule, Verdict } from './quorum/poll.ts';
export {
  eachQuorum,
  type GroupOptions,
  localQuorum,
  type LocalQuorumOptions,
  majorityOfGroups,
  weighted,
  type WeightedOptions,
} from './quorum/rules.ts';
export {
  type ReadRepair,
  readRepair,
  type ReadRepairOptions,
  type ReadRepairSnapshot,
} from './quorum/read-repair.ts';
export type { FanOutStrategy } from './quorum/strategy.ts';
export {
  hedgedFanOut,
  type HedgedFanOut,
  type HedgedFanOutOptions,
  type HedgedFanOutSnapshot,
  type ReplicaHealth,
} from './quorum/hedged-fan-out.ts';
export { compareTags, decodeTag, encodeTag, type Tag, type Versioned } from './quorum/versions/tag.ts';
export type { AnsweredReply, FailedReply, Reply, UnheardReply } from './quorum/reply.ts';
export {
  isQuorumWriteError,
  QuorumWriteError,
  type QuorumWriteFacts,
  type WriteFate,
  type WriteOutcome,
} from './quorum/write-error.ts';
export {
  type ContractBreach,
  isReplicaContractError,
  ReplicaContractError,
} from './quorum/register/contract.ts';
export { isRegisterWriteError, RegisterWriteError, type Unfinished } from './quorum/register/errors.ts';
export type { RegisterQuorum } from './quorum/register/members.ts';
export type {
  QuorumRegister,
  QuorumRegisterOptions,
  QuorumRegisterSnapshot,
  ReconfigureOptions,
  RegisterRead,
  RegisterReplicas,
  RegisterWrite,
} from './quorum/register/options.ts';
export { quorumRegister } from './quorum/register/quorum-register.ts';
export { metered, type MeteredOptions } from './telemetry/metered.ts';
