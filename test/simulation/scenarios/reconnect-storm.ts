/** A server restarts, is away for a while, and all clients find out that it is back. */
import { pipe, retry } from 'evenkeel';
import { exponential, type FleetFigures, simulateFleet } from 'evenkeel/testing';
import { atMost, each, ifDefault, type Scenario, servers } from '../scenario.ts';

const GONE_MS = 10_000;
const BACK_MS = 15_000;

export const reconnectStorm: Scenario = {
  name: 'reconnect-storm',
  asks: 'When a server comes back after 5 s, do 20 clients never give it more than twice its fair share?',
  reference: ['Finagle, P2CSuite: a revived node should expect about its fair share, not a herd'],
  run: ({ seed, contenders }) =>
    each(contenders, async (contender) => {
      const report = await simulateFleet({
        seed,
        clients: 20,
        warmupMs: 5000,
        durationMs: 60_000,
        bucketMs: 250,
        servers: servers(10, { slots: 16, serviceMs: exponential(50) }),
        client: (kit) =>
          pipe(contender.client(kit), retry({ maxAttempts: 3, clock: kit.clock, random: kit.random })),
        arrivals: { perSecond: 1600 },
        script: [
          {
            atMs: GONE_MS,
            act: (fleet) => {
              fleet.server('s9').restart();
              fleet.server('s9').refuse();
            },
          },
          { atMs: BACK_MS, act: (fleet) => fleet.server('s9').well() },
        ],
        windows: [
          [GONE_MS, BACK_MS],
          [BACK_MS, BACK_MS + 1000],
        ],
      });
      const after = report.timeline.filter(({ fromMs }) => fromMs >= BACK_MS);
      const worst = 10 * Math.max(...after.map(({ shares }: FleetFigures) => shares['s9'] ?? 0));
      return {
        who: contender.name,
        figures: {
          'worst 250 ms / fair': worst,
          'first second / fair': 10 * (report.windows[1]?.shares['s9'] ?? Number.NaN),
          'its longest queue': report.servers[9]?.maxQueue ?? Number.NaN,
          failed: report.failed,
          'attempts per call while away':
            (report.windows[0]?.attempts ?? Number.NaN) / (report.windows[0]?.calls ?? Number.NaN),
          'p99 ms': report.latencyMs.p99,
        },
        checks: ifDefault(contender, [atMost('worst 250 ms / fair', worst, 2)]),
        report,
      };
    }),
};
