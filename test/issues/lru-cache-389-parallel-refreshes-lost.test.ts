/**
 * lru-cache 389: results of parallel background refreshes were lost, depending on their order. Here each key has a load
 * of its own, whatever order they end in.
 */
import { coalescingCache } from 'evenkeel/cache';
import { fakeTransport, virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';

it.each([
  [0, 1, 2],
  [2, 1, 0],
  [1, 2, 0],
])('stores all three refreshes that end in the order %i %i %i', async (...order) => {
  const clock = virtualClock();
  const origin = fakeTransport<string, string>();
  const cache = coalescingCache({ load: origin, ttlMs: 100, staleWhileRevalidateMs: 1000, clock });
  const keys = ['a', 'b', 'c'];
  for (const key of keys) cache.set(key, 'old');
  await clock.advance(100);
  await Promise.all(keys.map((key) => cache.get(key)));
  await clock.settle();
  const calls = keys.map(() => origin.next());
  for (const at of order) calls[at]?.resolve(`new ${keys[at]}`);
  await clock.settle();
  expect(keys.map((key) => cache.peek(key))).toEqual(['new a', 'new b', 'new c']);
});
