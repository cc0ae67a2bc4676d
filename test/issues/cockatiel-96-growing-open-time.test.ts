/** cockatiel 96: a server that is down for an hour is probed every ten seconds all the while. Here the time may grow. */
import { circuitBreaker, consecutiveFailures } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';

it('is probed ever less often while it stays down, and at once again when it was well', async () => {
  const clock = virtualClock();
  const probes = async (maxOpenMs: number) => {
    const breaker = circuitBreaker({
      trip: consecutiveFailures({ failures: 1 }),
      openMs: 10_000,
      maxOpenMs,
      random: () => 0.5,
      clock,
    });
    let sent = 0;
    for (let second = 0; second < 3600; second++) {
      await breaker
        .run(() => {
          sent++;
          return Promise.reject(new Error('down'));
        })
        .catch(() => {});
      clock.jump(1000);
    }
    return sent;
  };
  expect(await probes(10_000)).toBeGreaterThan(320);
  expect(await probes(300_000)).toBeLessThan(25);
});
