import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WindowBudget } from '../../src/structures/retry-budget.ts';

const WINDOW = 1000;
/** Calls are stamped in batches: so many may be counted late. */
const BATCH = 16;

describe('a retry budget', () => {
  it('is full at the start: the reserve of a whole window', () => {
    expect(new WindowBudget(0.2, 10, 10_000).balance(0)).toBe(100);
    expect(new WindowBudget(0.2, 0, 10_000).withdraw(0)).toBe(0);
  });

  it('allows a share of the calls on top, and gives it when it is asked, not a batch later', () => {
    const budget = new WindowBudget(0.2, 0, WINDOW);
    for (let call = 0; call < 4; call++) budget.deposit(() => 0);
    expect(budget.withdraw(0)).toBe(0);
    budget.deposit(() => 0);
    expect(budget.withdraw(0)).toBe(1);
    expect(budget.withdraw(0)).toBe(0);
  });

  it('forgets what was saved, and what was spent, when the window has passed', () => {
    const budget = new WindowBudget(1, 2, WINDOW);
    for (let call = 0; call < BATCH; call++) budget.deposit(() => 0);
    expect(budget.balance(0)).toBe(BATCH + 2);
    expect(budget.balance(WINDOW)).toBe(2);
    expect([budget.withdraw(WINDOW), budget.withdraw(WINDOW), budget.withdraw(WINDOW)]).toEqual([1, 1, 0]);
    expect(budget.balance(2 * WINDOW)).toBe(2);
  });

  it('reads the clock once a batch', () => {
    let readings = 0;
    const budget = new WindowBudget(0.2, 0, WINDOW);
    for (let call = 0; call < 10 * BATCH; call++)
      budget.deposit(() => {
        readings++;
        return 0;
      });
    expect(readings).toBe(10);
  });

  it('never allows more, over any window, than the share of its calls and the reserve', () => {
    const step = fc.record({ gapMs: fc.nat(300), calls: fc.nat(40), asks: fc.nat(20) });
    const ratios = fc.constantFrom(0, 0.1, 0.2, 0.5, 1);
    fc.assert(
      fc.property(ratios, fc.nat(10), fc.array(step, { maxLength: 60 }), (ratio, reserve, steps) => {
        const budget = new WindowBudget(ratio, reserve, WINDOW);
        const calls: number[] = [];
        const granted: number[] = [];
        let nowMs = 0;
        for (const step of steps) {
          nowMs += step.gapMs;
          for (let call = 0; call < step.calls; call++) {
            budget.deposit(() => nowMs);
            calls.push(nowMs);
          }
          for (let ask = 0; ask < step.asks; ask++) if (budget.withdraw(nowMs) > 0) granted.push(nowMs);
        }
        // A window ends at a grant; what is certain is nine tenths of it, the precision of its buckets.
        const since = (times: readonly number[], end: number, span: number) =>
          times.filter((ms) => ms <= end && ms > end - span).length;
        for (const end of granted) {
          const saved = ratio * (since(calls, end, WINDOW) + BATCH - 1) + (reserve * WINDOW) / 1000;
          expect(since(granted, end, 0.9 * WINDOW)).toBeLessThanOrEqual(saved + 1e-9);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('is taken over by another: the same share, and the same debt', () => {
    const one = new WindowBudget(0.5, 2, WINDOW);
    for (let call = 0; call < 10; call++) one.deposit(() => 500);
    for (let n = 0; n < 3; n++) one.withdraw(500);
    const saved = JSON.parse(JSON.stringify(one.export(500))) as ReturnType<typeof one.export>;
    expect(saved).toEqual({ calls: 10, retries: 3 });
    const other = new WindowBudget(0.5, 2, WINDOW);
    other.hydrate(saved, 9000);
    expect(other.balance(9000)).toBe(one.balance(500));
    expect(other.balance(9000 + WINDOW)).toBe(2);
  });
});
