/**
 * opossum divides failures by all calls, those among them that it refused, cached or coalesced itself: the rate of a server
 * that fails all it gets falls while the breaker is open. Here only what was sent counts.
 */
import { bulkhead, circuitBreaker, failureRate, pipe } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';

const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

it('counts what it has refused neither for nor against', async () => {
  const clock = virtualClock();
  const trip = failureRate({ windowMs: 60_000, minimumCalls: 4, rate: 0.5 });
  const breaker = circuitBreaker({ trip, openMs: 1000, clock });
  const fail = () => quiet(breaker.run(() => Promise.reject(new Error('down'))));
  for (let n = 0; n < 4; n++) await fail();
  for (let n = 0; n < 1000; n++) await fail();
  expect(breaker.snapshot()).toMatchObject({ state: 'open', refused: 1000, reason: '4 of 4 calls failed' });
});

it('is not opened by what a bulkhead outside of it refuses', async () => {
  const clock = virtualClock();
  const breaker = circuitBreaker({ trip: failureRate({ windowCalls: 4, rate: 0.5 }), clock });
  const call = pipe(() => new Promise<never>(() => {}), breaker, bulkhead({ maxConcurrent: 1, clock }));
  void call(undefined);
  for (let n = 0; n < 100; n++) await quiet(call(undefined));
  expect(breaker.state).toBe('closed');
});
