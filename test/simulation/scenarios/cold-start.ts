/** A server that has just been started is slow until it is warm, and has a relapse. */
import { type FleetEvent, simulateFleet, uniform } from 'evenkeel/testing';
import { atMost, each, ifDefault, type Scenario, servers } from '../scenario.ts';

/** 5 times as slow at first, and as fast as the others after 10 s; 10 times as slow from 19 to 23 s. */
const SCRIPT: readonly FleetEvent[] = [
  ...Array.from({ length: 10 }, (_, second) => ({
    atMs: second * 1000,
    act: (fleet: Parameters<FleetEvent['act']>[0]) => fleet.server('s9').slow(5 - 0.4 * second),
  })),
  { atMs: 10_000, act: (fleet) => fleet.server('s9').well() },
  { atMs: 19_000, act: (fleet) => fleet.server('s9').slow(10) },
  { atMs: 23_000, act: (fleet) => fleet.server('s9').well() },
];

export const coldStart: Scenario = {
  name: 'cold-start',
  asks: 'Does the p99 stay within twice the healthy one while one of ten servers warms up, and has a relapse?',
  reference: [
    'Finagle, balancersim/Simulation.scala: 1250 calls a second, 45 s, 10 servers, latencies of 150 to 200 ms; ' +
      'it prints figures and sets no bound',
  ],
  run: ({ seed, size, contenders }) =>
    each(contenders, async (contender) => {
      const report = await simulateFleet({
        seed,
        durationMs: 45_000,
        bucketMs: 500,
        servers: servers(10, { slots: Infinity, serviceMs: uniform(150, 190) }),
        client: contender.client,
        arrivals: { perSecond: size * 1250 },
        script: SCRIPT,
        windows: [
          [0, 10_000],
          [19_000, 23_000],
          [30_000, 45_000],
        ],
      });
      const [cold, relapse, healthy] = report.windows;
      const healthyMs = healthy?.latencyMs.p99 ?? Number.NaN;
      const [coldMs, relapseMs] = [cold?.latencyMs.p99 ?? Number.NaN, relapse?.latencyMs.p99 ?? Number.NaN];
      return {
        who: contender.name,
        figures: {
          'healthy p99 ms': healthyMs,
          'cold p99 ms': coldMs,
          'cold share %': 100 * (cold?.shares['s9'] ?? Number.NaN),
          'relapse p99 ms': relapseMs,
          'relapse share %': 100 * (relapse?.shares['s9'] ?? Number.NaN),
        },
        checks: ifDefault(contender, [
          atMost('cold p99 ms', coldMs, 2 * healthyMs),
          atMost('relapse p99 ms', relapseMs, 2 * healthyMs),
        ]),
        report,
      };
    }),
};
