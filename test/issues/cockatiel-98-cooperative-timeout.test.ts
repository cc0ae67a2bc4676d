/**
 * cockatiel 98: a function that answered when its signal aborted made a timed-out call a success. Here time
 * that ran out is a TimeoutError, whatever the function does then.
 */
import { isTimeoutError, timeout } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';

const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

it('rejects when time is up, though the function answers the abort with a value', async () => {
  const clock = virtualClock();
  const answer = quiet(
    timeout({ timeoutMs: 10, clock }).run(
      ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve('partial'))),
    ),
  );
  await clock.advance(10);
  expect(await answer).toSatisfy(isTimeoutError);
});
