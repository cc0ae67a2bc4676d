/**
 * cockatiel, axios-retry 273, p-retry 97: an abort during a backoff was heeded when the backoff was over,
 * and the function was called once more. Here the caller is rejected in the same tick and nothing is called
 * again.
 */
import { retry } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { expect, it, vi } from 'vitest';

const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

it('ends a backoff at once when its caller leaves, and calls nobody again', async () => {
  const clock = virtualClock();
  const caller = new AbortController();
  const fn = vi.fn(() => Promise.reject(new Error('boom')));
  const answer = quiet(
    retry({ baseDelayMs: 500, random: () => 0.99, clock }).run(fn, { signal: caller.signal }),
  );
  await clock.advance(50);
  caller.abort('left');
  expect(await answer).toBe('left');
  expect([clock.now(), clock.pendingTimers]).toEqual([1_000_050, 0]);
  await clock.advance(10_000);
  expect(fn).toHaveBeenCalledTimes(1);
});
