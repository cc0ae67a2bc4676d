/** A cache starts empty before an origin that can serve four in ten of the calls: does it ever fill? */
import { type CacheOptions, coalescingCache } from 'evenkeel';
import { simulateFleet } from 'evenkeel/testing';
import { atLeast, atMost, each, type Scenario } from '../scenario.ts';
import { SharedOrigin, zipf } from '../shared-origin.ts';

/** 400 loads a second; callers give up after half a second. */
const [SLOTS, WORK_MS, PATIENCE_MS] = [20, 50, 500];
const [KEYS, ZIPF, TTL_MS] = [20_000, 0.8, 120_000];
const [PER_SECOND, LAST_MS] = [1000, 120_000];

const RULES: Readonly<Record<string, Partial<CacheOptions>>> = {
  'loads end with their last caller': { whenAbandoned: 'abort', maxLoads: Infinity },
  'loads are finished': { maxLoads: Infinity },
  'finished, 20 at once': { maxLoads: SLOTS, maxQueuedLoads: 0 },
  'finished, 20 at once, 100 wait': { maxLoads: SLOTS, maxQueuedLoads: 100 },
};

export const coldStartCache: Scenario = {
  name: 'cold-start-cache',
  asks: 'With a cold cache at 2.5 times what the origin can do, when are 95 % of the callers answered?',
  reference: [
    'AWS Builders’ Library on caches that services are addicted to: empty and full are both stable',
    'measured before, 1 000 calls a second: never with loads that end with their callers; 20, 10 and 6 s with the others',
  ],
  run: ({ seed, size }) =>
    each(Object.entries(RULES), async ([who, rule]) => {
      const origins: SharedOrigin[] = [];
      const pick = zipf(KEYS, ZIPF);
      const report = await simulateFleet<number>({
        seed,
        durationMs: Math.max(30_000, LAST_MS * size),
        bucketMs: 1000,
        servers: [{ id: 'not used', serviceMs: 0 }],
        client: ({ clock, random }) => {
          const origin = new SharedOrigin(clock, SLOTS, WORK_MS);
          origins.push(origin);
          const cache = coalescingCache({
            load: (key: number, { signal }) => origin.ask(signal).then(() => key),
            ttlMs: TTL_MS,
            maxEntries: KEYS,
            clock,
            random,
            ...(rule as object),
          });
          return (key, options) => cache.get(key, options);
        },
        arrivals: { perSecond: PER_SECOND },
        request: (random) => pick(random()),
        callOptions: () => ({ timeoutMs: PATIENCE_MS }),
        windows: [[0, 10_000]],
      });
      const good = report.timeline.findIndex(({ ok, calls }) => ok >= 0.95 * calls);
      const recoveredS = good === -1 ? Infinity : good;
      const [first] = report.windows;
      const { requests, wasted, most } = (origins[0] as SharedOrigin).counts;
      const checks =
        who === 'finished, 20 at once, 100 wait'
          ? [atMost('95 % answered after s', recoveredS, 10), atMost('most loads at once', most, SLOTS)]
          : who === 'loads end with their last caller'
            ? [atLeast('95 % answered after s', recoveredS, Infinity)]
            : [];
      return {
        who,
        figures: {
          'answered in the first 10 s %': (100 * (first?.ok ?? 0)) / (first?.calls ?? 1),
          '95 % answered after s': recoveredS,
          loads: requests,
          'given up': wasted,
          'most loads at once': most,
        },
        checks,
        report,
      };
    }),
};
