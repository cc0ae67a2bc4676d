/**
 * ky 279, 497, 546: one timeout had to serve for an attempt and for the whole, so either a hung attempt ate
 * all the time or the call outlived its limit. Here each has its own, by where it stands in the pipe.
 */
import { pipe, retry, timeout } from 'evenkeel';
import { fakeTransport, virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';

const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

it('limits an attempt inside the retry, and the call outside', async () => {
  const clock = virtualClock();
  const wire = fakeTransport<string, string>();
  const call = pipe(
    wire,
    timeout({ timeoutMs: 100, clock }),
    retry({ maxAttempts: 10, baseDelayMs: 0, clock }),
    timeout({ timeoutMs: 350, clock }),
  );
  const answer = quiet(call('x'));
  await clock.advance(340);
  expect(wire.requests).toHaveLength(4);
  await clock.advance(10);
  expect(await answer).toMatchObject({ name: 'TimeoutError', timeoutMs: 350 });
  expect(clock.pendingTimers).toBe(0);
});
