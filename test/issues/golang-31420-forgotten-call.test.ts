/**
 * golang/go 31420: in x/sync/singleflight the end of a forgotten call took the newer call of the same key out of the map,
 * so a third caller began another. Here a fenced load that ends touches nothing of the load that took its place.
 */
import { coalescingCache } from 'evenkeel/cache';
import { fakeTransport, virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';

it('lets callers join the newer load when the older has ended', async () => {
  const origin = fakeTransport<string, string>();
  const cache = coalescingCache({ load: origin, ttlMs: 100, clock: virtualClock() });
  const first = cache.get('a');
  cache.delete('a');
  const second = cache.get('a');
  origin.next().resolve('old');
  expect(await first).toBe('old');
  const third = cache.get('a');
  expect(origin.requests).toHaveLength(2);
  origin.next().resolve('new');
  expect(await Promise.all([second, third])).toEqual(['new', 'new']);
});
