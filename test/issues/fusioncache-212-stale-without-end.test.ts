/**
 * FusionCache 212: each failed refresh put off the end of the stale value, so an outage made it live for ever. Here no
 * failure moves a window.
 */
import { coalescingCache } from 'evenkeel/cache';
import { virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';

it('serves stale to the end of its window and not a millisecond longer', async () => {
  const clock = virtualClock();
  const cache = coalescingCache({
    load: (_key: string): Promise<string> => Promise.reject(new Error('down')),
    ttlMs: 100,
    staleIfErrorMs: 5000,
    refreshBackoffMs: 10,
    clock,
  });
  cache.set('a', 'old');
  for (let ms = 0; ms < 5000; ms += 100) {
    expect(await cache.get('a')).toBe('old');
    await clock.advance(100);
  }
  await clock.advance(99);
  expect(await cache.get('a')).toBe('old');
  await clock.advance(1);
  await expect(cache.get('a')).rejects.toThrow('down');
});
