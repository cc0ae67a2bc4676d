/** Equal servers whose latency is mostly noise: here knowing latencies helps nobody, and must not harm. */
import { exponential, type FleetLatency, simulateFleet } from 'evenkeel/testing';
import { type Contender, ROUND_ROBIN } from '../contenders.ts';
import { atMost, each, ifDefault, type Row, type Scenario, servers, type Trial } from '../scenario.ts';

const SERVICE_MS = 20;

interface Case {
  readonly clients: number;
  readonly count: number;
  readonly slots: number;
  readonly load: number;
}

const CASES: readonly Case[] = [
  ...[1, 20].flatMap((clients) =>
    [0.3, 0.5, 0.7, 0.8, 0.9, 0.95].map((load) => ({ clients, count: 10, slots: 4, load })),
  ),
  // Each client sees one call in a hundred, of one in a hundred servers: what it has in flight says nothing.
  ...[0.7, 0.9].map((load) => ({ clients: 100, count: 100, slots: 1, load })),
];

export const homogeneous: Scenario = {
  name: 'homogeneous',
  asks: 'Among equal servers, is it never more than 5 % worse than round robin, in mean and p99?',
  reference: [
    'own simulation elsewhere, 100 clients x 100 servers, 90 % load, p50/p99: round robin 285/1369 ms, ' +
      'P2C by pending 283/1243, peak EWMA 381/1689',
  ],
  shows: 'p99 / round robin',
  run: (trial) => each(CASES, (one) => compare(one, trial)),
};

/** Every contender in one case, beside round robin. */
export async function compare(one: Case, { seed, size, contenders }: Trial): Promise<Row[]> {
  const yardstick = await simulate(ROUND_ROBIN, one, seed, size);
  return each(contenders, async (contender): Promise<Row> => {
    const latencyMs = contender === ROUND_ROBIN ? yardstick : await simulate(contender, one, seed, size);
    const { mean, p50, p99 } = latencyMs;
    const [meanRatio, p99Ratio] = [mean / yardstick.mean, p99 / yardstick.p99];
    return {
      who: contender.name,
      case: `${one.clients} x ${one.count} of ${one.slots}, load ${one.load}`,
      figures: {
        'mean ms': mean,
        'p50 ms': p50,
        'p99 ms': p99,
        'mean / round robin': meanRatio,
        'p99 / round robin': p99Ratio,
      },
      checks: ifDefault(contender, [
        atMost('mean / round robin', meanRatio, 1.05),
        atMost('p99 / round robin', p99Ratio, 1.05),
      ]),
    };
  });
}

async function simulate(
  contender: Contender,
  { clients, count, slots, load }: Case,
  seed: number,
  size: number,
): Promise<FleetLatency> {
  const perSecond = (load * count * slots * 1000) / SERVICE_MS;
  const { latencyMs } = await simulateFleet({
    seed,
    clients,
    warmupMs: 5000,
    durationMs: size * 60_000,
    servers: servers(count, { slots, serviceMs: exponential(SERVICE_MS) }),
    client: contender.client,
    arrivals: { perSecond },
  });
  return latencyMs;
}
