/**
 * cockatiel measured all times with Date.now: a step of the machine's clock opened, closed or froze its
 * breakers. Here no guard asks the date; durations are monotonic.
 */
import { circuitBreaker, failureRate, pipe, retry, timeout } from 'evenkeel';
import { afterEach, expect, it, vi } from 'vitest';

afterEach(() => vi.restoreAllMocks());

it('never reads the date', async () => {
  const now = vi.spyOn(Date, 'now');
  const breaker = circuitBreaker({ trip: failureRate({ minimumCalls: 1 }), openMs: 1000 });
  const fail = () => Promise.reject(new Error('boom'));
  const call = pipe(fail, timeout({ timeoutMs: 50 }), breaker, retry({ maxAttempts: 1 }));
  await call(undefined).catch(() => {});
  expect(breaker.state).toBe('open');
  now.mockReturnValue(8e15);
  expect(breaker.state).toBe('open');
  const mine = now.mock.calls.length;
  await call(undefined).catch(() => {});
  expect(now.mock.calls.length).toBe(mine);
});
