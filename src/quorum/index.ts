/**
 * Quorums over any replicas: what most of them say, whichever of them is slow, dead or lying.
 *
 * @module
 */
export { agree, type AgreeOptions, type AgreeResult } from './agree.ts';
export { AgreedError, isAgreedError } from './agreed-error.ts';
export { againstLiars, type ByzantineSizes, type LiarQuorum, liarQuorum } from './byzantine.ts';
export type { PinOptions } from './pin.ts';
export { isQuorumError, QuorumError, type ReplicaError } from './errors.ts';
export { isLostRaceError, LostRaceError } from '../core/lost-race.ts';
export { majority } from './majority.ts';
export type { QuorumOptions } from './options.ts';
export { quorumRead, type QuorumReadOptions, type QuorumReadResult } from './quorum-read.ts';
export { quorumWrite, type QuorumWriteOptions } from './quorum-write.ts';
export type { MissedWrites, QuorumWriteResult } from './write.ts';
export type { Poll, QuorumRule, Verdict } from './poll.ts';
export {
  eachQuorum,
  type GroupOptions,
  localQuorum,
  type LocalQuorumOptions,
  majorityOfGroups,
  weighted,
  type WeightedOptions,
} from './rules.ts';
export {
  type ReadRepair,
  readRepair,
  type ReadRepairOptions,
  type ReadRepairSnapshot,
} from './read-repair.ts';
export type { FanOutStrategy } from './strategy.ts';
export {
  hedgedFanOut,
  type HedgedFanOut,
  type HedgedFanOutOptions,
  type HedgedFanOutSnapshot,
  type ReplicaHealth,
} from './hedged-fan-out.ts';
export {
  ClockAheadError,
  compareHybrid,
  hybridClock,
  type HybridClock,
  type HybridClockOptions,
  type HybridTime,
  isClockAheadError,
} from './versions/hybrid.ts';
export { lamportClock, type LamportClock } from './versions/lamport.ts';
export {
  lastWriteWins,
  mergeSiblings,
  reconcileSiblings,
  type Sibling,
  writeSibling,
} from './versions/siblings.ts';
export { compareTags, decodeTag, encodeTag, type Tag, type Versioned } from './versions/tag.ts';
export {
  type Causality,
  compareVectors,
  incrementVector,
  mergeVectors,
  type VersionVector,
} from './versions/vector.ts';
export type { AnsweredReply, FailedReply, Reply, UnheardReply } from './reply.ts';
export { isQuorumWriteError, QuorumWriteError, type WriteFate, type WriteOutcome } from './write-error.ts';
export { type ContractBreach, isReplicaContractError, ReplicaContractError } from './register/contract.ts';
export { isRegisterWriteError, RegisterWriteError, type Unfinished } from './register/errors.ts';
export type { RegisterQuorum } from './register/members.ts';
export type {
  QuorumRegister,
  QuorumRegisterOptions,
  QuorumRegisterSnapshot,
  ReconfigureOptions,
  RegisterRead,
  RegisterReplicas,
  RegisterWrite,
} from './register/options.ts';
export { quorumRegister } from './register/quorum-register.ts';
export {
  type HintedHandoff,
  hintedHandoff,
  type HintedHandoffOptions,
  type HintedHandoffSnapshot,
} from './later/hinted-handoff.ts';
export type { LaterOptions } from './later/options.ts';
export { type Outbox, outbox, type OutboxOptions, type OutboxSnapshot } from './later/outbox.ts';
export {
  isStoreFullError,
  memoryStore,
  StoreFullError,
  type Waiting,
  type WaitingStore,
} from './later/store.ts';
export { mayStop, type MayStop, type MayStopOptions } from './plan/may-stop.ts';
export {
  type ByQuorum,
  type PlannedLatency,
  type PlannedSize,
  quorumPlan,
  type QuorumPlan,
  type QuorumPlanOptions,
} from './plan/quorum-plan.ts';
export {
  type Legs,
  predictStaleness,
  type PredictStalenessOptions,
  type RoundTrips,
  type Staleness,
  type StalenessDraw,
  type VersionBound,
  withinVersions,
} from './plan/staleness.ts';
