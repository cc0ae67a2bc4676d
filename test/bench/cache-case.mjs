/** One library, one kind of call: prints microseconds per call. */
import { createCache } from 'async-cache-dedupe';
import { coalescingCache } from 'evenkeel';
import { Loader } from 'layered-loader';
import { LRUCache } from 'lru-cache';

const [library, kind] = process.argv.slice(2);
const MAX = 10_000;
const load = async (key) => ({ key });

const libraries = {
  evenkeel: () => {
    const cache = coalescingCache({ load, ttlMs: 60_000, maxEntries: MAX });
    return (key) => cache.get(key);
  },
  'lru-cache': () => {
    const cache = new LRUCache({ max: MAX, ttl: 60_000, fetchMethod: load });
    return (key) => cache.fetch(key);
  },
  'async-cache-dedupe': () => {
    const cache = createCache({ ttl: 60, storage: { type: 'memory', options: { size: MAX } } });
    cache.define('user', load);
    return (key) => cache.user(key);
  },
  'layered-loader': () => {
    const loader = new Loader({
      inMemoryCache: { cacheType: 'lru-object', ttlInMsecs: 60_000, maxItems: MAX },
      dataSources: [{ name: 'source', get: load, getMany: async (keys) => keys.map((key) => ({ key })) }],
    });
    return (key) => loader.get(key);
  },
};

let consumed = 0;

async function best(calls, run) {
  const rounds = [];
  for (let round = 0; round < 15; round++) {
    const startMs = performance.now();
    for (let call = 0; call < calls; call++) if ((await run(call)) !== undefined) consumed++;
    rounds.push(((performance.now() - startMs) * 1000) / calls);
  }
  return Math.min(...rounds);
}

async function herd() {
  let loads = 0;
  const cache = coalescingCache({
    load: () => {
      loads++;
      return new Promise((_, reject) => setTimeout(() => reject(new Error('down')), 20));
    },
    ttlMs: 60_000,
  });
  const startMs = performance.now();
  let lastMs = 0;
  const callers = Array.from({ length: 1000 }, () =>
    cache.get('key').catch(() => {
      lastMs = performance.now() - startMs;
    }),
  );
  await Promise.all(callers);
  return { loads, lastMs };
}

if (kind === 'herd') {
  console.log(JSON.stringify(await herd()));
} else {
  const get = libraries[library]();
  let fresh = 0;
  const kinds = {
    hit: [50_000, (call) => get(`key:${call % 100}`)],
    miss: [20_000, () => get(`key:${fresh++}`)],
    coalesced: [
      3000,
      () => {
        const key = `key:${fresh++}`;
        return Promise.all([
          get(key),
          get(key),
          get(key),
          get(key),
          get(key),
          get(key),
          get(key),
          get(key),
          get(key),
          get(key),
        ]);
      },
    ],
  };
  console.log(await best(...kinds[kind]));
}
process.exit(consumed < 0 ? 1 : 0);
