/** The far tier of five processes dies at full load, for half a minute: what does the origin get, and does it end? */
import { type Clock, type Random, tiered } from 'evenkeel';
import { type FakeStore, fakeStore, simulateFleet } from 'evenkeel/testing';
import { atLeast, atMost, each, type Scenario } from '../scenario.ts';
import { SharedOrigin, zipf } from '../shared-origin.ts';

/** 100 loads a second at most, of 1 000 reads; callers give up after half a second. */
const [SLOTS, WORK_MS, PATIENCE_MS, PROCESSES, PER_SECOND] = [5, 50, 500, 5, 1000];
const [KEYS, ZIPF, TTL_MS, NEAR_ENTRIES] = [5000, 0.8, 120_000, 250];
const [WARM_MS, DIES_MS, BACK_MS, LAST_MS] = [10_000, 10_000, 40_000, 90_000];

const RULES = {
  'each process as it likes': { maxLoads: Infinity, maxOriginLoads: Infinity },
  'one load each at the origin': { maxLoads: 100, maxOriginLoads: SLOTS / PROCESSES },
};

/** A far tier that knows all keys, each as old as chance will have it. */
function filled(clock: Clock, random: Random): FakeStore {
  const store = fakeStore({ clock });
  const client = store.connect();
  for (let key = 0; key < KEYS; key++) {
    const sinceMs = clock.now() - TTL_MS * random();
    const value = {
      text: String(key),
      sinceMs,
      freshMs: TTL_MS,
      keepMs: 3_600_000,
      costMs: WORK_MS,
      tags: [],
    };
    void client.write(String(key), value, undefined, undefined as never);
  }
  return store;
}

export const cacheOutage: Scenario = {
  name: 'cache-outage',
  asks: 'When the far tier dies at ten times what the origin can do, is the origin spared, and does it end by itself?',
  reference: [
    'NSDI 2013, Facebook’s gutter: a dead cache must not become load on what is behind it',
    'AWS Builders’ Library on caches that services are addicted to',
  ],
  run: ({ seed, size }) =>
    each(Object.entries(RULES), async ([who, rule]) => {
      const part = Math.max(0.4, Math.min(1, size));
      let origin: SharedOrigin | undefined;
      let store: ReturnType<typeof fakeStore> | undefined;
      const pick = zipf(KEYS, ZIPF);
      let beforeMost = 0;
      const report = await simulateFleet<number>({
        seed,
        warmupMs: WARM_MS,
        durationMs: LAST_MS * part,
        bucketMs: 1000,
        servers: [{ id: 'not used', serviceMs: 0 }],
        clients: PROCESSES,
        client: ({ clock, random }) => {
          const shared = (origin ??= new SharedOrigin(clock, SLOTS, WORK_MS));
          const far = (store ??= filled(clock, random)).connect();
          const { maxLoads, maxOriginLoads } = rule;
          const cache = tiered({
            near: {
              load: (key: number, { signal }) => shared.ask(signal).then(() => key),
              ttlMs: TTL_MS,
              ttlJitter: 0.1,
              staleIfErrorMs: 3_600_000,
              maxEntries: NEAR_ENTRIES,
              maxLoads,
              // A load that lasts much longer than its callers wait would only hold a place.
              hardTimeoutMs: 2 * PATIENCE_MS,
              clock,
              random,
            },
            far,
            maxOriginLoads,
          });
          return (key, options) => cache.get(key, options);
        },
        arrivals: { perSecond: PER_SECOND },
        request: (random) => pick(random()),
        callOptions: () => ({ timeoutMs: PATIENCE_MS }),
        script: [
          {
            atMs: DIES_MS * part,
            act: () => {
              beforeMost = origin?.counts.most ?? 0;
              if (origin !== undefined) origin.counts.most = 0;
              store?.behave('hanging');
            },
          },
          { atMs: BACK_MS * part, act: () => store?.behave('well') },
        ],
        windows: [
          [0, DIES_MS * part],
          [DIES_MS * part, BACK_MS * part],
          [BACK_MS * part, LAST_MS * part],
        ],
      });
      const answered = report.windows.map(({ ok, calls }) => (100 * ok) / calls);
      const [before = 0, during = 0] = answered;
      const after = report.timeline.filter(({ fromMs }) => fromMs >= BACK_MS * part);
      const good = after.findIndex(({ ok, calls }) => ok >= 0.95 * calls);
      const recoveredS = good === -1 ? Infinity : good;
      const most = origin?.counts.most ?? 0;
      return {
        who,
        figures: {
          'answered before %': before,
          'answered during it %': during,
          'most at the origin before': beforeMost,
          'most at the origin in it': most,
          '95 % again after s': recoveredS,
        },
        checks: who.startsWith('one load')
          ? [
              atLeast('answered before %', before, 95),
              atMost('most at the origin in it', most, SLOTS),
              atMost('95 % again after s', recoveredS, 10),
            ]
          : [],
        report,
      };
    }),
};
