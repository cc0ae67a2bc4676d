/** Servers restart one after another, half of them go, half of them come: does anybody get far too much? */
import { exponential, type FleetEvent, type FleetReport, simulateFleet } from 'evenkeel/testing';
import { atMost, each, ifDefault, type Scenario, servers } from '../scenario.ts';

const SPEC = { slots: 4, serviceMs: exponential(20) };
const ALL = servers(10, SPEC);
const LATER = ALL.slice(5);
const EVERY_MS = 2000;

/** Each case moves members on whole seconds, so that each second has a fair share. */
const CASES: readonly { name: string; before: number; script: readonly FleetEvent[] }[] = [
  {
    name: 'rolling restart',
    before: 10,
    script: ALL.flatMap((server, n) => [
      { atMs: (n + 1) * EVERY_MS, act: (fleet) => fleet.leave(server.id) },
      { atMs: (n + 1) * EVERY_MS + 900, act: (fleet) => fleet.server(server.id).restart() },
      { atMs: (n + 1) * EVERY_MS + 1000, act: (fleet) => fleet.join(server) },
    ]),
  },
  {
    name: 'shrink by half',
    before: 10,
    script: LATER.map(({ id }) => ({ atMs: 10_000, act: (fleet) => fleet.leave(id) })),
  },
  {
    name: 'expand to double',
    before: 5,
    script: LATER.map((server) => ({ atMs: 10_000, act: (fleet) => fleet.join(server) })),
  },
];

export const deploy: Scenario = {
  name: 'deploy',
  asks: 'Does no server ever get more than twice its fair share while servers restart, leave and join?',
  reference: ['Finagle, LoadDistributionTest: 5 clients, 10 servers: no server above 2 times its optimum'],
  run: ({ seed, contenders }) =>
    each(CASES, ({ name, before, script }) =>
      each(contenders, async (contender) => {
        const report = await simulateFleet({
          seed,
          clients: 5,
          warmupMs: 2000,
          durationMs: 24_000,
          bucketMs: 1000,
          servers: ALL.slice(0, before),
          client: contender.client,
          arrivals: { perSecond: 800 },
          script,
        });
        const overall = Math.max(...report.servers.map(({ share, fairShare }) => share / fairShare));
        const worst = worstSecond(report);
        return {
          who: contender.name,
          case: name,
          figures: {
            'share / fair': overall,
            'in the worst second': worst,
            failed: report.failed,
            'p99 ms': report.latencyMs.p99,
          },
          checks: ifDefault(contender, [
            atMost('share / fair', overall, 2),
            atMost('in the worst second', worst, 2),
            atMost('failed', report.failed, 0),
          ]),
          report,
        };
      }),
    ),
};

/** The largest share in a second, by what were fair among those who got calls in it. */
function worstSecond({ timeline }: FleetReport): number {
  const ratios = timeline.map(({ shares }) => {
    const used = Object.values(shares).filter((share) => share > 0);
    return Math.max(...used) * used.length;
  });
  return Math.max(...ratios);
}
