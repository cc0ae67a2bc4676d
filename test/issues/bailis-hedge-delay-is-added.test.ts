/**
 * Bailis' script on doing redundant work (2013) forgets to add the delay of the hedge to the answer it brings, and
 * so promises a p99.9 of 11.0 ms where it is 16.5.
 */
import { hedgedFanOut, quorumRead } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';
import { behaving, range, watched } from '../quorum/replicas.ts';

it('an answer that a hedge of 8 ms brings after 4 comes at 12', async () => {
  const clock = virtualClock();
  const fanOut = hedgedFanOut<number>({ delayMs: 8, clock });
  const read = behaving<number>(clock, ['silent', { afterMs: 4, value: 1 }]);
  const call = watched(quorumRead({ replicas: range(2), required: 1, read, fanOut, clock }));
  await clock.advance(11);
  expect(call.settlements).toBe(0);
  await clock.advance(1);
  expect(call.value?.replies[1]).toMatchObject({ status: 'answered', latencyMs: 12 });
});
