/** What a fleet simulation may be told, and the checks of it. */
import type { Clock } from '../../core/clock.ts';
import { endpoint, type Endpoint } from '../../core/endpoint.ts';
import type { EndpointSource } from '../../core/endpoint-source.ts';
import { OptionError } from '../../core/errors.ts';
import {
  checkCount,
  checkDuration,
  checkFunction,
  checkInterval,
  checkNumber,
  checkOneOf,
} from '../../core/options.ts';
import type { Random } from '../../core/random.ts';
import type { CallContext, CallOptions, Transport } from '../../core/transport.ts';
import type { FleetProbe, FleetReply, FleetServerControl } from './server-control.ts';
import type { ServiceTime } from './service-times.ts';

/** One simulated server. */
export interface FleetServer {
  /** Its address and its identity. */
  readonly id: string;
  /** Milliseconds of work per request: always so many, or drawn (`exponential`, `uniform`, or your own). */
  readonly serviceMs: number | ServiceTime;
  /** Requests that it works on at a time. @defaultValue 1 */
  readonly slots?: number;
  /** Requests that wait beyond those; what comes on top is shed at once. @defaultValue Infinity */
  readonly maxQueue?: number;
  /** Whether a request whose caller left frees its place, or is served all the same. @defaultValue 'freed' */
  readonly abandoned?: 'freed' | 'served';
  readonly zone?: string;
  /** @defaultValue 1 */
  readonly weight?: number;
  /** @defaultValue 0 */
  readonly priority?: number;
}

/** One simulated client. */
export interface FleetClient {
  readonly zone?: string;
  /** Its part of the calls, relative to the other clients'; may change with time. @defaultValue 1 */
  readonly load?: number | ((atMs: number) => number);
}

/** What a client is built of. */
export interface FleetClientKit<Q> {
  /** Counts from 0. */
  readonly index: number;
  readonly zone: string | undefined;
  /** The servers as they are at the beginning; their addresses are their ids. */
  readonly endpoints: readonly Endpoint<string>[];
  /** The servers as they join and leave. */
  readonly membership: EndpointSource<string>;
  /** Sends one attempt to a server, for `balance`. */
  readonly send: (address: string, request: Q, context: CallContext) => Promise<FleetReply>;
  /** Asks a server for its load, and what it has taken lately. */
  readonly probe: (address: string, context?: CallContext) => Promise<FleetProbe>;
  /** Virtual time. */
  readonly clock: Clock;
  /** The client's own chance. */
  readonly random: Random;
}

/** What a script can make of the fleet. */
export interface FleetControl {
  /** @throws `OptionError` if there is no such server */
  server(id: string): FleetServerControl;
  /** A server is started, or one that has left comes back, and the clients are told. */
  join(server: FleetServer): void;
  /** The clients are told that a server is no longer there; it goes on answering what it gets. */
  leave(id: string): void;
}

/** Something that happens while the simulation runs. */
export interface FleetEvent {
  /** Milliseconds after the counting has begun; during the warm-up, below 0. */
  readonly atMs: number;
  readonly act: (fleet: FleetControl) => void;
}

/**
 * Who calls: a Poisson stream of so many calls a second from all clients together, whether they are answered or
 * not; or so many callers, each of whom calls again `thinkMs` (1) after its last call has settled.
 */
export type FleetArrivals =
  | { readonly perSecond: number | ((atMs: number) => number) }
  | { readonly concurrency: number; readonly thinkMs?: number };

export interface FleetOptions<Q> {
  /** Virtual milliseconds that are counted. */
  readonly durationMs: number;
  /** Virtual milliseconds before them, simulated but not counted. @defaultValue 0 */
  readonly warmupMs?: number;
  /** Virtual milliseconds after them that calls under way may take to settle. @defaultValue 60_000 */
  readonly graceMs?: number;
  readonly servers: readonly FleetServer[];
  /** How many, or each by itself. @defaultValue 1 */
  readonly clients?: number | readonly FleetClient[];
  /** Builds a client: any transport that calls the servers through `send`. */
  readonly client: (kit: FleetClientKit<Q>) => Transport<Q, unknown>;
  readonly arrivals: FleetArrivals;
  /** The request of the `n`th call. @defaultValue `undefined` */
  readonly request?: (random: Random, n: number) => Q;
  /** What the caller says about a call, for instance its `affinityKey`. @defaultValue nothing */
  readonly callOptions?: (request: Q, n: number) => CallOptions;
  /** Milliseconds that a message takes one way; an answer takes them twice. @defaultValue 0 */
  readonly distanceMs?: (clientZone: string | undefined, serverZone: string | undefined) => number;
  /** What happens meanwhile. @defaultValue nothing */
  readonly script?: readonly FleetEvent[];
  /** Stretches to report on by themselves, `[fromMs, toMs]`. @defaultValue none */
  readonly windows?: readonly (readonly [fromMs: number, toMs: number])[];
  /** The width of the parts in which the report's timeline is told. @defaultValue no timeline */
  readonly bucketMs?: number;
  /** The same seed gives the same report. @defaultValue 1 */
  readonly seed?: number;
}

export type CheckedServer = Required<Omit<FleetServer, 'zone'>> & { readonly zone: string | undefined };

const WHERE = 'simulateFleet';
/** More parts than any picture shows. */
const MAX_BUCKETS = 100_000;

export function checkServer(server: FleetServer): CheckedServer {
  const { id, serviceMs, zone } = server;
  if (typeof id !== 'string' || id === '') throw new OptionError(WHERE, 'servers.id', id, 'a text');
  return {
    id,
    serviceMs:
      typeof serviceMs === 'function' ? serviceMs : checkDuration(WHERE, 'servers.serviceMs', serviceMs),
    slots: checkCount(WHERE, 'servers.slots', server.slots ?? 1),
    maxQueue: checkCount(WHERE, 'servers.maxQueue', server.maxQueue ?? Infinity, 0),
    abandoned: checkOneOf(WHERE, 'servers.abandoned', server.abandoned ?? 'freed', ['freed', 'served']),
    zone,
    weight: server.weight ?? 1,
    priority: server.priority ?? 0,
  };
}

/** The endpoint that stands for a server. */
export function endpointOf({ id, weight, priority, zone }: CheckedServer): Endpoint<string> {
  return endpoint(id, zone === undefined ? { weight, priority } : { weight, priority, zone });
}

export type CheckedFleet<Q> = Required<FleetOptions<Q>> & { readonly clients: readonly FleetClient[] };

export function checkFleet<Q>(options: FleetOptions<Q>): CheckedFleet<Q> {
  const durationMs = checkSpan('durationMs', options.durationMs);
  const warmupMs = checkNumber(WHERE, 'warmupMs', options.warmupMs ?? 0, 0, Number.MAX_SAFE_INTEGER);
  const script = options.script ?? [];
  for (const { atMs, act } of script) {
    checkNumber(WHERE, 'script.atMs', atMs, -warmupMs, durationMs);
    checkFunction(WHERE, 'script.act', act);
  }
  const windows = options.windows ?? [];
  for (const [fromMs, toMs] of windows) {
    checkNumber(WHERE, 'windows', fromMs, 0, durationMs);
    checkNumber(WHERE, 'windows', toMs, fromMs, durationMs);
  }
  const bucketMs = checkInterval(WHERE, 'bucketMs', options.bucketMs ?? Infinity);
  if (bucketMs < Infinity) checkNumber(WHERE, 'bucketMs', bucketMs, durationMs / MAX_BUCKETS);
  return {
    durationMs,
    warmupMs,
    graceMs: checkNumber(WHERE, 'graceMs', options.graceMs ?? 60_000, 0, Number.MAX_SAFE_INTEGER),
    servers: checkList('servers', options.servers),
    clients: checkClients(options.clients ?? 1),
    client: checkFunction(WHERE, 'client', options.client),
    arrivals: checkArrivals(options.arrivals),
    request: checkFunction(WHERE, 'request', options.request ?? (() => undefined as Q)),
    callOptions: checkFunction(WHERE, 'callOptions', options.callOptions ?? (() => undefined as never)),
    distanceMs: checkFunction(WHERE, 'distanceMs', options.distanceMs ?? (() => 0)),
    script,
    windows,
    bucketMs,
    seed: checkSeed(options.seed ?? 1),
  };
}

function checkSeed(seed: number): number {
  if (!Number.isInteger(seed)) throw new OptionError(WHERE, 'seed', seed, 'an integer');
  return seed;
}

function checkSpan(option: string, ms: number): number {
  if (checkInterval(WHERE, option, ms) < Infinity) return ms;
  throw new OptionError(WHERE, option, ms, 'finite');
}

function checkList<T>(option: string, list: readonly T[]): readonly T[] {
  if (Array.isArray(list) && list.length > 0) return list;
  throw new OptionError(WHERE, option, list, 'a list of at least one');
}

function checkClients(clients: number | readonly FleetClient[]): readonly FleetClient[] {
  if (typeof clients !== 'number') {
    for (const { load } of checkList('clients', clients))
      if (typeof load === 'number') checkNumber(WHERE, 'clients.load', load, 0, Number.MAX_SAFE_INTEGER);
    return clients;
  }
  checkNumber(WHERE, 'clients', checkCount(WHERE, 'clients', clients), 1, 1_000_000);
  return Array.from({ length: clients }, () => ({}));
}

function checkArrivals(arrivals: FleetArrivals): FleetArrivals {
  if ('concurrency' in arrivals) {
    const { concurrency, thinkMs = 1 } = arrivals;
    checkNumber(
      WHERE,
      'arrivals.concurrency',
      checkCount(WHERE, 'arrivals.concurrency', concurrency),
      1,
      1e6,
    );
    return { concurrency, thinkMs: checkInterval(WHERE, 'arrivals.thinkMs', thinkMs) };
  }
  const { perSecond } = arrivals;
  if (typeof perSecond !== 'function')
    checkNumber(WHERE, 'arrivals.perSecond', perSecond, 0, Number.MAX_SAFE_INTEGER);
  return { perSecond };
}
