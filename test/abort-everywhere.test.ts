/** A whole pipe, aborted at every step of its way: nothing hangs, nothing is left behind. */
import { balance, bulkhead, cache, circuitBreaker, healthTracker, pipe, retry, timeout } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';

function fullPipe() {
  const clock = virtualClock();
  let sent = 0;
  const balanced = balance({
    endpoints: ['a', 'b', 'c'],
    send: async (host) => {
      await Promise.resolve();
      if (sent++ % 3 > 0) throw new Error('down');
      await new Promise<void>((resolve) => void clock.setTimeout(resolve, 5));
      return host;
    },
    health: healthTracker({ clock }),
    clock,
  });
  const room = bulkhead({ maxConcurrent: 1, maxQueue: 5, clock });
  const call = pipe(
    balanced,
    timeout({ timeoutMs: 50, clock }),
    retry({ maxAttempts: 4, baseDelayMs: 3, clock }),
    circuitBreaker({ clock }),
    room,
    timeout({ timeoutMs: 200, clock }),
    cache({ ttlMs: 10, clock }),
  );
  return { clock, balanced, room, call };
}

it.each(Array.from({ length: 60 }, (_, step) => step))('aborted at step %i', async (step) => {
  const { clock, balanced, room, call } = fullPipe();
  const caller = new AbortController();
  const quiet = async (answer: Promise<unknown>) => answer.catch((error: unknown) => error);
  const other = quiet(call());
  const mine = quiet(call(undefined, { signal: caller.signal }));
  for (let at = 0; at < step; at++) await (at % 3 === 2 ? clock.advance(1) : Promise.resolve());
  caller.abort('left');
  expect(['left', 'a', 'b', 'c']).toContain(await mine);
  await clock.advance(60_000);
  expect(['a', 'b', 'c']).toContain(await other);
  expect(balanced.endpoints().map(({ pending }) => pending)).toEqual([0, 0, 0]);
  expect(room.snapshot()).toMatchObject({ running: 0, waiting: 0 });
  expect(clock.pendingTimers).toBe(0);
});
