/**
 * cockatiel: a slow call that began while the circuit was closed and failed while it was half-open opened
 * it again, though the probe succeeded. Here calls of an earlier state change nothing.
 */
import { circuitBreaker, consecutiveFailures } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';

const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);
const boom = new Error('boom');

it('closes by its probe, whatever becomes of calls from before', async () => {
  const clock = virtualClock();
  const breaker = circuitBreaker({ trip: consecutiveFailures({ failures: 1 }), openMs: 100, clock });
  const slow: ((error: Error) => void)[] = [];
  const late = [1, 2, 3].map(() => quiet(breaker.run(() => new Promise((_, reject) => slow.push(reject)))));
  await quiet(breaker.run(() => Promise.reject(boom)));
  slow[0]?.(boom);
  await late[0];
  expect(breaker.snapshot().opened).toBe(1);
  clock.jump(100);
  let answer: (value: string) => void = () => {};
  const probe = breaker.run(() => new Promise<string>((resolve) => (answer = resolve)));
  slow[1]?.(boom);
  await late[1];
  expect(breaker.state).toBe('half-open');
  answer('well');
  await probe;
  slow[2]?.(boom);
  await late[2];
  expect(breaker.state).toBe('closed');
});
