/**
 * failsafe-go 134: the child context of each call stayed with its long-lived parent when the call had succeeded, and
 * memory grew. Here a call, and each attempt of a hedged one, leaves the scope around it when it ends.
 */
import { getEventListeners } from 'node:events';
import { hedge } from 'evenkeel/policies';
import { virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';
import type { Context } from '../../src/core/context.ts';
import { timeout } from '../../src/policies/timeout.ts';

it('leaves nothing behind in the scope of a long job that makes many hedged calls', async () => {
  const clock = virtualClock();
  const caller = new AbortController();
  const hedged = hedge({ delayMs: 0, budget: 'unlimited', clock });
  await timeout({ timeoutMs: 3_600_000, clock }).run(
    async (job) => {
      const scope = (job as Context).scope;
      const resting = scope?.head;
      for (let n = 0; n < 100; n++) {
        expect(await hedged.run(async ({ attempt }) => attempt, job)).toBe(1);
        expect(scope?.head).toBe(resting);
      }
      expect(getEventListeners(caller.signal, 'abort')).toHaveLength(1);
    },
    { signal: caller.signal },
  );
  expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0);
  expect(clock.pendingTimers).toBe(0);
});
