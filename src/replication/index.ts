/**
 * Replication: who is in charge of a key.
 *
 * @module
 */
export { kafkaPartition, redisSlot, rendezvousPartition } from './partition-functions.ts';
export type { PartitionKey } from './partition-functions.ts';
export { session } from './session.ts';
export type { AppliedPosition, PartitionId, Session, SessionOptions } from './session.ts';
export type { SessionSnapshot, SessionStanding } from './session.ts';
export type { Position } from '../structures/session-token.ts';
