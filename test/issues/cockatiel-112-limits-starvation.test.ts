/**
 * cockatiel 112, for the guards that came after: callers that were aborted kept their places in the queue, until it was
 * full of them and refused everybody. Here who leaves frees the place at once, in the same tick.
 */
import { adaptiveLimit, aimd, rateLimit } from 'evenkeel/policies';
import { virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';

const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

const clock = virtualClock();
const limits = {
  rateLimit: rateLimit({ limit: 1, perMs: 60_000, maxQueue: 2, queueTimeoutMs: Infinity, clock }),
  adaptiveLimit: adaptiveLimit({ algorithm: aimd({ initialLimit: 1, maxLimit: 1 }), maxQueue: 2, clock }),
};

it.each(Object.entries(limits))('%s does not starve when waiting callers leave', async (_, guard) => {
  let end: (value: string) => void = () => {};
  const first = guard.run(() => new Promise<string>((resolve) => (end = resolve)));
  const left: Promise<unknown>[] = [];
  for (let round = 0; round < 10; round++) {
    const caller = new AbortController();
    for (let n = 0; n < 2; n++) left.push(quiet(guard.run(async () => 'never', { signal: caller.signal })));
    caller.abort('left');
  }
  const last = guard.run(async () => 'served');
  end('first');
  await clock.advance(60_000);
  expect(await Promise.all([first, last])).toEqual(['first', 'served']);
  expect(new Set(await Promise.all(left))).toEqual(new Set(['left']));
  expect(guard.snapshot()).toMatchObject({ waiting: 0, refused: 0 });
});
