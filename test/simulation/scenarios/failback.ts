/** The primary group dies and comes back cold: taking the load back at once would make a second dip. */
import { balance, healthTracker, priorities } from 'evenkeel';
import { exponential, type FleetControl, simulateFleet } from 'evenkeel/testing';
import { atMost, each, type Scenario } from '../scenario.ts';

const [SERVERS, SLOTS, SERVICE_MS] = [6, 8, 20];
const [DEAD_MS, BACK_MS, WARM_MS, END_MS] = [10_000, 40_000, 85_000, 160_000];
/** How much slower servers are that have just come back. */
const COLD = 2;

const RULES = {
  'at once': priorities({ failback: { afterMs: 0, rampMs: 0 } }),
  'after 30 s, over 30 s (the default)': priorities(),
};

export const failback: Scenario = {
  name: 'failback',
  asks: 'When a primary group comes back cold, is there a second dip?',
  reference: ['fail-over oscillations: mihomo#432, lantern-box#314 (42 switches in 92 min)'],
  run: ({ seed }) =>
    each(Object.entries(RULES), async ([who, narrow]) => {
      const ids = (group: string): string[] => Array.from({ length: SERVERS }, (_, n) => `${group}${n}`);
      const primary = (act: (fleet: FleetControl, id: string) => void) => (fleet: FleetControl) => {
        for (const id of ids('primary')) act(fleet, id);
      };
      const report = await simulateFleet({
        seed,
        clients: 3,
        warmupMs: 3000,
        durationMs: END_MS,
        bucketMs: 2000,
        servers: ['primary', 'standby'].flatMap((group, priority) =>
          ids(group).map((id) => ({ id, priority, slots: SLOTS, serviceMs: exponential(SERVICE_MS) })),
        ),
        client: ({ endpoints, send, clock, random }) =>
          balance({
            endpoints,
            send,
            clock,
            random,
            health: healthTracker({ clock, random, maxEjectedShare: 1 }),
            narrow: [narrow],
          }),
        arrivals: { perSecond: 0.7 * SERVERS * SLOTS * (1000 / SERVICE_MS) },
        script: [
          { atMs: DEAD_MS, act: primary((fleet, id) => fleet.server(id).refuse()) },
          {
            atMs: BACK_MS,
            act: primary((fleet, id) => {
              fleet.server(id).well();
              fleet.server(id).slow(COLD);
            }),
          },
          { atMs: WARM_MS, act: primary((fleet, id) => fleet.server(id).well()) },
        ],
        windows: [
          [0, DEAD_MS],
          [BACK_MS, END_MS],
          [END_MS - 20_000, END_MS],
        ],
      });
      const [healthy, back, end] = report.windows;
      const healthyMs = healthy?.latencyMs.p99 ?? Number.NaN;
      const worstMs = report.timeline
        .filter(({ fromMs }) => fromMs >= BACK_MS)
        .reduce((worst, { latencyMs }) => Math.max(worst, latencyMs.p99), 0);
      const home = ids('primary').reduce((sum, id) => sum + (end?.shares[id] ?? 0), 0);
      return {
        who,
        figures: {
          'healthy p99 ms': healthyMs,
          'worst 2 s after it is back, p99 ms': worstMs,
          'failed after it is back': back?.failed ?? Number.NaN,
          'at home in the end %': 100 * home,
        },
        checks: who.endsWith('default)')
          ? [
              atMost('worst 2 s after it is back, p99 ms', worstMs, 2 * healthyMs),
              atMost('away in the end %', 100 - 100 * home, 1),
            ]
          : [],
        report,
      };
    }),
};
