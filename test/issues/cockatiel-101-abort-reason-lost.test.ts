/**
 * cockatiel 101 and its timeout: a caller's abort lost its reason, and was told as "timed out after 5000
 * ms" although nothing had. Here the caller gets its own reason, and only time that ran out is a
 * TimeoutError, in the rejection and in the signal.
 */
import { isTimeoutError, timeout } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';

const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

it('tells a caller that left from time that ran out', async () => {
  const clock = virtualClock();
  const guard = timeout({ timeoutMs: 5000, clock });
  const signals: AbortSignal[] = [];
  const hang = ({ signal }: { signal: AbortSignal }) => {
    signals.push(signal);
    return new Promise(() => {});
  };
  const caller = new AbortController();
  const left = quiet(guard.run(hang, { signal: caller.signal }));
  await clock.advance(20);
  const reason = new Error('my own reason');
  caller.abort(reason);
  expect(await left).toBe(reason);
  expect(signals[0]?.reason).toBe(reason);

  const late = quiet(guard.run(hang));
  await clock.advance(5000);
  expect(await late).toSatisfy(isTimeoutError);
  expect(signals[1]?.reason).toBe(await late);
});
