/**
 * go-zero 5011: an adaptive breaker that counted a call only when it had ended let a hanging server be called without
 * any bound until the first time limits passed. Here a call counts from the moment it is made.
 */
import { throttle } from 'evenkeel/policies';
import { seededRandom, virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';

const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

it('holds calls back while those before them hang, without waiting for their time limits', async () => {
  const clock = virtualClock();
  const guard = throttle({ clock, random: seededRandom(1), windowMs: 60_000 });
  const busy = Object.assign(new Error('busy'), { retryAfterMs: 0 });
  for (let n = 0; n < 20; n++) await quiet(guard.run(() => Promise.reject(busy)));
  let sent = 0;
  const hang = (): Promise<never> => {
    sent++;
    return new Promise(() => {});
  };
  const answers = Array.from({ length: 1000 }, () => quiet(guard.run(hang, { timeoutMs: 10_000 })));
  expect(sent).toBeLessThan(150);
  await clock.advance(10_000);
  await Promise.all(answers);
});
