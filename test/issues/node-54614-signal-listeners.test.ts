/**
 * Node 54614, 55351, cockatiel 69, p-timeout 42: every call under a long-lived signal left a listener or a
 * dependant signal behind; memory grew, and Node warned at the eleventh. Here a signal has one listener
 * while calls are in flight and none after, however they ended.
 */
import { getEventListeners } from 'node:events';
import { bulkhead, circuitBreaker, pipe, retry, timeout } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { expect, it, vi } from 'vitest';

const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

it('leaves nothing on a long-lived signal', async () => {
  const clock = virtualClock();
  const any = vi.spyOn(AbortSignal, 'any');
  const caller = new AbortController();
  const count = () => getEventListeners(caller.signal, 'abort').length;
  const ends = [
    async () => 'answered',
    () => Promise.reject(new Error('failed')),
    () => new Promise<string>(() => {}),
  ];
  const call = pipe(
    (end: () => Promise<string>) => end(),
    timeout({ timeoutMs: 5, clock }),
    bulkhead({ maxConcurrent: 8, maxQueue: 50, clock }),
    circuitBreaker({ clock }),
    retry({ maxAttempts: 2, clock }),
    timeout({ timeoutMs: 20, clock }),
  );
  for (let round = 0; round < 20; round++) {
    const answers = ends.map((end) => quiet(call(end, { signal: caller.signal })));
    expect(count()).toBe(1);
    await clock.advance(50);
    await Promise.all(answers);
    expect(count()).toBe(0);
    expect(clock.pendingTimers).toBe(0);
  }
  expect(any).not.toHaveBeenCalled();
  any.mockRestore();
});
