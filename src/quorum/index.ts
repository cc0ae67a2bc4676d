/**
 * Quorums over any replicas: what most of them say, whichever of them is slow, dead or lying.
 *
 * @module
 */
export { agree, type AgreeOptions, type AgreeResult } from './agree.ts';
export { isQuorumError, QuorumError, type ReplicaError } from './errors.ts';
export { isLostRaceError, LostRaceError } from '../core/lost-race.ts';
export { majority } from './majority.ts';
export type { QuorumOptions } from './options.ts';
export { quorumRead, type QuorumReadOptions, type QuorumReadResult } from './quorum-read.ts';
export { quorumWrite, type QuorumWriteOptions, type QuorumWriteResult } from './quorum-write.ts';
export type { AnsweredReply, FailedReply, Reply, UnheardReply } from './reply.ts';
export { isQuorumWriteError, QuorumWriteError, type WriteFate, type WriteOutcome } from './write-error.ts';
