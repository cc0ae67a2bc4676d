/**
 * cacheable 1554: errors of the loader and of the store became `undefined`, and nobody could tell one from the other.
 * Here a loader's error is the caller's, and a store's fails no read.
 */
import { coalescingCache, tiered } from 'evenkeel/cache';
import { fakeStore, virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';

const boom = new Error('boom');

it('passes on what the loader throws, untouched', async () => {
  const cache = coalescingCache({ load: () => Promise.reject(boom), ttlMs: 100, clock: virtualClock() });
  await expect(cache.get('a')).rejects.toBe(boom);
});

it('answers in spite of a store that fails, and says so', async () => {
  const clock = virtualClock();
  const store = fakeStore({ clock });
  store.behave('failing');
  const events: string[] = [];
  const cache = tiered({
    near: { load: async (key: string) => key, ttlMs: 100, clock, observer: ({ type }) => events.push(type) },
    far: store.connect(),
  });
  expect(await cache.get('a')).toBe('a');
  expect(events).toContain('far-failed');
});
