/**
 * Many clients, each of which sees little, and servers of which others on their machines take away: the case for
 * asking servers how loaded they are.
 */
import {
  balance,
  type BalanceOptions,
  leastPending,
  p2c,
  peakEwma,
  pipe,
  probing,
  reportedLoad,
  roundRobin,
  subset,
  timeout,
} from 'evenkeel';
import {
  exponential,
  type FleetClientKit,
  type FleetReply,
  seededRandom,
  simulateFleet,
} from 'evenkeel/testing';
import { atMost, each, type Row, type Scenario, servers } from '../scenario.ts';

const [CLIENTS, SERVERS, SLOTS, SERVICE_MS] = [100, 50, 4, 50];
/** How often others on the machines change what they take, and by how much servers are slower for it. */
const [SHIFT_MS, SLOWEST] = [5000, 2.5];

type Parts = Partial<BalanceOptions<string, void, FleetReply>>;

const RULES: Readonly<Record<string, (kit: FleetClientKit<void>) => Parts>> = {
  roundRobin: () => ({ pick: roundRobin(), cost: leastPending() }),
  'p2c × leastPending': () => ({ pick: p2c(), cost: leastPending() }),
  'p2c × peakEwma': () => ({ pick: p2c(), cost: peakEwma() }),
  'the default': () => ({}),
  'the default, subset of 12': ({ index }) => ({
    narrow: [subset({ size: 12, client: { index, count: CLIENTS } })],
  }),
  'reportedLoad by response': () => ({ cost: reportedLoad({ read: (reply: FleetReply) => reply.inFlight }) }),
  'probing (Prequal)': ({ probe }) => ({ pick: probing({ probe }) }),
};

export const prequal: Scenario = {
  name: 'prequal',
  asks: 'With 100 clients and antagonists on the servers, how do the rules stand as load grows?',
  reference: [
    'Prequal, NSDI 2024, 100 x 100, p99 at 70 % / 90 %: round robin timeout, least loaded 1804 / 2654, ' +
      'P2C 2642 / 1169, Prequal 281 / 286 ms',
    'there at 1.74 of the allocation: weighted round robin > 25 % errors, Prequal none',
  ],
  shows: 'p99 ms',
  run: async ({ seed, size }) =>
    each([0.5, 0.7, 0.9], async (load): Promise<readonly Row[]> => {
      const rows: Row[] = [];
      for (const [who, parts] of Object.entries(RULES))
        rows.push(await measure(who, parts, load, seed, size));
      const p99 = (name: string): number =>
        rows.find(({ who }) => who === name)?.figures['p99 ms'] ?? Infinity;
      const bound = p99('p2c × leastPending');
      return rows.map((row) =>
        row.who.startsWith('probing')
          ? { ...row, checks: [atMost('p99 ms', row.figures['p99 ms'] ?? NaN, bound)] }
          : row,
      );
    }),
};

async function measure(
  who: string,
  parts: (kit: FleetClientKit<void>) => Parts,
  load: number,
  seed: number,
  size: number,
): Promise<Row> {
  const durationMs = Math.max(5000, size * 30_000);
  // On average a server is slowed by the mean of both ends, so that much less is its capacity.
  const perSecond = (load * SERVERS * SLOTS * 1000) / (SERVICE_MS * ((1 + SLOWEST) / 2));
  const chance = seededRandom(seed + 1);
  const script = Array.from({ length: Math.ceil(durationMs / SHIFT_MS) }, (_, shift) => ({
    atMs: Math.min(durationMs, shift * SHIFT_MS),
    act: (fleet: { server(id: string): { slow(factor: number): void } }) => {
      for (let n = 0; n < SERVERS; n++) fleet.server(`s${n}`).slow(1 + (SLOWEST - 1) * chance());
    },
  }));
  const { latencyMs, failed, calls } = await simulateFleet({
    seed,
    clients: CLIENTS,
    warmupMs: 3000,
    durationMs,
    servers: servers(SERVERS, { slots: SLOTS, serviceMs: exponential(SERVICE_MS) }),
    client: (kit) => {
      const { endpoints, send, clock, random } = kit;
      const call = balance<string, void, FleetReply>({ endpoints, send, clock, random, ...parts(kit) });
      return pipe(call, timeout({ timeoutMs: 5000, clock }));
    },
    arrivals: { perSecond },
    script,
  });
  const { p50, p90, p99, p999 } = latencyMs;
  return {
    who,
    case: `load ${load}`,
    figures: {
      'p50 ms': p50,
      'p90 ms': p90,
      'p99 ms': p99,
      'p99.9 ms': p999,
      'failed %': (100 * failed) / calls,
    },
    checks: [],
  };
}
