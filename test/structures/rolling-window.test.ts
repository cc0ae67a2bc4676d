import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RollingWindow } from '../../src/structures/rolling-window.ts';

const WINDOW = 100;
const BUCKET = 10;

describe('a rolling window', () => {
  it('holds all of the last nine tenths of its time, and nothing older than the whole', () => {
    const step = fc.record({ gapMs: fc.nat(60), value: fc.integer({ min: -5, max: 5 }) });
    fc.assert(
      fc.property(
        fc.integer({ min: -500, max: 5_000 }),
        fc.array(step, { maxLength: 80 }),
        (startMs, steps) => {
          const window = new RollingWindow(WINDOW);
          const stamped: { atMs: number; value: number }[] = [];
          let nowMs = startMs;
          for (const { gapMs, value } of steps) {
            nowMs += gapMs;
            window.add(nowMs, value);
            stamped.push({ atMs: nowMs, value });
            const young = stamped.filter(({ atMs }) => atMs > nowMs - (WINDOW - BUCKET));
            const alive = stamped.filter(({ atMs }) => atMs > nowMs - WINDOW);
            expect(window.count).toBeGreaterThanOrEqual(young.length);
            expect(window.count).toBeLessThanOrEqual(alive.length);
            // Exactly: the newest ten buckets.
            const bucket = (ms: number) => Math.floor(ms / BUCKET);
            const held = stamped.filter(({ atMs }) => bucket(atMs) > bucket(nowMs) - 10);
            expect(window.count).toBe(held.length);
            expect(window.sum).toBe(held.reduce((sum, one) => sum + one.value, 0));
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it.each([WINDOW, WINDOW + 1, 10 * WINDOW, 3_600_000])('is empty when nobody looked for %i ms', (gapMs) => {
    const window = new RollingWindow(WINDOW);
    for (let ms = 0; ms < WINDOW; ms++) window.add(ms, 1);
    window.advance(WINDOW - 1 + gapMs);
    expect([window.count, window.sum]).toEqual([0, 0]);
    window.add(WINDOW - 1 + gapMs, 7);
    expect([window.count, window.sum]).toEqual([1, 7]);
  });

  it('takes a clock that steps back by no more than the window as one that stands still', () => {
    const window = new RollingWindow(WINDOW);
    window.add(1000, 1);
    window.add(1000 - WINDOW / 2, 1);
    window.advance(1000 - WINDOW);
    expect(window.count).toBe(2);
    window.advance(1000 + WINDOW - BUCKET);
    expect(window.count).toBe(2);
    window.advance(1000 + WINDOW);
    expect(window.count).toBe(0);
  });

  it('counts from any origin of time', () => {
    const window = new RollingWindow(WINDOW);
    window.add(-55, 1);
    expect(window.count).toBe(1);
    window.advance(-55 + WINDOW + BUCKET);
    expect([window.count, window.sum]).toEqual([0, 0]);
  });

  it('forgets all when it is cleared', () => {
    const window = new RollingWindow(WINDOW);
    window.add(5, 3);
    window.clear();
    window.advance(6);
    expect([window.count, window.sum]).toEqual([0, 0]);
    window.add(6, 2);
    window.advance(6 + WINDOW);
    expect([window.count, window.sum]).toEqual([0, 0]);
  });

  it('does not hold on to what it has counted when the clock steps back by a day', () => {
    const window = new RollingWindow(1000);
    for (const ms of [86_400_000, 86_400_100, 86_400_950]) window.add(ms, 2);
    window.advance(500);
    expect([window.count, window.sum]).toEqual([3, 6]);
    window.add(600, 1);
    expect([window.count, window.sum]).toEqual([4, 7]);
    window.advance(1500);
    expect([window.count, window.sum]).toEqual([1, 1]);
    window.advance(1600);
    expect([window.count, window.sum]).toEqual([0, 0]);
  });
});
