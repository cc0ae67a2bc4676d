/** A server is bad for 30 s and then well: nobody is told, so it has to be found out. */
import { exponential, type FleetControl, type FleetReport, simulateFleet } from 'evenkeel/testing';
import { atMost, each, ifDefault, type Scenario, servers } from '../scenario.ts';

const BAD_MS = 10_000;
const WELL_MS = 40_000;
const END_MS = 160_000;
const BUCKET_MS = 2000;
/** The bound is ours: as long as the trouble itself. */
const BOUND_MS = 30_000;

const CASES: readonly { name: string; begin: (fleet: FleetControl) => void }[] = [
  { name: 'fails in 1 ms', begin: (fleet) => fleet.server('s9').fail() },
  { name: '10 times slower', begin: (fleet) => fleet.server('s9').slow(10) },
  { name: 'refuses', begin: (fleet) => fleet.server('s9').refuse() },
];

export const recovery: Scenario = {
  name: 'recovery',
  asks: 'How long after a server is well again does it get 90 % of its fair share?',
  reference: ['undici BalancedPool: never; stuck at 16 % instead of 25 % (own measurement)'],
  run: ({ seed, size, contenders }) =>
    each(CASES, ({ name, begin }) =>
      each(contenders, async (contender) => {
        const report = await simulateFleet({
          seed,
          clients: 3,
          warmupMs: 5000,
          durationMs: END_MS,
          bucketMs: BUCKET_MS,
          servers: servers(10, { slots: Math.ceil(16 * size), serviceMs: exponential(50) }),
          client: contender.client,
          arrivals: { perSecond: 1600 * size },
          script: [
            { atMs: BAD_MS, act: begin },
            { atMs: WELL_MS, act: (fleet) => fleet.server('s9').well() },
          ],
          windows: [
            [BAD_MS, WELL_MS],
            [WELL_MS, END_MS],
          ],
        });
        const seconds = recoveredAfterMs(report) / 1000;
        const [bad, well] = report.windows;
        return {
          who: contender.name,
          case: name,
          figures: {
            'recovered after s': seconds,
            'share while bad %': 100 * (bad?.shares['s9'] ?? Number.NaN),
            'failed while bad': bad?.failed ?? Number.NaN,
            'failed after': well?.failed ?? Number.NaN,
            'p99 after ms': well?.latencyMs.p99 ?? Number.NaN,
          },
          checks: ifDefault(contender, [atMost('recovered after s', seconds, BOUND_MS / 1000)]),
          report,
        };
      }),
    ),
};

/** Until the first two seconds in which it gets what it should; `Infinity` if they never come. */
function recoveredAfterMs({ timeline }: FleetReport): number {
  const first = timeline.find(({ fromMs, shares }) => fromMs >= WELL_MS && (shares['s9'] ?? 0) >= 0.09);
  return first === undefined ? Infinity : first.toMs - WELL_MS;
}
