/**
 * cockatiel 107, 83: a retry around an open breaker burnt all its attempts on refusals within milliseconds.
 * Here a refusal says how long the circuit stays open: a retry waits so long, or gives up at once if that
 * is too long.
 */
import { circuitBreaker, consecutiveFailures, isCircuitOpenError, pipe, retry } from 'evenkeel';
import { fakeTransport, virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';

const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

function setup(openMs: number) {
  const clock = virtualClock();
  const wire = fakeTransport<string, number>({ script: [new Error('boom'), 42] });
  const breaker = circuitBreaker({ trip: consecutiveFailures({ failures: 1 }), openMs, clock });
  return { clock, wire, breaker, call: pipe(wire, breaker, retry({ maxAttempts: 3, clock })) };
}

it('waits until the circuit lets a call through', async () => {
  const { clock, wire, breaker, call } = setup(1000);
  const answer = call('x');
  await clock.advance(1100);
  expect(await answer).toBe(42);
  expect(wire.requests).toHaveLength(2);
  expect(breaker.snapshot().refused).toBe(1);
});

it('gives up at once when that would take too long', async () => {
  const { clock, wire, breaker, call } = setup(60_000);
  const answer = quiet(call('x'));
  await clock.advance(100);
  expect(await answer).toSatisfy(isCircuitOpenError);
  expect(wire.requests).toHaveLength(1);
  expect(breaker.snapshot().refused).toBe(1);
});
