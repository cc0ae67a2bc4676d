/**
 * node-redlock 5: with all nodes answering after 300 ms it hands out a lock of 100 ms that ran out 202 ms ago. A
 * grant has to be had within the time for which it is good: hand that in as the limit of the call.
 */
import { isQuorumWriteError, isTimeoutError, quorumWrite } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';
import { behaving, range, watched } from '../quorum/replicas.ts';

it('what comes after its time is no success, and who granted it late is known, to be released', async () => {
  const clock = virtualClock();
  const write = behaving(
    clock,
    range(3).map(() => ({ afterMs: 300, value: 'granted' })),
  );
  const call = watched(quorumWrite({ replicas: range(3), required: 2, write, timeoutMs: 100, clock }));
  await clock.advance(100);
  expect(isTimeoutError(call.error) && isQuorumWriteError(call.error) && call.error.outcome).toBe(
    'indeterminate',
  );
  await clock.advance(200);
  const fates = isQuorumWriteError(call.error) ? await call.error.settled : [];
  expect(fates.map(({ status }) => status)).toEqual(['acked', 'acked', 'acked']);
});
