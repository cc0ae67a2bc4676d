/** What a simulation reports: plain data, made of the ledger. */
import type { Ledger } from './ledger.ts';
import type { CheckedFleet } from './options.ts';
import type { SimulatedServer } from './server.ts';

/** Exact, in milliseconds; of all calls that have settled, failed ones included. 0 if there are none. */
export interface FleetLatency {
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** The calls that began in one stretch of time. */
export interface FleetFigures {
  readonly fromMs: number;
  readonly toMs: number;
  readonly calls: number;
  readonly ok: number;
  readonly failed: number;
  /** The failed ones by their error's code, or name. */
  readonly failures: Readonly<Record<string, number>>;
  /** Calls that were still under way when the simulation ended. */
  readonly unsettled: number;
  readonly latencyMs: FleetLatency;
  /** What was sent to servers in that time: more than calls, where calls are tried again. */
  readonly attempts: number;
  /** The part of the attempts that each server got. */
  readonly shares: Readonly<Record<string, number>>;
}

export interface FleetServerFigures {
  readonly id: string;
  readonly attempts: number;
  readonly share: number;
  /** What its share were by weight, for the time that it was a member. */
  readonly fairShare: number;
  /** The part of its slots that was at work. */
  readonly busyShare: number;
  /** The longest that its queue was. */
  readonly maxQueue: number;
  /** Requests that it refused because the queue was full. */
  readonly shed: number;
}

export interface FleetClientFigures {
  readonly index: number;
  readonly zone: string | undefined;
  readonly calls: number;
  readonly failed: number;
  readonly latencyMs: FleetLatency;
}

/** Everything that {@link simulateFleet} found out; valid JSON. */
export interface FleetReport extends FleetFigures {
  readonly seed: number;
  readonly servers: readonly FleetServerFigures[];
  /** Each client by itself, if there are several. */
  readonly clients: readonly FleetClientFigures[];
  /** One for each of `windows`. */
  readonly windows: readonly FleetFigures[];
  /** One for each `bucketMs`. */
  readonly timeline: readonly FleetFigures[];
}

export function reportOf<Q>(
  fleet: CheckedFleet<Q>,
  ledger: Ledger,
  servers: readonly SimulatedServer[],
  originMs: number,
): FleetReport {
  const { durationMs, bucketMs, seed } = fleet;
  const figures = (fromMs: number, toMs: number): FleetFigures =>
    figuresOf(ledger, servers, originMs, fromMs, toMs);
  const buckets = bucketMs === Infinity ? 0 : Math.ceil(durationMs / bucketMs);
  const all = figures(0, durationMs);
  return {
    seed,
    ...all,
    servers: serverFigures(servers, all, durationMs, originMs + durationMs),
    clients: fleet.clients.length > 1 ? clientFigures(fleet, ledger, originMs) : [],
    windows: fleet.windows.map(([fromMs, toMs]) => figures(fromMs, toMs)),
    timeline: Array.from({ length: buckets }, (_, n) =>
      figures(n * bucketMs, Math.min((n + 1) * bucketMs, durationMs)),
    ),
  };
}

function figuresOf(
  ledger: Ledger,
  servers: readonly SimulatedServer[],
  originMs: number,
  fromMs: number,
  toMs: number,
): FleetFigures {
  const first = ledger.startMs.firstFrom(originMs + fromMs);
  const calls = ledger.startMs.firstFrom(originMs + toMs) - first;
  const latencies = new Float64Array(calls);
  const failures: Record<string, number> = {};
  let [settled, ok] = [0, 0];
  for (let call = first; call < first + calls; call++) {
    const latencyMs = ledger.latencyMs.at(call);
    if (Number.isNaN(latencyMs)) continue;
    latencies[settled++] = latencyMs;
    const failure = ledger.failureOf(call);
    if (failure === undefined) ok++;
    else failures[failure] = (failures[failure] ?? 0) + 1;
  }
  return {
    fromMs,
    toMs,
    calls,
    ok,
    failed: settled - ok,
    failures,
    unsettled: calls - settled,
    latencyMs: latencyOf(latencies.subarray(0, settled)),
    ...attemptsOf(ledger, servers, originMs + fromMs, originMs + toMs),
  };
}

function attemptsOf(
  ledger: Ledger,
  servers: readonly SimulatedServer[],
  fromMs: number,
  toMs: number,
): Pick<FleetFigures, 'attempts' | 'shares'> {
  const first = ledger.sentMs.firstFrom(fromMs);
  const attempts = ledger.sentMs.firstFrom(toMs) - first;
  const counts = new Float64Array(servers.length);
  for (let attempt = first; attempt < first + attempts; attempt++) {
    const server = ledger.server.at(attempt);
    counts[server] = (counts[server] as number) + 1;
  }
  const share = (index: number): number => (attempts === 0 ? 0 : (counts[index] as number) / attempts);
  return { attempts, shares: Object.fromEntries(servers.map(({ spec, index }) => [spec.id, share(index)])) };
}

function latencyOf(latencies: Float64Array): FleetLatency {
  const sorted = latencies.sort();
  // By nearest rank: the smallest that is not below the given part of them.
  const quantile = (part: number): number => sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0;
  const mean = sorted.length === 0 ? 0 : sorted.reduce((sum, ms) => sum + ms, 0) / sorted.length;
  return {
    mean,
    p50: quantile(0.5),
    p90: quantile(0.9),
    p99: quantile(0.99),
    p999: quantile(0.999),
    max: quantile(1),
  };
}

function serverFigures(
  servers: readonly SimulatedServer[],
  { attempts, shares }: FleetFigures,
  durationMs: number,
  endMs: number,
): FleetServerFigures[] {
  const weights = servers.reduce((sum, { member }) => sum + member.area(endMs), 0);
  return servers.map(({ spec, counts, busy, member }) => {
    const share = shares[spec.id] ?? 0;
    return {
      id: spec.id,
      attempts: Math.round(share * attempts),
      share,
      fairShare: weights === 0 ? 0 : member.area(endMs) / weights,
      busyShare: spec.slots === Infinity ? 0 : busy.area(endMs) / (spec.slots * durationMs),
      maxQueue: counts.maxQueue,
      shed: counts.shed,
    };
  });
}

function clientFigures<Q>(fleet: CheckedFleet<Q>, ledger: Ledger, originMs: number): FleetClientFigures[] {
  const latencies = fleet.clients.map((): number[] => []);
  const calls = fleet.clients.map(() => 0);
  const failed = fleet.clients.map(() => 0);
  const last = ledger.startMs.firstFrom(originMs + fleet.durationMs);
  for (let call = ledger.startMs.firstFrom(originMs); call < last; call++) {
    const client = ledger.client.at(call);
    calls[client] = (calls[client] ?? 0) + 1;
    if (ledger.failureOf(call) !== undefined) failed[client] = (failed[client] ?? 0) + 1;
    const latencyMs = ledger.latencyMs.at(call);
    if (!Number.isNaN(latencyMs)) latencies[client]?.push(latencyMs);
  }
  return fleet.clients.map(({ zone }, index) => ({
    index,
    zone,
    calls: calls[index] ?? 0,
    failed: failed[index] ?? 0,
    latencyMs: latencyOf(Float64Array.from(latencies[index] ?? [])),
  }));
}
