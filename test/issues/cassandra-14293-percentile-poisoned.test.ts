/**
 * Cassandra issue 14293: one bad host in a few drags the 99th percentile up to its own latency, and with it the
 * delay after which its slowness would have been hedged. The least of the percentile and a fixed time does not.
 */
import { hedgedFanOut, quorumRead } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';
import { behaving, range } from '../quorum/replicas.ts';

it.each([
  [Infinity, 500],
  [50, 60],
])('with at most %d ms the last read takes %d', async (maxDelayMs, expectedMs) => {
  const clock = virtualClock();
  // The bad one is listed first, and latency is forgotten at once, so it is asked each time.
  const fanOut = hedgedFanOut<number>({
    delayMs: { quantile: 0.99 },
    maxDelayMs,
    budget: 'unlimited',
    decayMs: 0.001,
    clock,
  });
  const read = behaving(clock, [
    { afterMs: 500, value: 1 },
    { afterMs: 10, value: 1 },
    { afterMs: 10, value: 1 },
  ]);
  let tookMs = 0;
  for (let n = 0; n < 30; n++) {
    const startMs = clock.now();
    const call = quorumRead({ replicas: range(3), required: 2, read, fanOut, clock });
    void call.then(() => (tookMs = clock.now() - startMs));
    await clock.advance(600);
  }
  expect(tookMs).toBe(expectedMs);
});
