/**
 * opossum 276, 385, 59: a probe that never came back left the circuit half-open for ever, or several probes
 * went out at once. Here one is out at a time, and one that hangs is given up after openMs.
 */
import { circuitBreaker, consecutiveFailures } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { expect, it, vi } from 'vitest';

const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

it('sends one probe at a time, and another when one hangs', async () => {
  const clock = virtualClock();
  const breaker = circuitBreaker({ trip: consecutiveFailures({ failures: 1 }), openMs: 100, clock });
  await quiet(breaker.run(() => Promise.reject(new Error('boom'))));
  const hang = vi.fn(() => new Promise(() => {}));
  for (let probes = 1; probes <= 3; probes++) {
    clock.jump(100);
    for (let n = 0; n < 5; n++) void quiet(breaker.run(hang));
    expect(hang).toHaveBeenCalledTimes(probes);
  }
  clock.jump(100);
  expect(await breaker.run(async () => 'well')).toBe('well');
  expect(breaker.state).toBe('closed');
});
