/** What a user tells of a replicated store: its groups, and what its answers say about who leads. */
import type { Endpoint } from '../core/endpoint.ts';
import type { PartitionId } from './session.ts';

/** The servers that hold some partitions. One server may lead one partition and follow in another. */
export interface ReplicationGroup<E> {
  readonly partitions: Iterable<PartitionId>;
  /** Takes the writes. Absent while nobody does. */
  readonly primary?: E | Endpoint<E>;
  /** Serve reads. @defaultValue none: the primary serves them */
  readonly replicas?: readonly (E | Endpoint<E>)[];
  /** Of the primary: its term, leader epoch, configuration epoch. Whole, from 0; goes up with each change. */
  readonly epoch?: number;
}

/** "Not I": what an answer says that refuses a request because its node is not the right one. It was not applied. */
export interface Redirect<E> {
  /** Who leads the partition instead, if the answer tells. */
  readonly to?: E | Endpoint<E> | undefined;
  /** The epoch of that leader, if the answer tells. */
  readonly epoch?: number | undefined;
}

/**
 * What a request asks for.
 *
 * - `write`: the primary; sent twice only if that is known to be harmless.
 * - `read`: a replica, by the power of two choices.
 * - `primary-read`: a read that must see the last write.
 */
export type Access = 'write' | 'read' | 'primary-read';
