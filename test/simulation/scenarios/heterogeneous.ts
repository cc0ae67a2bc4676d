/** Half of the servers are three times as slow, and nobody has told the clients by weights. */
import { exponential, type FleetReport, simulateFleet } from 'evenkeel/testing';
import { type Contender, contender as named } from '../contenders.ts';
import { atMost, each, ifDefault, type Scenario, servers } from '../scenario.ts';

const FAST_MS = 25;
const SLOW_MS = 75;
const LOAD = 0.7;
const SIZES = [
  { count: 10, clients: 1 },
  { count: 10, clients: 20 },
  { count: 100, clients: 100 },
];

export const heterogeneous: Scenario = {
  name: 'heterogeneous',
  asks: 'At 70 % load, is it at least as good as pending calls alone when half of the servers are 3 times slower?',
  reference: [
    'own simulation elsewhere, 100x100, p99: round robin 18.1 s, P2C by pending 5.9 s, peak EWMA 1.6 s, both of them ' +
      'with a subset of 12 1.5 and 0.64 s; with a global view 0.55 s',
  ],
  shows: 'p99 ms',
  run: ({ seed, size, contenders }) =>
    each(SIZES, async ({ count, clients }) => {
      const yardstick = await simulate(named('p2c(2) × leastPending'), count, clients, seed, size);
      return each(contenders, async (contender) => {
        const { latencyMs, shares } = await simulate(contender, count, clients, seed, size);
        const slow = Object.entries(shares).filter(([id]) => id.startsWith('slow'));
        return {
          who: contender.name,
          case: `${clients}x${count}`,
          figures: {
            'mean ms': latencyMs.mean,
            'p50 ms': latencyMs.p50,
            'p99 ms': latencyMs.p99,
            'share of the slow %': 100 * slow.reduce((sum, [, share]) => sum + share, 0),
          },
          checks: ifDefault(contender, [atMost('p99 ms', latencyMs.p99, yardstick.latencyMs.p99)]),
        };
      });
    }),
};

function simulate(
  contender: Contender,
  count: number,
  clients: number,
  seed: number,
  size: number,
): Promise<FleetReport> {
  const half = count / 2;
  const perSecond = LOAD * half * (1000 / FAST_MS + 1000 / SLOW_MS);
  return simulateFleet({
    seed,
    clients,
    warmupMs: 10_000,
    durationMs: size * 60_000,
    servers: [
      ...servers(half, { serviceMs: exponential(FAST_MS) }),
      ...servers(half, { serviceMs: exponential(SLOW_MS) }).map((server) => ({
        ...server,
        id: `slow-${server.id}`,
      })),
    ],
    client: contender.client,
    arrivals: { perSecond },
  });
}
