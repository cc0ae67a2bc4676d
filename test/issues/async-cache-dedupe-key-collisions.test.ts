/**
 * async-cache-dedupe, bentocache and cacheable: keys that are not the same shared an entry ({ a: 1 } and its text, every
 * object, two of 354 000 keys with one 32-bit hash), and a caller got another's row. Here keys are told apart exactly.
 */
import { coalescingCache } from 'evenkeel/cache';
import { expect, it } from 'vitest';

it('gives none of 400 000 keys another one\u2019s value', () => {
  const cache = coalescingCache<unknown, string>({
    load: async () => '',
    ttlMs: Infinity,
    maxEntries: 500_000,
  });
  const keys = Array.from({ length: 100_000 }, (_, n) => [n, String(n), { n }, JSON.stringify({ n })]).flat();
  for (const [at, key] of keys.entries()) cache.set(key, `row ${at}`);
  const wrong = keys.filter((key, at) => cache.peek(key) !== `row ${at}`);
  expect(wrong).toEqual([]);
}, 60_000);
