/**
 * lru-cache `fetch`: the first caller's abort rejected all, the second's was ignored, and each fetch under a long-lived
 * signal left a listener on it. Here a signal concerns its own caller, and nothing is left behind.
 */
import { getEventListeners } from 'node:events';
import { coalescingCache } from 'evenkeel/cache';
import { virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';

it('leaves no listener on a signal after a thousand loads and hits', async () => {
  const { signal } = new AbortController();
  const cache = coalescingCache({ load: async (key: number) => key, ttlMs: 100, clock: virtualClock() });
  for (let key = 0; key < 1000; key++) await cache.get(key % 500, { signal });
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});

it('leaves none either where loads end with their last caller', async () => {
  const { signal } = new AbortController();
  const cache = coalescingCache({
    load: async (key: number) => key,
    ttlMs: 0,
    whenAbandoned: 'abort',
    clock: virtualClock(),
  });
  for (let key = 0; key < 1000; key++) await cache.get(key % 500, { signal });
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});
