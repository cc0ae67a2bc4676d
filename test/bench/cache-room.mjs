/** What a cache takes of memory, and what its work at a size costs: prints one object. Needs --expose-gc. */
import { coalescingCache } from 'evenkeel';

const options = { load: async (key) => key, ttlMs: 60_000 };
const MILLION = 1_000_000;

/** The heap after it has come to rest. */
async function heap() {
  for (let turn = 0; turn < 4; turn++) {
    globalThis.gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return process.memoryUsage().heapUsed;
}

/** Bytes of each entry over its key and its value, which the list beside it holds already. */
async function bytesPerEntry(count) {
  const keys = Array.from({ length: count }, (_, n) => `key:${n}`);
  const values = keys.map((key) => ({ key }));
  // Whoever uses a text as a key makes its hash and flattens it.
  const seen = new Set(keys);
  const cache = coalescingCache({ ...options, maxEntries: count });
  cache.set('first', 1);
  cache.delete('first');
  const before = await heap();
  for (let n = 0; n < count; n++) cache.set(keys[n], values[n]);
  const after = await heap();
  if (cache.snapshot().entries !== count || seen.size !== count) throw new Error('not all are held');
  return (after - before) / count;
}

const ms = (run) => {
  const startMs = performance.now();
  run();
  return performance.now() - startMs;
};
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
const often = (run, rounds = 15) => median(Array.from({ length: rounds }, () => ms(run)));

function full() {
  const cache = coalescingCache({ ...options, maxEntries: MILLION, tags: () => ['all'] });
  for (let key = 0; key < MILLION; key++) cache.set(key, key);
  return cache;
}

/** Microseconds of deleting one entry: the only one, and one of two. */
function deleting(others) {
  const cache = coalescingCache({ ...options, maxEntries: 20_000 });
  for (let key = 0; key < others; key++) cache.set(`other:${key}`, 1);
  return often(() => {
    for (let round = 0; round < 1000; round++) {
      cache.set('key', 1);
      cache.delete('key');
    }
  });
}

const bytes = await bytesPerEntry(100_000);
const constructMs = often(() => coalescingCache({ ...options, maxEntries: MILLION }));
const cache = full();
const invalidateMs = often(() => cache.invalidateTag('all'));
const clearMs = ms(() => cache.clear());
// In turn, so that what the compiler learns of the one serves the other.
const rounds = Array.from({ length: 5 }, () => [deleting(0), deleting(1)]);
const [onlyUs, amongUs] = [0, 1].map((which) => Math.min(...rounds.map((round) => round[which])));
console.log(JSON.stringify({ bytes, constructMs, invalidateMs, clearMs, onlyUs, amongUs }));
