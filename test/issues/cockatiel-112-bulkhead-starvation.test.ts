/**
 * cockatiel 112: callers that were aborted kept their places in the queue, until it was full of them and
 * refused everybody. Here who leaves frees the place at once.
 */
import { bulkhead } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';

const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

it('does not starve when waiting callers leave', async () => {
  const guard = bulkhead({ maxConcurrent: 1, maxQueue: 2, clock: virtualClock() });
  let end: (value: string) => void = () => {};
  const first = guard.run(() => new Promise<string>((resolve) => (end = resolve)));
  for (let round = 0; round < 10; round++) {
    const caller = new AbortController();
    const waiting = [1, 2].map(() => quiet(guard.run(async () => 'never', { signal: caller.signal })));
    caller.abort('left');
    expect(await Promise.all(waiting)).toEqual(['left', 'left']);
  }
  const last = guard.run(async () => 'served');
  end('first');
  expect(await Promise.all([first, last])).toEqual(['first', 'served']);
  expect(guard.snapshot()).toEqual({ running: 0, waiting: 0, refused: 0 });
});
