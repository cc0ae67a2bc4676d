/**
 * Unit-testing what happens when a dependency fails: no network, no waiting, the same result every time. The
 * assertions are Node's own; any test runner will do.
 *
 *   node scripts/run.mjs examples/unit-test/main.ts
 */
import assert from 'node:assert/strict';
import { isTimeoutError, pipe, retry, timeout, type Transport } from 'evenkeel';
import { fakeTransport, seededRandom, virtualClock } from 'evenkeel/testing';

/** The code under test: it takes its transport and its clock as arguments. */
function priceClient(wire: Transport<string, number>, ports: Parameters<typeof retry>[0] = {}) {
  return pipe(
    wire,
    timeout({ timeoutMs: 100, ...(ports.clock && { clock: ports.clock }) }),
    retry({ maxAttempts: 2, ...ports }),
  );
}

// It asks again when the first attempt fails.
{
  const clock = virtualClock();
  const wire = fakeTransport<string, number>();
  const price = priceClient(wire, { clock, random: seededRandom(1) })('apples');
  wire.next().reject(new Error('connection lost'));
  await clock.advance(50);
  wire.next().resolve(3);
  assert.equal(await price, 3);
  assert.deepEqual(wire.requests, ['apples', 'apples']);
}

// It gives up on a server that hangs, and leaves no timer behind.
{
  const clock = virtualClock();
  const wire = fakeTransport<string, number>({ aborts: 'ignore' });
  const price = priceClient(wire, { clock, random: seededRandom(1) })('pears').catch(
    (error: unknown) => error,
  );
  await clock.advance(1_000);
  assert.ok(isTimeoutError(await price));
  assert.equal(wire.requests.length, 2);
  assert.equal(clock.pendingTimers, 0);
}

console.log('2 tests passed');
