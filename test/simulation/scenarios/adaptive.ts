/** Nobody tells how many requests at a time the servers carry, and it changes: does the limit find it? */
import { adaptiveLimit, aimd, balance, pipe } from 'evenkeel';
import { exponential, simulateFleet } from 'evenkeel/testing';
import { each, near, type Scenario, servers } from '../scenario.ts';

const [SLOTS, SERVICE_MS] = [60, 50];
const [FEWER_MS, MORE_MS, END_MS] = [30_000, 60_000, 90_000];

export const adaptive: Scenario = {
  name: 'adaptive',
  asks: 'Does the limit come within 20 % of the true capacity, and follow it?',
  reference: ['Netflix, concurrency-limits: AIMD for clients, where the server refuses what is too much'],
  run: ({ seed }) =>
    each([['aimd', aimd()] as const], async ([who, algorithm]) => {
      const limits: { readonly atMs: number; readonly limit: number }[] = [];
      const [one, two] = servers(2, { slots: SLOTS, maxQueue: 0, serviceMs: exponential(SERVICE_MS) });
      const report = await simulateFleet({
        seed,
        durationMs: END_MS,
        bucketMs: 1000,
        servers: [one, two].flatMap((server) => server ?? []),
        client: ({ membership, send, clock, random }) => {
          const startMs = clock.now();
          const guard = adaptiveLimit({ algorithm, maxQueue: 1000, queueTimeoutMs: 10_000, clock });
          const sample = (): void => {
            limits.push({ atMs: clock.now() - startMs, limit: guard.snapshot().limit });
            if (clock.now() - startMs < END_MS) clock.setTimeout(sample, 100);
          };
          clock.setTimeout(sample, 100);
          return pipe(balance({ endpoints: membership, send, clock, random }), guard);
        },
        arrivals: { concurrency: 400 },
        script: [
          { atMs: FEWER_MS, act: (fleet) => fleet.leave('s1') },
          { atMs: MORE_MS, act: (fleet) => two !== undefined && fleet.join(two) },
        ],
      });
      const mean = (fromMs: number, toMs: number): number => {
        const seen = limits.filter(({ atMs }) => atMs >= fromMs && atMs < toMs);
        return seen.reduce((sum, { limit }) => sum + limit, 0) / seen.length;
      };
      const [full, half, again] = [mean(15_000, FEWER_MS), mean(45_000, MORE_MS), mean(75_000, END_MS)];
      return {
        who,
        figures: {
          'limit at 120': full,
          'limit at 60': half,
          'limit at 120 again': again,
          'refused %': (100 * report.failed) / report.calls,
        },
        checks: [
          near('limit at 120', full, 2 * SLOTS, 0.2),
          near('limit at 60', half, SLOTS, 0.2),
          near('limit at 120 again', again, 2 * SLOTS, 0.2),
        ],
        report,
      };
    }),
};
