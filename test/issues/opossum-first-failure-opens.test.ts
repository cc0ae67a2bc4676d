/**
 * opossum opened at the first failure with its defaults, and its rate counted refused calls as calls. Here
 * the default is five failures in a row, a rate needs a minimum of calls, and refusals count for nothing.
 */
import { circuitBreaker, failureRate } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';

const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);
const fail = () => Promise.reject(new Error('boom'));

it('does not open at the first failure', async () => {
  for (const breaker of [circuitBreaker(), circuitBreaker({ trip: failureRate() })]) {
    for (let n = 0; n < 4; n++) await quiet(breaker.run(fail));
    expect(breaker.state).toBe('closed');
  }
});

it('counts only calls that were made', async () => {
  const clock = virtualClock();
  const trip = failureRate({ windowMs: 10_000, minimumCalls: 4, rate: 0.5 });
  const breaker = circuitBreaker({ trip, openMs: 100, clock });
  for (let n = 0; n < 4; n++) await quiet(breaker.run(fail));
  for (let n = 0; n < 50; n++) await quiet(breaker.run(fail));
  expect(breaker.snapshot()).toMatchObject({ state: 'open', refused: 50, opened: 1 });
  clock.jump(100);
  await breaker.run(async () => 'well');
  // Closed, with a clean slate: three of four good calls keep it so.
  for (let n = 0; n < 3; n++) await breaker.run(async () => n);
  await quiet(breaker.run(fail));
  expect(breaker.state).toBe('closed');
});
