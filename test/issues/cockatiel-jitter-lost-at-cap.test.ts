/**
 * cockatiel's decorrelated backoff was clamped at its cap, so that all clients came to wait exactly as long
 * and came back together. Here the jitter is taken of the cap.
 */
import { retry } from 'evenkeel';
import { seededRandom, virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';

it('spreads callers over the whole range, also at the cap', async () => {
  const clock = virtualClock();
  const random = seededRandom(1);
  const last: number[] = [];
  const calls = Array.from({ length: 50 }, () =>
    retry({ maxAttempts: 12, baseDelayMs: 10, maxDelayMs: 1000, budget: 'unlimited', clock, random })
      .run(({ attempt }) => {
        if (attempt === 11) last.push(clock.now());
        if (attempt === 12) last.push(clock.now() - (last.pop() ?? 0));
        return Promise.reject(new Error('boom'));
      })
      .catch(() => {}),
  );
  for (const call of calls) void call;
  await clock.advance(60_000);
  expect(last.length).toBeGreaterThanOrEqual(50);
  expect(new Set(last).size).toBeGreaterThan(45);
});
