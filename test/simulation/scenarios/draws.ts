/**
 * How often does a pick see only bad endpoints? With bad ones known by health, when all of five pairs are bad;
 * known by cost alone, when all of the few that are drawn once are bad.
 */
import {
  balance,
  type EndpointHealth,
  type HealthPort,
  leastPending,
  p2c,
  peakEwma,
  type Rank,
} from 'evenkeel';
import { type FleetClientKit, type FleetServer, simulateFleet } from 'evenkeel/testing';
import { each, type Row, type Scenario, within } from '../scenario.ts';

/** How often `p2c` draws, in the hope of somebody healthy. */
const DRAWS = 5;

interface Case {
  readonly n: number;
  readonly bad: number;
  readonly choices: number;
}

/** Known by health: two choices, drawn again. */
const BY_HEALTH: readonly Case[] = [
  [4, 2],
  [10, 5],
  [10, 8],
  [10, 9],
  [100, 50],
  [100, 80],
  [100, 90],
].map(([n = 0, bad = 0]) => ({ n, bad, choices: 2 }));

/** Known by cost: drawn once. */
const BY_COST: readonly Case[] = [
  [4, 2],
  [6, 3],
  [10, 3],
  [10, 5],
  [100, 50],
].flatMap(([n = 0, bad = 0]) => [2, 3, 4].map((choices) => ({ n, bad, choices })));

export const draws: Scenario = {
  name: 'draws',
  asks: 'Is the share of picks that see only bad endpoints the one that counting gives?',
  reference: [
    'by health, five draws: (C(b,2)/C(n,2))^5, which is u^10 for many endpoints (Finagle, P2CPanicModeTest)',
    'by cost, one draw of d: C(b,d)/C(n,d): 4 with 2 bad 16.7 %; 10 with 5 bad 22.2, 8.3, 2.4 % for d = 2, 3, 4',
  ],
  shows: 'only bad %',
  run: async ({ seed, size }) => [
    ...(await each(BY_HEALTH, (one) => measure('by health', one, seed, size))),
    ...(await each(BY_COST, (one) => measure('by cost', one, seed, size))),
  ],
};

async function measure(known: 'by health' | 'by cost', one: Case, seed: number, size: number): Promise<Row> {
  const { n, bad, choices } = one;
  const share = await badShare(known, one, seed, size);
  const once = choose(bad, choices) / choose(n, choices);
  const theory = 100 * (known === 'by health' ? once ** DRAWS : once);
  const figures = { 'only bad %': share, 'theory %': theory };
  return {
    who: `p2c(${choices}), ${known}`,
    case: `${bad} of ${n} bad`,
    figures: known === 'by health' ? { ...figures, 'u^10 %': 100 * (bad / n) ** (2 * DRAWS) } : figures,
    // One point; three standard deviations where a run is so short that they are more.
    checks: [within('only bad %', share, theory, Math.max(1, 0.5 / Math.sqrt(size)))],
  };
}

async function badShare(known: string, one: Case, seed: number, size: number): Promise<number> {
  const { n, bad, choices } = one;
  const servers: FleetServer[] = Array.from({ length: n }, (_, at) => ({
    id: at < bad ? `bad${at}` : `good${at}`,
    slots: Infinity,
    // Slow enough to be known for slow by the first answer, and rarely busy with a second.
    serviceMs: known === 'by cost' && at < bad ? 500 : 1,
  }));
  const { shares } = await simulateFleet({
    seed,
    warmupMs: 20_000,
    durationMs: size * 1_000_000,
    servers,
    client: ({ endpoints, send, clock, random }: FleetClientKit<void>) =>
      balance({
        endpoints,
        send,
        clock,
        random,
        pick: p2c({ choices }),
        ...(known === 'by health'
          ? { cost: leastPending(), health: fixedHealth(isBad) }
          : { cost: peakEwma({ decayMs: Infinity }) }),
      }),
    arrivals: { perSecond: 100 },
  });
  const toBad = Object.entries(shares).filter(([id]) => isBad(id));
  return 100 * toBad.reduce((sum, [, share]) => sum + share, 0);
}

const isBad = (id: string): boolean => id.startsWith('bad');

/** A health that knows from the beginning who is bad, and learns nothing. */
function fixedHealth(bad: (id: string) => boolean): HealthPort<string> {
  const of = (rank: Rank): EndpointHealth => ({
    rank,
    reason: rank === 0 ? undefined : 'told so',
    confirmed: true,
    ticket: 0,
    sinceMs: -Infinity,
    admitTrial: () => undefined,
    report() {},
  });
  return {
    nextTrialMs: Infinity,
    revision: 0,
    track: (_owner, endpoints) => endpoints.map(({ address }) => of(bad(address) ? 2 : 0)),
    start() {},
    subscribe: () => () => {},
  };
}

/** How many ways there are to draw `k` of `n`. */
function choose(n: number, k: number): number {
  let ways = 1;
  for (let at = 0; at < k; at++) ways *= (n - at) / (at + 1);
  return ways;
}
