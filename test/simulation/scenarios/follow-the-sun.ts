/** Day comes to one region: its clients want more than its servers can do, while another region sleeps. */
import { balance, type BalanceOptions, zones } from 'evenkeel';
import { exponential, type FleetReply, simulateFleet } from 'evenkeel/testing';
import { atMost, each, type Scenario } from '../scenario.ts';

const [SERVERS, SLOTS, SERVICE_MS, MAX_QUEUE] = [10, 4, 20, 100];
const CAPACITY = (SERVERS * SLOTS * 1000) / SERVICE_MS;
/** There and back. */
const DISTANCE_MS = 100;
const [NIGHT, DAY] = [0.4, 1.3];
const [SUNRISE_MS, NOON_MS, END_MS] = [10_000, 40_000, 100_000];

type Parts = (zone: string) => Partial<BalanceOptions<string, void, FleetReply>>;

const RULES: Readonly<Record<string, Parts>> = {
  'without zones': () => ({}),
  'zones, spill never': (local) => ({ narrow: [zones({ local, spill: 'never' })] }),
  'zones()': (local) => ({ narrow: [zones({ local })] }),
};

export const followTheSun: Scenario = {
  name: 'follow-the-sun',
  asks: 'At 130 % in one zone and 40 % in another 100 ms away, is nothing shed, and the p99 no more than the way?',
  reference: ['the bound: nothing shed, p99 <= the healthy p99 + 100 ms'],
  run: ({ seed, size }) =>
    each(Object.entries(RULES), async ([who, parts]) => {
      const sun = (atMs: number): number =>
        NIGHT + (DAY - NIGHT) * Math.min(1, Math.max(0, (atMs - SUNRISE_MS) / (NOON_MS - SUNRISE_MS)));
      const endMs = NOON_MS + size * (END_MS - NOON_MS);
      const report = await simulateFleet({
        seed,
        warmupMs: 5000,
        durationMs: endMs,
        bucketMs: 1000,
        clients: [
          ...Array.from({ length: 4 }, () => ({ zone: 'east', load: sun })),
          ...Array.from({ length: 4 }, () => ({ zone: 'west', load: NIGHT })),
        ],
        servers: ['east', 'west'].flatMap((zone) =>
          Array.from({ length: SERVERS }, (_, n) => ({
            id: `${zone}${n}`,
            zone,
            slots: SLOTS,
            serviceMs: exponential(SERVICE_MS),
            maxQueue: MAX_QUEUE,
          })),
        ),
        client: ({ endpoints, send, clock, random, zone }) =>
          balance({ endpoints, send, clock, random, ...parts(zone ?? '') }),
        distanceMs: (client, server) => (client === server ? 0 : DISTANCE_MS / 2),
        arrivals: { perSecond: (atMs) => (sun(atMs) + NIGHT) * CAPACITY },
        windows: [
          [0, SUNRISE_MS],
          [SUNRISE_MS, NOON_MS],
          [NOON_MS, endMs],
        ],
      });
      const [night, , noon] = report.windows;
      const shed = report.servers.reduce((sum, server) => sum + server.shed, 0);
      const [nightMs, noonMs] = [night?.latencyMs.p99 ?? Number.NaN, noon?.latencyMs.p99 ?? Number.NaN];
      const west = Object.entries(noon?.shares ?? {}).reduce(
        (sum, [id, share]) => sum + (id.startsWith('west') ? share : 0),
        0,
      );
      return {
        who,
        figures: {
          shed,
          'night p99 ms': nightMs,
          'noon mean ms': noon?.latencyMs.mean ?? Number.NaN,
          'noon p99 ms': noonMs,
          'west at noon %': 100 * west,
          'west at night %':
            100 *
            Object.entries(night?.shares ?? {}).reduce(
              (sum, [id, share]) => sum + (id.startsWith('west') ? share : 0),
              0,
            ),
        },
        checks:
          who === 'zones()'
            ? [atMost('shed', shed, 0), atMost('noon p99 ms', noonMs, nightMs + DISTANCE_MS)]
            : [],
        report,
      };
    }),
};
