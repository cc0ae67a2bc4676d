/**
 * cockatiel: calls that came while a probe was out waited for it, and an abort did not free them. Here they
 * are refused at once.
 */
import { circuitBreaker, consecutiveFailures, isCircuitOpenError } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';

const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

it('refuses at once while a probe is out', async () => {
  const clock = virtualClock();
  const breaker = circuitBreaker({ trip: consecutiveFailures({ failures: 1 }), openMs: 100, clock });
  await quiet(breaker.run(() => Promise.reject(new Error('boom'))));
  clock.jump(100);
  void breaker.run(() => new Promise(() => {}));
  for (let call = 0; call < 5; call++)
    expect(await quiet(breaker.run(async () => 1))).toSatisfy(isCircuitOpenError);
});
