/**
 * mollitia's timeout was a race without an AbortSignal: the loser ran on, and its late rejection was
 * nobody's. Here the work is told to stop, and a late rejection is handled.
 */
import { timeout } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { expect, it, vi } from 'vitest';

it('aborts the loser, and handles its late rejection', async () => {
  const unhandled = vi.fn();
  process.on('unhandledRejection', unhandled);
  const clock = virtualClock();
  const aborted = vi.fn();
  const answer = timeout({ timeoutMs: 10, clock })
    .run(({ signal }) => {
      signal.addEventListener('abort', aborted);
      return new Promise((_, reject) => clock.setTimeout(() => reject(new Error('late')), 50));
    })
    .catch((error: unknown) => error);
  await clock.advance(10);
  expect(await answer).toMatchObject({ name: 'TimeoutError' });
  expect(aborted).toHaveBeenCalledTimes(1);
  await clock.advance(50);
  await clock.settle();
  process.off('unhandledRejection', unhandled);
  expect(unhandled).not.toHaveBeenCalled();
});
