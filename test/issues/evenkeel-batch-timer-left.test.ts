/** A batch that was full, or that all had left, kept its timer, and with it the process, until `gatherMs` were over. */
import { batched, coalescingCache } from 'evenkeel/cache';
import { virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';

it.each([
  ['it was full before its time', 2, 0],
  ['all its keys were left', 100, 20],
])('leaves no timer of its gathering behind when %s', async (_, maxBatch, afterMs) => {
  const clock = virtualClock();
  const load = batched({
    loadMany: async (ids: readonly number[]) => ids.map(String),
    gatherMs: 50,
    maxBatch,
    clock,
  });
  const cache = coalescingCache({ load, ttlMs: 100, hardTimeoutMs: 20, clock });
  const ends = Promise.allSettled([cache.get(1), cache.get(2)]);
  await clock.advance(afterMs);
  const status = afterMs === 0 ? 'fulfilled' : 'rejected';
  expect(await ends).toMatchObject([{ status }, { status }]);
  expect(clock.pendingTimers).toBe(0);
});
