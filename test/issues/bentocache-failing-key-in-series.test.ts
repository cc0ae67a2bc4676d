/**
 * bentocache: 1 000 callers of one cold key whose loader fails made 1 000 loads one after the other, 20 seconds for a
 * loader of 20 ms. Here they share one load and its error.
 */
import { coalescingCache } from 'evenkeel/cache';
import { virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';

it('rejects a thousand callers with the error of one load', async () => {
  const clock = virtualClock();
  let loads = 0;
  const cache = coalescingCache({
    load: async (_key: string): Promise<never> => {
      loads++;
      await new Promise<void>((resolve) => clock.setTimeout(resolve, 20));
      throw new Error('down');
    },
    ttlMs: 1000,
    clock,
  });
  const callers = Promise.allSettled(Array.from({ length: 1000 }, () => cache.get('a')));
  await clock.advance(20);
  expect((await callers).every(({ status }) => status === 'rejected')).toBe(true);
  expect(loads).toBe(1);
});
