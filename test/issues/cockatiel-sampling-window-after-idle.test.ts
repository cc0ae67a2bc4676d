/**
 * cockatiel's SamplingBreaker moved its window by one bucket a call, however much time had passed: after a
 * quiet hour an outage needed four times as many failures. Here all buckets that have passed are empty.
 */
import { circuitBreaker, failureRate } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';

const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

it.each([0, 5_000, 3_600_000])(
  'trips after the same number of failures when it was idle for %i ms before',
  async (idleMs) => {
    const clock = virtualClock();
    const trip = failureRate({ windowMs: 5000, minimumCalls: 10, rate: 0.5 });
    const breaker = circuitBreaker({ trip, clock });
    const healthy = idleMs === 0 ? 0 : 500;
    for (let call = 0; call < healthy; call++) {
      await breaker.run(async () => call);
      clock.jump(10);
    }
    clock.jump(idleMs);
    let failures = 0;
    for (; breaker.state === 'closed'; failures++)
      await quiet(breaker.run(() => Promise.reject(new Error('boom'))));
    expect(failures).toBe(10);
  },
);
