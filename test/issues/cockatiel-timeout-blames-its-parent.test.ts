/**
 * cockatiel's timeout said "timed out after 5000ms", and told its listeners so, when the caller had left after 20 ms.
 * Here the caller's own reason comes back, and nobody is told of a timeout.
 */
import { type ObserverEvent, timeout } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';

it('does not call the caller’s abort a timeout', async () => {
  const clock = virtualClock();
  const events: ObserverEvent[] = [];
  const guard = timeout({ timeoutMs: 5000, clock, observer: (event) => events.push(event) });
  const controller = new AbortController();
  const call = guard
    .run(() => new Promise(() => {}), { signal: controller.signal })
    .catch((error: unknown) => error);
  await clock.advance(20);
  const reason = new Error('left');
  controller.abort(reason);
  expect(await call).toBe(reason);
  await clock.advance(10_000);
  expect(events).toEqual([]);
  expect(guard.snapshot().timeouts).toBe(0);
});
