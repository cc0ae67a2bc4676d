/** Loads are known from a board that is refreshed now and then: whoever looks idle on it is everybody's choice. */
import { balance, type Balanced, type Cost, p2c, random, reportedLoad } from 'evenkeel';
import { exponential, type FleetClientKit, type FleetReply, simulateFleet } from 'evenkeel/testing';
import { atMost, each, type Scenario, servers } from '../scenario.ts';

const SERVICE_MS = 10;
const SERVERS = 100;
const LOAD = 0.9;

/** Mean times of the reference, in service times, by the age of the board. */
const REFERENCE: Readonly<Record<string, Readonly<Record<number, number>>>> = {
  random: { 1: 9.75, 5: 9.75, 10: 9.75, 50: 9.75 },
  'd = 2': { 1: 2.94, 5: 3.99, 10: 5.1, 50: 12.5 },
  'd = 3': { 1: 2.6, 5: 4.34, 10: 6.3, 50: 21.1 },
  'd = n': { 1: 4.05, 5: 12.01, 10: 23.5, 50: 555 },
  'd = 2 + own sends': { 1: 2.77, 5: 3.31, 10: 3.68, 50: 4.62 },
  'd = 3 + own sends': {},
  'd = n + own sends': { 1: 1.85, 5: 2.65, 10: 3, 50: 4.16 },
};

const RULES: Readonly<Record<string, { choices: number; cost: () => Cost }>> = {
  random: { choices: 1, cost: boardAlone },
  'd = 2': { choices: 2, cost: boardAlone },
  'd = 3': { choices: 3, cost: boardAlone },
  'd = n': { choices: SERVERS, cost: boardAlone },
  'd = 2 + own sends': { choices: 2, cost: () => reportedLoad({ maxAgeMs: Infinity }) },
  'd = 3 + own sends': { choices: 3, cost: () => reportedLoad({ maxAgeMs: Infinity }) },
  'd = n + own sends': { choices: SERVERS, cost: () => reportedLoad({ maxAgeMs: Infinity }) },
};

export const staleBoard: Scenario = {
  name: 'stale-board',
  asks: 'Does adding one’s own sends to old reports take the herd away?',
  reference: [
    'own simulation elsewhere, mean times in service times; without own sends, T = 50: d = 2 12.5, d = n 555',
    'Mitzenmacher, "How Useful Is Old Information?", TPDS 2000; Prequal adds own sends to its probes',
  ],
  shows: 'mean',
  run: ({ seed, size }) =>
    each([1, 5, 10, 50], (ageServices) =>
      each(Object.entries(RULES), async ([who, { choices, cost }]) => {
        const perSecond = (LOAD * SERVERS * 1000) / SERVICE_MS;
        const report = await simulateFleet({
          seed,
          warmupMs: 2000,
          durationMs: Math.max(1000, size * 15_000),
          graceMs: 1000,
          servers: servers(SERVERS, { serviceMs: exponential(SERVICE_MS) }),
          client: (kit) => withBoard(kit, choices, cost(), ageServices * SERVICE_MS),
          arrivals: { perSecond },
        });
        const mean = report.latencyMs.mean / SERVICE_MS;
        const reference = REFERENCE[who]?.[ageServices];
        return {
          who,
          case: `T = ${ageServices}`,
          figures: { mean, ...(reference !== undefined && { reference }) },
          checks:
            who.endsWith('own sends') && reference !== undefined
              ? [atMost('mean', mean, 1.1 * reference)]
              : [],
        };
      }),
    ),
};

/** One dispatcher, and a board that it reads every so often. */
function withBoard(
  { endpoints, send, probe, clock, random: chance }: FleetClientKit<void>,
  choices: number,
  cost: Cost,
  everyMs: number,
): Balanced<string, void, FleetReply> {
  const pick = choices === 1 ? random() : p2c({ choices });
  const call = balance({ endpoints, send, clock, random: chance, pick, cost });
  const read = async (address: string): Promise<void> =>
    call.reportLoad(address, (await probe(address)).inFlight);
  const refresh = (): void => {
    for (const { address } of endpoints) void read(address);
    clock.setTimeout(refresh, everyMs);
  };
  clock.setTimeout(refresh, 0);
  return call;
}

/** What the board says, and nothing else. */
function boardAlone(): Cost {
  const meter = () => {
    let board = 0;
    return {
      cost: () => board,
      record() {},
      reset() {},
      latencyMs: () => undefined,
      reported: (said: number) => {
        board = said;
      },
    };
  };
  return { create: () => ({ meter }) };
}
