import { virtualClock } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';
import { Backoff } from '../../src/discovery/backoff.ts';
import { Poll } from '../../src/discovery/poll.ts';

function polled() {
  const clock = virtualClock();
  const start = clock.now();
  const asks: number[] = [];
  const waiting: ((list: unknown) => void)[] = [];
  const poll = new Poll(
    {
      ask: async () => {
        asks.push(clock.now() - start);
        return { list: await new Promise((resolve) => waiting.push(resolve)), nextMs: 10_000 };
      },
      timeoutMs: Infinity,
      backoff: new Backoff(1000, 4000, () => 0),
      clock,
    },
    { found: (list) => list === 'good', failed: () => {}, lost: () => {} },
  );
  poll.begin();
  const answer = async (list: string) => {
    waiting.shift()?.(list);
    await clock.settle();
  };
  return { clock, poll, asks, answer };
}

describe('a poll that is told to hurry', () => {
  it('asks sooner, and from then on as before', async () => {
    const { clock, poll, asks, answer } = polled();
    await answer('good');
    await clock.advance(1000);
    poll.hurry(50);
    poll.hurry(50);
    await clock.advance(50);
    await answer('good');
    await clock.advance(10_000);
    expect(asks).toEqual([0, 1050, 11_050]);
  });

  it('never asks later for it', async () => {
    const { clock, poll, asks, answer } = polled();
    await answer('good');
    await clock.advance(9990);
    poll.hurry(50);
    await clock.advance(10);
    expect(asks).toEqual([0, 10_000]);
  });

  it('lets no stream of hurries keep it from asking', async () => {
    const { clock, poll, asks, answer } = polled();
    await answer('good');
    for (let n = 0; n < 10; n++) {
      poll.hurry(50);
      await clock.advance(10);
    }
    expect(asks).toEqual([0, 50]);
  });

  it('asks once more after the one that is out, which may have missed the news', async () => {
    const { clock, poll, asks, answer } = polled();
    await clock.advance(100);
    poll.hurry(50);
    await clock.advance(1000);
    expect(asks).toEqual([0]);
    await answer('good');
    await clock.advance(50);
    expect(asks).toEqual([0, 1150]);
    await answer('good');
    await clock.advance(9999);
    expect(asks).toHaveLength(2);
  });

  it('does not ask again once it has ended', async () => {
    const { clock, poll, asks, answer } = polled();
    await answer('good');
    poll.end();
    poll.hurry(50);
    await clock.advance(100_000);
    expect(asks).toEqual([0]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('asks later with each answer that could not be used', async () => {
    const { clock, asks, answer } = polled();
    for (const delayMs of [500, 1000, 2000, 2000]) {
      await answer('bad');
      await clock.advance(delayMs);
    }
    expect(asks).toEqual([0, 500, 1500, 3500, 5500]);
  });
});
