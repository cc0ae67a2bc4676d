/**
 * opossum 719, 635, 809: a breaker ran two intervals, which kept statistics alive, froze with serverless
 * processes and went on after shutdown; its opening time counted from construction. Here no guard runs a
 * timer of its own, and time counts from the opening.
 */
import { bulkhead, circuitBreaker, consecutiveFailures, retry, timeout } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { expect, it, vi } from 'vitest';

const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

it('makes no timer and reads no clock before the first call', () => {
  const clock = virtualClock();
  const [now, timer] = [vi.spyOn(clock, 'now'), vi.spyOn(clock, 'setTimeout')];
  circuitBreaker({ clock });
  retry({ clock });
  timeout({ timeoutMs: 10, clock });
  bulkhead({ maxConcurrent: 1, clock });
  expect([now.mock.calls.length, timer.mock.calls.length]).toEqual([0, 0]);
});

it('is half-open when its time is over, counted from the opening, without any timer', async () => {
  const clock = virtualClock();
  const breaker = circuitBreaker({ trip: consecutiveFailures({ failures: 1 }), openMs: 300, clock });
  clock.jump(10_000);
  await quiet(breaker.run(() => Promise.reject(new Error('boom'))));
  expect(breaker.snapshot().retryAfterMs).toBe(300);
  // Frozen, and woken up much later.
  clock.jump(299);
  expect(breaker.state).toBe('open');
  clock.jump(3_600_000);
  expect([breaker.state, clock.pendingTimers]).toEqual(['half-open', 0]);
});
