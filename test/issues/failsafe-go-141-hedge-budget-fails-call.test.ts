/**
 * failsafe-go 141: when the hedge budget was spent, the call failed at once and its attempts were cancelled, the
 * first one included. Here a budget holds back the next hedge and nothing else.
 */
import { retryBudget } from 'evenkeel';
import { hedge } from 'evenkeel/policies';
import { virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';

it('lets the attempts that are out go on when the budget is spent', async () => {
  const clock = virtualClock();
  // One hedge in all: the second of this call is one too many.
  const budget = retryBudget({ ratio: 0, reservePerSecond: 0.1 });
  const signals: AbortSignal[] = [];
  const answer = hedge({ delayMs: 10, maxHedges: 2, budget, clock }).run(async ({ signal, attempt }) => {
    signals.push(signal);
    await new Promise<void>((resolve) => void clock.setTimeout(resolve, attempt === 1 ? 100 : 200));
    return attempt;
  });
  await clock.advance(99);
  expect(signals.map(({ aborted }) => aborted)).toEqual([false, false]);
  await clock.advance(1);
  expect(await answer).toBe(1);
});
