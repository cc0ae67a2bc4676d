/** A server takes requests and answers none: nothing completes, so nothing is learnt from completions. */
import { pipe, timeout } from 'evenkeel';
import { exponential, simulateFleet } from 'evenkeel/testing';
import { atMost, each, ifDefault, type Scenario, servers } from '../scenario.ts';

export const hang: Scenario = {
  name: 'hang',
  asks: 'How many calls go to a server in the first second of its hanging, with a timeout of 1 s?',
  reference: [
    'Kratos: the age of unanswered calls shows a hung server before any has ended; fair would be 10 %',
  ],
  run: ({ seed, size, contenders }) =>
    each(contenders, async (contender) => {
      const fromMs = size * 10_000;
      const report = await simulateFleet({
        seed,
        warmupMs: 5000,
        durationMs: fromMs + Math.max(2000, size * 20_000),
        bucketMs: 250,
        servers: servers(10, { slots: 16, serviceMs: exponential(50) }),
        client: (kit) => pipe(contender.client(kit), timeout({ timeoutMs: 1000, clock: kit.clock })),
        arrivals: { perSecond: 1600 },
        script: [{ atMs: fromMs, act: (fleet) => fleet.server('s9').hang() }],
        windows: [[fromMs, fromMs + 1000]],
      });
      const first = report.windows[0];
      const share = 100 * (first?.shares['s9'] ?? Number.NaN);
      return {
        who: contender.name,
        figures: {
          'first second share %': share,
          'first second failed %': (100 * (first?.failed ?? Number.NaN)) / (first?.calls ?? 1),
          'failed %': (100 * report.failed) / report.calls,
          'p99 ms': report.latencyMs.p99,
        },
        checks: ifDefault(contender, [atMost('first second share %', share, 2)]),
        report,
      };
    }),
};
