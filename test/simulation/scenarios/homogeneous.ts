/** Equal servers whose latency is mostly noise: here knowing latencies helps nobody, and must not harm. */
import { exponential, simulateFleet } from 'evenkeel/testing';
import { type Contender, ROUND_ROBIN } from '../contenders.ts';
import { atMost, each, ifDefault, type Row, type Scenario, servers } from '../scenario.ts';

const LOADS = [0.3, 0.5, 0.7, 0.8, 0.9, 0.95];
const SERVICE_MS = 20;
const SLOTS = 4;
const SERVERS = 10;

export const homogeneous: Scenario = {
  name: 'homogeneous',
  asks: 'Among equal servers, is it never more than 5 % worse than round robin, in mean and p99?',
  reference: [
    'own simulation elsewhere, 100 clients x 100 servers, 90 % load, p50/p99: round robin 285/1369 ms, ' +
      'P2C by pending 283/1243, peak EWMA 381/1689',
  ],
  run: ({ seed, size, contenders }) =>
    each(
      [1, 20].flatMap((clients) => LOADS.map((load) => ({ clients, load }))),
      async ({ clients, load }) => {
        const measure = (contender: Contender): ReturnType<typeof simulate> =>
          simulate(contender, clients, load, seed, size);
        const yardstick = await measure(ROUND_ROBIN);
        return each(contenders, async (contender): Promise<Row> => {
          const { mean, p50, p99 } = contender === ROUND_ROBIN ? yardstick : await measure(contender);
          const [meanRatio, p99Ratio] = [mean / yardstick.mean, p99 / yardstick.p99];
          return {
            who: contender.name,
            case: `${clients} ${clients === 1 ? 'client' : 'clients'}, load ${load}`,
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
      },
    ),
};

async function simulate(
  contender: Contender,
  clients: number,
  load: number,
  seed: number,
  size: number,
): Promise<{ readonly mean: number; readonly p50: number; readonly p99: number }> {
  const perSecond = (load * SERVERS * SLOTS * 1000) / SERVICE_MS;
  const { latencyMs } = await simulateFleet({
    seed,
    clients,
    warmupMs: 5000,
    durationMs: size * 60_000,
    servers: servers(SERVERS, { slots: SLOTS, serviceMs: exponential(SERVICE_MS) }),
    client: contender.client,
    arrivals: { perSecond },
  });
  return latencyMs;
}
