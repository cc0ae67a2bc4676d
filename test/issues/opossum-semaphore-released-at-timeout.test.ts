/**
 * opossum gave a place back when its call timed out while the work went on: capacity 1 let five run at
 * once. Here a place is held until the work has really ended.
 */
import { bulkhead, pipe, timeout } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';

const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

it('never runs more at once than it promised, though callers time out', async () => {
  const clock = virtualClock();
  let [running, most] = [0, 0];
  const work = async () => {
    most = Math.max(most, ++running);
    await new Promise<void>((resolve) => clock.setTimeout(resolve, 100));
    running--;
  };
  const call = pipe(
    work,
    bulkhead({ maxConcurrent: 1, maxQueue: 10, clock }),
    timeout({ timeoutMs: 20, clock }),
  );
  const answers = [];
  for (let n = 0; n < 5; n++) {
    answers.push(quiet(call(undefined)));
    await clock.advance(25);
  }
  await clock.advance(1000);
  await Promise.all(answers);
  expect(most).toBe(1);
});
