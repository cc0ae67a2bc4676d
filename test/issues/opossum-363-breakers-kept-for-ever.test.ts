/**
 * opossum 363, 365: every breaker that was ever made stayed in a global set. Here nobody but its owner holds a guard, with a
 * listener for the whole process or without.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { bulkhead, circuitBreaker, observe, retry } from 'evenkeel';
import { expect, it } from 'vitest';

it('lets go of guards that nobody holds', async () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const stop = observe(() => {});
  const held: WeakRef<object>[] = [];
  for (let n = 0; n < 100; n++) {
    for (const guard of [circuitBreaker(), retry(), bulkhead({ maxConcurrent: 1 })]) {
      await guard.run(async () => n);
      held.push(new WeakRef(guard));
    }
  }
  let left = held.length;
  // A reference that was read stays alive until the turn is over.
  for (let turn = 0; turn < 20 && left > 3; turn++) {
    await new Promise<void>((resolve) => void setImmediate(resolve));
    gc();
    left = held.filter((one) => one.deref() !== undefined).length;
  }
  stop();
  expect(left).toBeLessThanOrEqual(3);
});
