/**
 * cockatiel's maxAttempts: 2 made three calls. Here maxAttempts counts the first.
 */
import { retry } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { expect, it, vi } from 'vitest';

it.each([1, 2, 5])('makes %i calls with as many attempts', async (maxAttempts) => {
  const clock = virtualClock();
  const fn = vi.fn(() => Promise.reject(new Error('boom')));
  const answer = retry({ maxAttempts, clock })
    .run(fn)
    .catch(() => {});
  await clock.advance(60_000);
  await answer;
  expect(fn).toHaveBeenCalledTimes(maxAttempts);
});
