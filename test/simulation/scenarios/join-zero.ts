/** A server joins: its load is 0 and nobody knows anything of it, so it looks like the best of all. */
import { exponential, simulateFleet } from 'evenkeel/testing';
import { atMost, each, ifDefault, type Scenario, servers } from '../scenario.ts';

const JOIN_MS = 10_000;
const FIRST_MS = 1000;

export const joinZero: Scenario = {
  name: 'join-zero',
  asks: 'In its first second, does a server that joins get at most twice its fair share?',
  reference: ['tower#134: with a high default latency never used; without one, a stampede'],
  run: ({ seed, size, contenders }) =>
    each([1, 20], (clients) =>
      each(contenders, async (contender) => {
        const all = servers(10, { slots: 16, serviceMs: exponential(50) });
        const report = await simulateFleet({
          seed,
          clients,
          warmupMs: 2000,
          durationMs: JOIN_MS + Math.max(2 * FIRST_MS, size * 20_000),
          bucketMs: 250,
          servers: all.slice(0, 9),
          client: contender.client,
          arrivals: { perSecond: 1600 },
          script: [{ atMs: JOIN_MS, act: (fleet) => all.slice(9).forEach((server) => fleet.join(server)) }],
          windows: [
            [JOIN_MS, JOIN_MS + FIRST_MS],
            [JOIN_MS, JOIN_MS + 250],
          ],
        });
        const [first, quarter] = report.windows.map(({ shares }) => 10 * (shares['s9'] ?? Number.NaN));
        return {
          who: contender.name,
          case: `${clients} ${clients === 1 ? 'client' : 'clients'}`,
          figures: {
            'first second / fair': first ?? Number.NaN,
            'first 250 ms / fair': quarter ?? Number.NaN,
            'its longest queue': report.servers[9]?.maxQueue ?? Number.NaN,
            'p99 ms': report.latencyMs.p99,
          },
          checks: ifDefault(contender, [atMost('first second / fair', first ?? Number.NaN, 2)]),
          report,
        };
      }),
    ),
};
