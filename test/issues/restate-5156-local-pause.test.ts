/**
 * restate 5156, Cassandra and Scylla (scylladb 957): a process that was not scheduled for a while took the silence
 * for that of its peers, and declared all of them dead in one moment. Here what timed out while this process stood
 * still is held against nobody.
 */
import { balance, consecutiveFailures, healthTracker, pipe, timeout } from 'evenkeel';
import { seededRandom, virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';

const quiet = async (promise: Promise<unknown>) => promise.catch(() => undefined);

it('takes its own pause for nobody’s failure', async () => {
  const clock = virtualClock();
  const events: string[] = [];
  const health = healthTracker<string>({
    detectors: [consecutiveFailures({ failures: 3 })],
    clock,
    observer: ({ type }) => events.push(type),
  });
  const call = pipe(
    balance({
      endpoints: ['a', 'b', 'c'],
      // The answer came during the pause, but platforms run their timers before they read it.
      send: (host) => new Promise<string>((resolve) => clock.setTimeout(() => resolve(host), 20)),
      health,
      clock,
      random: seededRandom(1),
    }),
    timeout({ timeoutMs: 10, clock }),
  );
  const calls = Array.from({ length: 30 }, () => quiet(call()));
  clock.jump(5000);
  await clock.advance(0);
  await Promise.all(calls);
  expect(health.snapshot()).toMatchObject({ ejected: 0, isolated: false });
  expect(events).toEqual(['stalled']);
});
