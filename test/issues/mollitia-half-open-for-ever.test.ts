/**
 * mollitia's half-open state has no end by default (nor has resilience4j's): a probe that hangs keeps the circuit there for
 * ever. Here it is given up after `openMs`, and the next call probes.
 */
import { circuitBreaker, consecutiveFailures } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';

it('gives up a probe that hangs, and what it says later changes nothing', async () => {
  const clock = virtualClock();
  const breaker = circuitBreaker({ trip: consecutiveFailures({ failures: 1 }), openMs: 1000, clock });
  const down = () => breaker.run(() => Promise.reject(new Error('down'))).catch(() => {});
  await down();
  clock.jump(1000);
  let late: (error: Error) => void = () => {};
  const hung = breaker.run(() => new Promise((_, reject) => (late = reject))).catch(() => {});
  clock.jump(1000);
  expect(await breaker.run(async () => 'well')).toBe('well');
  expect(breaker.state).toBe('closed');
  late(new Error('after an hour'));
  await hung;
  expect(breaker.state).toBe('closed');
});
