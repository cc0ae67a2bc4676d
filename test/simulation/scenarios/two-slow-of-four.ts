/** Two of four servers are slower: a pick of two sees only slow ones one time in six. */
import { simulateFleet, uniform } from 'evenkeel/testing';
import type { Contender } from '../contenders.ts';
import { atMost, each, ifDefault, type Scenario, servers } from '../scenario.ts';

export const twoSlowOfFour: Scenario = {
  name: 'two-slow-of-four',
  asks: 'Does the p99 stay within 1.5 times the healthy one when 1 or 2 of 4 servers are 5 ms slower?',
  reference: [
    'brpc#3340, p99 of 2 slow: p2c of two choices 7.676 ms, of four 0.307, round robin 7.696; healthy 0.387 to 0.539',
  ],
  shows: '2 slow p99 ms',
  run: ({ seed, size, contenders }) =>
    each(contenders, async (contender) => {
      const healthy = await p99(contender, 0, seed, size);
      const one = await p99(contender, 1, seed, size);
      const two = await p99(contender, 2, seed, size);
      return {
        who: contender.name,
        figures: { 'healthy p99 ms': healthy, '1 slow p99 ms': one, '2 slow p99 ms': two },
        checks: ifDefault(contender, [
          atMost('1 slow p99 ms', one, 1.5 * healthy),
          atMost('2 slow p99 ms', two, 1.5 * healthy),
        ]),
      };
    }),
};

async function p99(contender: Contender, slow: number, seed: number, size: number): Promise<number> {
  const { latencyMs } = await simulateFleet({
    seed,
    warmupMs: 1000,
    durationMs: size * 30_000,
    servers: [
      ...servers(4, { slots: 16, serviceMs: uniform(0.1, 0.4) }).slice(slow),
      ...servers(slow, { slots: 16, serviceMs: uniform(5.1, 5.4) }),
    ],
    client: contender.client,
    arrivals: { perSecond: 4000 },
  });
  return latencyMs.p99;
}
