/**
 * opossum 861, 673, 780: one AbortController served all calls of a breaker, so one timeout aborted its
 * healthy neighbours and every call after. Here each call has a signal of its own.
 */
import { circuitBreaker, pipe, timeout } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';

const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

it('aborts the call whose time is up, and no other', async () => {
  const clock = virtualClock();
  const signals: AbortSignal[] = [];
  const wire = (ms: number, options?: { signal?: AbortSignal | null | undefined }) => {
    if (options?.signal) signals.push(options.signal);
    return new Promise<number>((resolve) => clock.setTimeout(() => resolve(ms), ms));
  };
  const call = pipe(wire, circuitBreaker({ clock }), timeout({ timeoutMs: 100, clock }));
  const slow = quiet(call(500));
  await clock.advance(50);
  const healthy = call(90);
  await clock.advance(50);
  expect(await slow).toMatchObject({ name: 'TimeoutError' });
  const next = call(10);
  await clock.advance(100);
  expect([await healthy, await next]).toEqual([90, 10]);
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, false, false]);
  await clock.advance(500);
});
