/**
 * setTimeout of 2^31 ms or more fires after 1 ms, and AbortSignal.timeout(2^31) aborts at once. Here delays
 * are clamped to 2^31 - 1 ms, wherever they come from.
 */
import { bulkhead, retry, timeout } from 'evenkeel';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => vi.useRealTimers());

const MAX = 2 ** 31 - 1;
const longest = (spy: { mock: { calls: unknown[][] } }) =>
  Math.max(...spy.mock.calls.map(([, ms]) => Number(ms)));

it.each([2 ** 31, 1e12])('never asks the platform for more than it can hold: %d ms', async (ms) => {
  const timers = vi.spyOn(globalThis, 'setTimeout');
  const settled = vi.fn();
  const hang = () => new Promise(() => {});
  timeout({ timeoutMs: ms }).run(hang).catch(settled);
  timeout({ timeoutMs: Infinity }).run(hang, { timeoutMs: ms }).catch(settled);
  const full = bulkhead({ maxConcurrent: 1, maxQueue: 1, queueTimeoutMs: ms });
  void full.run(hang);
  full.run(hang).catch(settled);
  retry({ baseDelayMs: ms, maxDelayMs: ms, random: () => 0.999 })
    .run(() => Promise.reject(new Error('boom')))
    .catch(settled);
  await vi.advanceTimersByTimeAsync(1000);
  expect(timers).toHaveBeenCalledTimes(4);
  expect(longest(timers)).toBe(MAX);
  expect(settled).not.toHaveBeenCalled();
});

it('makes no timer for an endless limit', () => {
  const timers = vi.spyOn(globalThis, 'setTimeout');
  void timeout({ timeoutMs: Infinity }).run(() => new Promise(() => {}));
  expect(timers).not.toHaveBeenCalled();
});
