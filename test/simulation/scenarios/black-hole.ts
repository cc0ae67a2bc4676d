/** One of ten servers fails everything at once, so it looks idle and fast. */
import { exponential, simulateFleet } from 'evenkeel/testing';
import { atMost, each, ifDefault, type Scenario, servers } from '../scenario.ts';

export const blackHole: Scenario = {
  name: 'black-hole',
  asks: 'How many calls fail when one of ten servers fails in 1 ms, at half load, without retries?',
  reference: [
    'own simulation elsewhere: round robin 10 %, random 9.7 %, P2C by pending 20 %, peak EWMA 20 %',
    'a failure recorded as 5 s or more: 0.06 %',
  ],
  run: ({ seed, size, contenders }) =>
    each(contenders, async (contender) => {
      const report = await simulateFleet({
        seed,
        warmupMs: 5000,
        durationMs: size * 60_000,
        bucketMs: 500,
        servers: servers(10, { slots: 16, serviceMs: exponential(50) }),
        client: contender.client,
        arrivals: { perSecond: 1600 },
        script: [{ atMs: 0, act: (fleet) => fleet.server('s9').fail() }],
      });
      const failed = (100 * report.failed) / report.calls;
      return {
        who: contender.name,
        figures: {
          'failed %': failed,
          'share %': 100 * (report.shares['s9'] ?? 0),
          'p50 ms': report.latencyMs.p50,
          'p99 ms': report.latencyMs.p99,
        },
        checks: ifDefault(contender, [atMost('failed %', failed, 0.1)]),
        report,
      };
    }),
};
