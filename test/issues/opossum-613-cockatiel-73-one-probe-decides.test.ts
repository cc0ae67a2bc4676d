/**
 * opossum 613 (closed as "won't fix") and cockatiel 73: one lucky probe closed the circuit on a server that still failed
 * most calls. Here as many probes as wanted are let through, and so many of them must succeed.
 */
import { circuitBreaker, consecutiveFailures } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';

it('does not close by one success among failures', async () => {
  const clock = virtualClock();
  const breaker = circuitBreaker({
    trip: consecutiveFailures({ failures: 1 }),
    openMs: 100,
    probes: 5,
    successes: 4,
    clock,
  });
  const run = (fails: boolean) =>
    breaker.run(() => (fails ? Promise.reject(new Error('down')) : Promise.resolve())).catch(() => {});
  await run(true);
  clock.jump(100);
  for (const fails of [false, true]) await run(fails);
  expect(breaker.state).toBe('half-open');
  await run(true);
  expect(breaker.state).toBe('open');
  clock.jump(100);
  for (const fails of [true, false, false, false, false]) await run(fails);
  expect(breaker.state).toBe('closed');
});
