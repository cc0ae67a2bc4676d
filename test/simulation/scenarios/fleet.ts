/** A hundred processes are deployed at once and fill their caches in the same second: do they load in step for ever? */
import { type CacheOptions, coalescingCache } from 'evenkeel';
import { simulateFleet } from 'evenkeel/testing';
import { atMost, each, type Scenario } from '../scenario.ts';

const [PROCESSES, READS_PER_SECOND, LOAD_MS, TTL_MS] = [100, 10, 500, 60_000];
const [FROM_MS, LAST_MS] = [300_000, 600_000];

const RULES: Readonly<Record<string, Partial<CacheOptions>>> = {
  'a fixed TTL': {},
  'XFetch alone': { earlyRefreshBeta: 1, ttlJitter: 0 },
  'a jitter of 0.1': { ttlJitter: 0.1 },
  'a jitter of 0.3': { ttlJitter: 0.3 },
  'XFetch, with its jitter': { earlyRefreshBeta: 1 },
};

export const fleet: Scenario = {
  name: 'fleet',
  asks: 'Five minutes after a deploy of 100 processes, how many of them load in the same second?',
  reference: [
    'measured before: a fixed TTL 85, XFetch alone 28, jitter of ±5 % 14, of ±10 % 10, of up to −30 % 7.5',
  ],
  shows: 'peak loads a second',
  run: async ({ seed }) => {
    let fixed = Number.NaN;
    return await each(Object.entries(RULES), async ([who, rule]) => {
      const report = await simulateFleet({
        seed,
        durationMs: LAST_MS,
        bucketMs: 1000,
        servers: [{ id: 'origin', slots: Infinity, serviceMs: LOAD_MS }],
        clients: PROCESSES,
        client: ({ send, endpoints, clock, random }) => {
          const [origin] = endpoints;
          const cache = coalescingCache({
            load: (_key: string, context) => send(origin?.address as string, undefined, context),
            ttlMs: TTL_MS,
            clock,
            random,
            ...(rule as object),
          });
          return (_request, options) => cache.get('the key', options);
        },
        arrivals: { perSecond: PROCESSES * READS_PER_SECOND },
      });
      const later = report.timeline.filter(({ fromMs }) => fromMs >= FROM_MS);
      const peak = Math.max(...later.map(({ attempts }) => attempts));
      const loads = later.reduce((sum, { attempts }) => sum + attempts, 0);
      if (who === 'a fixed TTL') fixed = peak;
      const waited = later.filter(({ latencyMs }) => latencyMs.max > 0).length;
      return {
        who,
        figures: {
          'peak loads a second': peak,
          'loads per TTL and process': (loads * TTL_MS) / (LAST_MS - FROM_MS) / PROCESSES,
          'seconds in which callers wait %': (100 * waited) / later.length,
        },
        checks: who.includes('itter') ? [atMost('peak loads a second', peak, fixed / 5)] : [],
      };
    });
  },
};
