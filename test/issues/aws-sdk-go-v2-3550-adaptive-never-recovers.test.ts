/**
 * aws-sdk-go-v2 3550: the client's adaptive mode, once throttled, never gave anything back, and was dead until it was
 * started anew. Here each adaptive guard is as generous as before when the server is well again.
 */
import { adaptiveLimit, throttle } from 'evenkeel/policies';
import { seededRandom, virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';

const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);
const busy = Object.assign(new Error('busy'), { retryAfterMs: 0 });

it('recovers from an hour in which everything was refused', async () => {
  const clock = virtualClock();
  const guards = [adaptiveLimit({ clock }), throttle({ clock, random: seededRandom(1) })];
  for (let minute = 0; minute < 60; minute++) {
    for (let n = 0; n < 100; n++)
      await Promise.all(guards.map((guard) => quiet(guard.run(() => Promise.reject(busy)))));
    await clock.advance(60_000);
  }
  const [limit, shed] = guards;
  expect(limit?.snapshot()).toMatchObject({ limit: 1 });
  expect(shed?.snapshot()).toMatchObject({ rejection: 0.9 });
  const slow = () => new Promise<string>((resolve) => void clock.setTimeout(() => resolve('ok'), 20));
  for (let second = 0; second < 180; second++) {
    for (let n = 0; n < 50; n++) for (const guard of guards) void quiet(guard.run(slow));
    await clock.advance(1000);
  }
  const answers = Array.from({ length: 50 }, () => guards.map((guard) => quiet(guard.run(slow)))).flat();
  await clock.advance(1000);
  expect(new Set(await Promise.all(answers))).toEqual(new Set(['ok']));
});
