/** The options of `partitioned`, and their checks. */
import { type Clock, systemClock } from '../core/clock.ts';
import type { HealthPort } from '../core/health.ts';
import type { Observer } from '../core/observer.ts';
import { checkCount, checkDuration, checkFunction, checkInterval, checkPort } from '../core/options.ts';
import type { Classify } from '../core/outcome.ts';
import { type Random, systemRandom } from '../core/random.ts';
import type { CallContext, CallOptions } from '../core/transport.ts';
import type { Access, Redirect, ReplicationGroup } from './group.ts';
import type { LoadGroups } from './map-refresh.ts';
import type { AppliedPosition, PartitionId, Session } from './session.ts';

export interface PartitionedOptions<E, Q, S> {
  /** The partition that a request is about. See `redisSlot`, `kafkaPartition`, `rendezvousPartition`. */
  readonly partitionOf: (request: Q) => PartitionId;
  /**
   * Who leads and follows in each partition: a list, or a function that asks for it, which is called at the first call
   * and whenever somebody seems to have moved. Name every partition each time: one that is absent is forgotten, with
   * its epoch. With a list only redirects tell of a new primary.
   */
  readonly groups: readonly ReplicationGroup<E>[] | LoadGroups<E>;
  /** Sends the request to one server. */
  readonly send: (address: E, request: Q, context: CallContext) => Promise<S>;
  /** What a request asks for. @defaultValue every request is a 'write' */
  readonly accessOf?: (request: Q) => Access;
  /**
   * Recognises an answer, or an error, by which a server says that it is not the right one and has done nothing; `from`
   * is who said it. See `redisRedirect`. @defaultValue none is
   */
  readonly redirect?: (settled: PromiseSettledResult<S>, from: E) => Redirect<E> | undefined;
  /** The primary's epoch, if an answer tells it: then an old primary's acknowledgement is no success. */
  readonly epochOf?: (response: S) => number | undefined;
  /** How far the server was when it answered, if the answer tells: for the `session` of a call. */
  readonly positionOf?: (response: S) => AppliedPosition | undefined;
  /** Who knows how well the servers are; replicas that are not are avoided. @defaultValue nobody */
  readonly health?: HealthPort<E>;
  /** Judges how an attempt ended. @defaultValue what throws is a failure */
  readonly classify?: Classify;
  /** How often in a row a primary must fail before it is doubted; one failure moves nobody. @defaultValue 3 */
  readonly suspectAfter?: number;
  /** How often one call may be refused by the servers it was sent to. @defaultValue 5 */
  readonly maxRedirects?: number;
  /** Milliseconds that one call waits, all in all, for somebody to lead its partition. @defaultValue 5000 */
  readonly primaryTimeoutMs?: number;
  /** How many calls may wait so at once. @defaultValue 1000 */
  readonly maxWaiting?: number;
  /** Milliseconds between two refreshes of the map, at least. @defaultValue 250 */
  readonly refreshIntervalMs?: number;
  /** Milliseconds that one refresh may take. @defaultValue 5000 */
  readonly refreshTimeoutMs?: number;
  /** A call that finds the map older starts a refresh, and does not wait for it. @defaultValue 60000 */
  readonly mapMaxAgeMs?: number;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly observer?: Observer;
  /** In events. */
  readonly name?: string;
}

/** What a caller may say about one call. */
export interface PartitionedCallOptions extends CallOptions {
  /** Reads of this session see its writes and never go back; needs `positionOf`. */
  readonly session?: Session;
}

/** The same, checked and with its defaults. */
export type Checked<E, Q, S> = Omit<PartitionedOptions<E, Q, S>, 'groups' | 'name' | 'observer'> &
  Required<Pick<PartitionedOptions<E, Q, S>, Bound | 'clock' | 'random'>> & {
    readonly load: LoadGroups<E> | undefined;
  };

type Bound =
  | 'suspectAfter'
  | 'maxRedirects'
  | 'primaryTimeoutMs'
  | 'maxWaiting'
  | 'refreshIntervalMs'
  | 'refreshTimeoutMs'
  | 'mapMaxAgeMs';

const WHERE = 'partitioned';

export function checkPartitioned<E, Q, S>(options: PartitionedOptions<E, Q, S>): Checked<E, Q, S> {
  const { accessOf, redirect, epochOf, positionOf, classify, health, groups } = options;
  for (const [name, fn] of Object.entries({ accessOf, redirect, epochOf, positionOf, classify }))
    if (fn !== undefined) checkFunction(WHERE, name, fn);
  return {
    partitionOf: checkFunction(WHERE, 'partitionOf', options.partitionOf),
    send: checkFunction(WHERE, 'send', options.send),
    load: typeof groups === 'function' ? groups : undefined,
    ...(accessOf !== undefined && { accessOf }),
    ...(redirect !== undefined && { redirect }),
    ...(epochOf !== undefined && { epochOf }),
    ...(positionOf !== undefined && { positionOf }),
    ...(classify !== undefined && { classify }),
    ...(health !== undefined && { health: checkPort(WHERE, 'health', health, 'track') }),
    suspectAfter: checkCount(WHERE, 'suspectAfter', options.suspectAfter ?? 3),
    maxRedirects: checkCount(WHERE, 'maxRedirects', options.maxRedirects ?? 5, 0),
    primaryTimeoutMs: checkDuration(WHERE, 'primaryTimeoutMs', options.primaryTimeoutMs ?? 5000),
    maxWaiting: checkCount(WHERE, 'maxWaiting', options.maxWaiting ?? 1000, 0),
    refreshIntervalMs: checkInterval(WHERE, 'refreshIntervalMs', options.refreshIntervalMs ?? 250),
    refreshTimeoutMs: checkInterval(WHERE, 'refreshTimeoutMs', options.refreshTimeoutMs ?? 5000),
    mapMaxAgeMs: checkInterval(WHERE, 'mapMaxAgeMs', options.mapMaxAgeMs ?? 60_000),
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
  };
}
