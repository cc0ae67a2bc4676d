/**
 * cockatiel 86: after many attempts the jitter became NaN, which a timer takes for no wait at all. Here a
 * delay is a number from 0 to maxDelayMs, for any attempt and any base.
 */
import { retry } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';

it.each([0, 1, Number.MAX_VALUE])(
  'waits a number of milliseconds, also after 1100 attempts from %d',
  async (baseDelayMs) => {
    const clock = virtualClock();
    const delays: unknown[] = [];
    const run = retry({
      maxAttempts: 1100,
      baseDelayMs,
      maxDelayMs: 7,
      budget: 'unlimited',
      random: () => 0.5,
      clock,
      observer: (event) => event.type === 'retrying' && delays.push(event['delayMs']),
    }).run(({ attempt }) => (attempt < 1100 ? Promise.reject(new Error('boom')) : Promise.resolve(attempt)));
    await clock.advance(10_000);
    expect(await run).toBe(1100);
    expect(delays).toHaveLength(1099);
    expect(delays.every((ms) => typeof ms === 'number' && ms >= 0 && ms <= 3.5)).toBe(true);
  },
);
