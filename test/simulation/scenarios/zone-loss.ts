/** A zone is lost: its servers refuse connections, its clients go elsewhere, and come back when it does. */
import { balance, type BalanceOptions, healthTracker, zones } from 'evenkeel';
import { exponential, type FleetControl, type FleetReply, simulateFleet } from 'evenkeel/testing';
import { atMost, each, type Scenario } from '../scenario.ts';

const ZONES = ['a', 'b', 'c'];
const [SERVERS, SLOTS, SERVICE_MS] = [6, 8, 20];
const [LOST_MS, BACK_MS, END_MS] = [10_000, 40_000, 130_000];
const CROSS_MS = 1;

type Parts = (zone: string) => Partial<BalanceOptions<string, void, FleetReply>>;

const RULES: Readonly<Record<string, Parts>> = {
  'without zones': () => ({}),
  'zones()': (local) => ({ narrow: [zones({ local })] }),
};

export const zoneLoss: Scenario = {
  name: 'zone-loss',
  asks: 'When a zone is lost, who fails, who is overloaded, and when is everybody at home again?',
  reference: [
    'Envoy, zone aware routing: the rest by what other zones have left; 3 zones at 50 % must hold at 75 %',
  ],
  run: ({ seed, size }) =>
    each(Object.entries(RULES), async ([who, parts]) => {
      const ids = (zone: string): string[] => Array.from({ length: SERVERS }, (_, n) => `${zone}${n}`);
      const everyOfB = (act: (fleet: FleetControl, id: string) => void) => (fleet: FleetControl) => {
        for (const id of ids('b')) act(fleet, id);
      };
      const report = await simulateFleet({
        seed,
        warmupMs: 3000,
        durationMs: END_MS,
        bucketMs: 2000,
        clients: ZONES.flatMap((zone) => [{ zone }, { zone }]),
        servers: ZONES.flatMap((zone) =>
          ids(zone).map((id) => ({ id, zone, slots: SLOTS, serviceMs: exponential(SERVICE_MS) })),
        ),
        client: ({ endpoints, send, clock, random, zone }) =>
          balance({
            endpoints,
            send,
            clock,
            random,
            health: healthTracker({ clock, random }),
            ...parts(zone ?? ''),
          }),
        distanceMs: (client, server) => (client === server ? 0 : CROSS_MS),
        arrivals: {
          perSecond: (size < 1 ? size : 1) * 0.5 * ZONES.length * SERVERS * SLOTS * (1000 / SERVICE_MS),
        },
        script: [
          { atMs: LOST_MS, act: everyOfB((fleet, id) => fleet.server(id).refuse()) },
          { atMs: BACK_MS, act: everyOfB((fleet, id) => fleet.server(id).well()) },
        ],
        windows: [
          [0, LOST_MS],
          [LOST_MS, BACK_MS],
          [END_MS - 20_000, END_MS],
        ],
      });
      const [healthy, without, after] = report.windows;
      const shareOf = (zone: string, shares: Readonly<Record<string, number>> = {}): number =>
        100 * ids(zone).reduce((sum, id) => sum + (shares[id] ?? 0), 0);
      const failed = (100 * report.failed) / report.calls;
      const share = shareOf('b', after?.shares);
      return {
        who,
        figures: {
          'failed %': failed,
          'healthy p99 ms': healthy?.latencyMs.p99 ?? Number.NaN,
          'without b p99 ms': without?.latencyMs.p99 ?? Number.NaN,
          'busiest zone without b %': Math.max(shareOf('a', without?.shares), shareOf('c', without?.shares)),
          'b in the end %': share,
        },
        checks:
          who === 'zones()'
            ? [
                atMost('failed %', failed, 0.1),
                atMost(
                  'without b p99 ms',
                  without?.latencyMs.p99 ?? Number.NaN,
                  2 * (healthy?.latencyMs.p99 ?? 0),
                ),
                atMost('b away in the end %', 100 / 3 - share, 100 / 30),
              ]
            : [],
        report,
      };
    }),
};
