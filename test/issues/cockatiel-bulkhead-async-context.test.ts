/**
 * cockatiel, on every Node: queued work ran in the AsyncLocalStorage context of whoever freed the place, so
 * that logs and traces named the wrong request. Here it runs in its own caller's.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { bulkhead } from 'evenkeel';
import { expect, it } from 'vitest';

it('runs queued work in its own caller’s async context', async () => {
  const store = new AsyncLocalStorage<string>();
  const guard = bulkhead({ maxConcurrent: 1, maxQueue: 2 });
  const who = async () => store.getStore();
  const answers = ['A', 'B', 'C'].map((name) => store.run(name, () => guard.run(who)));
  expect(await Promise.all(answers)).toEqual(['A', 'B', 'C']);
});
