/**
 * lru-cache 320: with more misses at once than entries, `fetch` rejected callers with "evicted", because a load sat in the
 * entry's own place. Here loads are kept apart from entries, and none is evicted.
 */
import { coalescingCache } from 'evenkeel/cache';
import { expect, it } from 'vitest';

it('answers 50 callers of 50 keys with room for ten entries', async () => {
  const cache = coalescingCache({ load: async (key: number) => key * 2, ttlMs: 1000, maxEntries: 10 });
  const answers = await Promise.allSettled(Array.from({ length: 50 }, (_, key) => cache.get(key)));
  expect(answers.filter(({ status }) => status === 'rejected')).toEqual([]);
  expect(cache.snapshot().entries).toBe(10);
});
