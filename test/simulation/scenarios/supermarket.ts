/** One queue per server, exponential service: the model for which the power of two choices was proved. */
import { balance, leastPending, p2c } from 'evenkeel';
import { exponential, simulateFleet } from 'evenkeel/testing';
import { each, near, type Scenario, servers } from '../scenario.ts';

const SERVICE_MS = 10;
const SERVERS = 100;
/** The longer the queues, the longer a run remembers, and the more calls it needs. */
const CALLS = { 0.5: 400_000, 0.7: 600_000, 0.9: 2_500_000 };

/** Σ λ^((dⁱ − d)/(d − 1)): mean time in the system, in service times, as the number of servers grows. */
export function supermarketMean(load: number, choices: number): number {
  let sum = 0;
  for (let i = 1; i < 60; i++) sum += load ** ((choices ** i - choices) / (choices - 1));
  return sum;
}

export const supermarket: Scenario = {
  name: 'supermarket',
  asks: 'Is the mean time in the system what the theory of the power of d choices says?',
  reference: ['Mitzenmacher, TPDS 2001: Σ λ^((dⁱ−d)/(d−1)), for a number of servers without bound; here 100'],
  shows: 'mean',
  run: ({ seed, size }) =>
    each(
      [2, 3].flatMap((choices) => ([0.5, 0.7, 0.9] as const).map((load) => ({ choices, load }))),
      async ({ choices, load }) => {
        const perSecond = (load * SERVERS * 1000) / SERVICE_MS;
        const report = await simulateFleet({
          seed,
          warmupMs: 1000,
          durationMs: (size * CALLS[load] * 1000) / perSecond,
          servers: servers(SERVERS, { serviceMs: exponential(SERVICE_MS) }),
          client: ({ endpoints, send, clock, random }) =>
            balance({ endpoints, send, clock, random, pick: p2c({ choices }), cost: leastPending() }),
          arrivals: { perSecond },
        });
        const mean = report.latencyMs.mean / SERVICE_MS;
        return {
          who: `p2c(${choices}) × leastPending`,
          case: `load ${load}`,
          figures: { mean, theory: supermarketMean(load, choices), calls: report.calls },
          checks: [near('mean', mean, supermarketMean(load, choices), 0.02)],
        };
      },
    ),
};
