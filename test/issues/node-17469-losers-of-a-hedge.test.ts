/**
 * A hedge made by hand with Promise.race or Promise.any: the loser runs on, its rejection is nobody's and ends the
 * process, or, where one promise stays pending, all that raced against it is kept (Node issue 17469). Here losers are
 * aborted, and what becomes of them is heard.
 */
import { hedge } from 'evenkeel/policies';
import { virtualClock } from 'evenkeel/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';

const unhandled: unknown[] = [];
const hear = (reason: unknown): void => void unhandled.push(reason);
beforeEach(() => void process.on('unhandledRejection', hear));
afterEach(() => void process.off('unhandledRejection', hear));

it('hears how its losers end, and ends them', async () => {
  const clock = virtualClock();
  const signals: AbortSignal[] = [];
  const hedged = hedge({ delayMs: 5, maxHedges: 2, clock });
  const answer = hedged.run(async ({ attempt, signal }) => {
    signals.push(signal);
    await new Promise<void>((resolve) => void clock.setTimeout(resolve, attempt === 3 ? 1 : 100));
    if (attempt !== 3) throw new Error(`loser ${attempt}`);
    return attempt;
  });
  await clock.advance(11);
  expect(await answer).toBe(3);
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, false]);
  await clock.advance(1000);
  await new Promise((resolve) => setImmediate(resolve));
  expect(unhandled).toEqual([]);
});
