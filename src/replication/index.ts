/**
 * Replication: who is in charge of a key.
 *
 * @module
 */
export { isNoPrimaryError, isRedirectLoopError, isSessionLostError } from './errors.ts';
export { isStalePrimaryError, NoPrimaryError, RedirectLoopError } from './errors.ts';
export { SessionLostError, StalePrimaryError, type RequestOutcome } from './errors.ts';
export type { Access, Redirect, ReplicationGroup } from './group.ts';
export type { LoadGroups } from './map-refresh.ts';
export type { PartitionedCallOptions, PartitionedOptions } from './options.ts';
export { partitioned, type Partitioned, type PartitionedSnapshot } from './partitioned.ts';
export type { PartitionSnapshot } from './partitioned.ts';
export { redisRedirect } from './redis-redirect.ts';
export { kafkaPartition, redisSlot, rendezvousPartition } from './partition-functions.ts';
export type { PartitionKey } from './partition-functions.ts';
export { session } from './session.ts';
export type { AppliedPosition, PartitionId, Session, SessionOptions } from './session.ts';
export type { SessionSnapshot, SessionStanding } from './session.ts';
export type { Position } from '../structures/session-token.ts';
export type { LeaderState } from '../structures/leadership.ts';
