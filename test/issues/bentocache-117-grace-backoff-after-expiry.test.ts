/**
 * bentocache 117: the pause after a failed refresh was added to the old expiry, so for a value that had been stale for
 * longer than the pause there was none, and each request was a load. Here a pause counts from the failure.
 */
import { coalescingCache } from 'evenkeel/cache';
import { virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';

it('makes one load in each pause, also long after the end of freshness', async () => {
  const clock = virtualClock();
  let loads = 0;
  const cache = coalescingCache({
    load: async (_key: string): Promise<string> => {
      loads++;
      throw new Error('down');
    },
    ttlMs: 100,
    staleIfErrorMs: 3_600_000,
    refreshBackoffMs: 1000,
    maxRefreshBackoffMs: 1000,
    clock,
  });
  cache.set('a', 'old');
  await clock.advance(1_800_000);
  for (let n = 0; n < 50; n++) {
    expect(await cache.get('a')).toBe('old');
    await clock.advance(100);
  }
  expect(loads).toBe(5);
});
