/** What a server of half the weight gets: drawing two without replacement gives small pools too even a spread. */
import { balance, type Cost, p2c, type Random } from 'evenkeel';
import { exponential, type FleetOptions, type FleetServer, simulateFleet } from 'evenkeel/testing';
import { type Contender, ROUND_ROBIN } from '../contenders.ts';
import { each, type Row, type Scenario, within } from '../scenario.ts';

const SIZES = [2, 3, 4, 6, 10];

export const weights: Scenario = {
  name: 'weights',
  asks: 'How much of a full server’s traffic does one of half the weight get?',
  reference: [
    'Finagle, DeterministicAperture.scala: 1.000, .609, .559, .531, .516 for N = 2, 3, 4, 6, 10, if costs are equal',
    'as the weights say: .5; for the others, at 10 % and 70 % load, with slots by weight, no bound is set',
  ],
  shows: 'relative share',
  run: async ({ seed, size, contenders }) => [
    ...(await each(SIZES, (n) => equalCosts(n, seed, size))),
    ...(await each(SIZES, (n) => each(contenders, (contender) => underLoad(contender, n, seed, size)))),
  ],
};

/** By alias, two without replacement, and a coin between them. */
async function equalCosts(n: number, seed: number, size: number): Promise<Row> {
  const share = await relativeShare(
    { seed, size },
    fleet(n, 8),
    ({ endpoints, send, clock, random }) =>
      balance({ endpoints, send, clock, random, pick: p2c(), cost: byCoin(random) }),
    0.1,
  );
  const total = n - 0.5;
  const light = 0.5 * (0.5 / total + ((n - 1) / total) * (0.5 / (total - 1)));
  const theory = (light * (n - 1)) / (1 - light);
  return {
    who: 'p2c(2), equal costs',
    case: `N = ${n}`,
    figures: { 'relative share': share, theory },
    // Noise grows as runs get shorter.
    checks: [within('relative share', share, theory, 0.01 / Math.sqrt(size))],
  };
}

async function underLoad(contender: Contender, n: number, seed: number, size: number): Promise<Row> {
  const at = (load: number): Promise<number> =>
    relativeShare({ seed, size: size / 4 }, fleet(n, 8), contender.client, load);
  const [idle, busy] = [await at(0.1), await at(0.7)];
  return {
    who: contender.name,
    case: `N = ${n}`,
    figures: { 'at 10 % load': idle, 'at 70 % load': busy },
    // In turn and by weight: exact.
    checks: contender === ROUND_ROBIN ? [within('at 10 % load', idle, 0.5, 0.01)] : [],
  };
}

/** What the light server gets, as a part of what a full one gets on average. */
async function relativeShare(
  { seed, size }: { readonly seed: number; readonly size: number },
  servers: readonly FleetServer[],
  client: FleetOptions<void>['client'],
  load: number,
): Promise<number> {
  const slots = servers.reduce((sum, server) => sum + (server.slots ?? 1), 0);
  const perSecond = load * slots * 50;
  const { shares } = await simulateFleet({
    seed,
    warmupMs: 2000,
    durationMs: (size * 400_000 * 1000) / perSecond,
    servers,
    client,
    arrivals: { perSecond },
  });
  const light = shares['light'] ?? Number.NaN;
  return (light * (servers.length - 1)) / (1 - light);
}

function fleet(n: number, slots: number): FleetServer[] {
  const full = Array.from({ length: n - 1 }, (_, at) => ({ id: `full${at}`, slots, weight: 1 }));
  const light = { id: 'light', slots: slots / 2, weight: 0.5 };
  return [...full, light].map((server) => ({ ...server, serviceMs: exponential(20) }));
}

/** Every comparison is a coin. */
function byCoin(random: Random): Cost {
  const meter = { cost: random, record() {}, reset() {}, latencyMs: () => undefined };
  return { create: () => ({ meter: () => meter }) };
}
