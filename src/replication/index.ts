/**
 * Replication: who is in charge of a key.
 *
 * @module
 */
export { kafkaPartition, redisSlot, rendezvousPartition } from './partition-functions.ts';
export type { PartitionKey } from './partition-functions.ts';
