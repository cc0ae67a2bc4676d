import { invoke, transportOf } from '../core/policy.ts';
import type { Transport } from '../core/transport.ts';
import type { LeaderState } from '../structures/leadership.ts';
import type { PartitionedCallOptions, PartitionedOptions } from './options.ts';
import { Router } from './router.ts';
import type { PartitionId } from './session.ts';
import { Trip } from './trip.ts';

/** What is known of one partition. */
export interface PartitionSnapshot<E> {
  readonly partition: PartitionId;
  /** `known`; `moving` after its primary said that it is not; `unknown` after that failed too often. */
  readonly state: LeaderState;
  /** Who leads it, or did last. */
  readonly primary: E | undefined;
  /** The highest that was heard of; `undefined` if none was. */
  readonly epoch: number | undefined;
  /** How often the primary has failed since it last served. */
  readonly failures: number;
  readonly replicas: readonly E[];
}

export interface PartitionedSnapshot {
  readonly partitions: number;
  /** Of these, those whose primary is not known. */
  readonly headless: number;
  /** Calls in flight at each server, and how well it is. */
  readonly nodes: readonly { readonly node: string; readonly pending: number; readonly rank: number }[];
  /** Calls that wait for somebody to lead their partition. */
  readonly waiting: number;
  /** Refusals by servers that were not the right ones, so far. */
  readonly redirects: number;
  readonly refreshes: number;
  readonly failedRefreshes: number;
  /** Milliseconds since the last map arrived; `Infinity` if none has. */
  readonly mapAgeMs: number;
}

/** What {@link partitioned} makes. */
export interface Partitioned<E, Q, S> extends Transport<Q, S, PartitionedCallOptions> {
  /** What is known of one partition; `undefined` if no map has named it. */
  partition(partition: PartitionId): PartitionSnapshot<E> | undefined;
  snapshot(): PartitionedSnapshot;
  /** Asks for no map any more. Calls go where the last one said. */
  [Symbol.dispose](): void;
}

/**
 * Sends each request to the group of its key: writes to the primary, reads to a replica, by the power of two choices.
 *
 * A server that says "not I, try X" (`redirect`) has its one entry mended and the call sent to X at once, within the
 * call's time, and has one refresh of the map begun, however many calls hear it. Epochs fence: a redirect, a map or an
 * answer of a lower epoch than the highest known changes nothing, and no write goes to an old primary once a newer
 * epoch is known. A primary that fails is asked for again at the source of the map; calls that never left, or may be
 * repeated, wait for the answer and are sent again.
 *
 * A write that may have been done is sent twice only if the call says `idempotent` or has an `idempotencyKey`. Not for
 * replicas that all take writes: that is `quorumWrite`.
 *
 * @throws {@link OptionError} at construction for an option that is not what it has to be
 * @throws {@link NoPrimaryError}, {@link RedirectLoopError}, {@link StalePrimaryError}, {@link SessionLostError}; and
 * whatever `send` rejects with
 * @example
 * ```ts
 * import { partitioned } from 'evenkeel';
 * const leads = { a: 2, b: 1 };
 * const call = partitioned({
 *   partitionOf: ({ key }: { key: string }) => (key < 'n' ? 1 : 2),
 *   groups: [
 *     { partitions: [1], primary: 'a', replicas: ['b'], epoch: 1 },
 *     { partitions: [2], primary: 'b', replicas: ['a'], epoch: 1 },
 *   ],
 *   // They have changed places since:
 *   send: async (node: 'a' | 'b', { key }) =>
 *     leads[node] === (key < 'n' ? 1 : 2) ? { by: node } : { try: node === 'a' ? 'b' : 'a' },
 *   redirect: (settled) =>
 *     settled.status === 'fulfilled' && 'try' in settled.value
 *       ? { to: settled.value.try as 'a' | 'b', epoch: 2 }
 *       : undefined,
 * });
 * const answer = await call({ key: 'apple' });
 * if (!('by' in answer) || answer.by !== 'b') throw new Error('not at the new primary');
 * if (call.partition(1)?.epoch !== 2) throw new Error('not mended');
 * ```
 */
export function partitioned<E, Q, S>(options: PartitionedOptions<E, Q, S>): Partitioned<E, Q, S> {
  const router = new Router(options);
  const route = (request: Q, context: Parameters<typeof invoke>[2]): Promise<S> =>
    new Trip(router, request, context).run();
  const transport: Transport<Q, S, PartitionedCallOptions> = transportOf(invoke, route, router.options.clock);
  return Object.assign(transport, {
    partition: (partition: PartitionId) => partitionSnapshot(router, partition),
    snapshot: () => snapshotOf(router),
    [Symbol.dispose]: () => router.dispose(),
  });
}

function partitionSnapshot<E, Q, S>(
  { table }: Router<E, Q, S>,
  partition: PartitionId,
): PartitionSnapshot<E> | undefined {
  const entry = table.entry(partition);
  if (entry === undefined) return undefined;
  const { state, leader, epoch, failures } = entry.leadership;
  return {
    partition: entry.partition,
    state,
    primary: leader?.endpoint.address,
    epoch: epoch < 0 ? undefined : epoch,
    failures,
    replicas: entry.replicas.filter((one) => one !== leader).map(({ endpoint }) => endpoint.address),
  };
}

function snapshotOf<E, Q, S>({
  table,
  nodes,
  refresh,
  waiting,
  redirects,
}: Router<E, Q, S>): PartitionedSnapshot {
  const states = [...table.entries].map(({ leadership }) => leadership.state);
  return {
    partitions: states.length,
    headless: states.filter((state) => state !== 'known').length,
    nodes: [...nodes.all].map(({ name, pending, rank }) => ({ node: name, pending, rank })),
    waiting,
    redirects,
    refreshes: refresh.refreshes,
    failedRefreshes: refresh.failures,
    mapAgeMs: refresh.ageMs,
  };
}
