/** One of eleven servers is ten times slower for the middle half of the run, as in Finagle's simulation. */
import { simulateFleet, uniform } from 'evenkeel/testing';
import { atMost, each, ifDefault, type Scenario, servers } from '../scenario.ts';

export const slowMiddle: Scenario = {
  name: 'slow-middle',
  asks: 'Does the p99 stay within twice the healthy one while one of eleven servers is ten times slower?',
  reference: [
    'own simulation elsewhere: p99 of round robin 69.8 ms, of P2C by pending 47.9, of peak EWMA 7.9',
  ],
  run: ({ seed, size, contenders }) =>
    each(contenders, async (contender) => {
      const durationMs = size * 45_000;
      const [fromMs, toMs] = [durationMs / 4, (3 * durationMs) / 4];
      const report = await simulateFleet({
        seed,
        warmupMs: 2000,
        durationMs,
        bucketMs: 500,
        // As many slots as calls: latency changes, and nothing queues.
        servers: servers(11, { slots: Infinity, serviceMs: uniform(2, 8) }),
        client: contender.client,
        arrivals: { perSecond: 1250 },
        script: [
          { atMs: fromMs, act: (fleet) => fleet.server('s5').slow(10) },
          { atMs: toMs, act: (fleet) => fleet.server('s5').well() },
        ],
        windows: [
          [0, fromMs],
          [fromMs, toMs],
        ],
      });
      const [healthy, slow] = report.windows;
      const healthyMs = healthy?.latencyMs.p99 ?? Number.NaN;
      const slowMs = slow?.latencyMs.p99 ?? Number.NaN;
      return {
        who: contender.name,
        figures: {
          'healthy p99 ms': healthyMs,
          'slow p99 ms': slowMs,
          'slow p99.9 ms': slow?.latencyMs.p999 ?? Number.NaN,
          'its share %': 100 * (slow?.shares['s5'] ?? Number.NaN),
        },
        checks: ifDefault(contender, [atMost('slow p99 ms', slowMs, 2 * healthyMs)]),
        report,
      };
    }),
};
