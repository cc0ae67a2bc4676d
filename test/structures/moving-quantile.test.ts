import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MovingQuantile } from '../../src/structures/moving-quantile.ts';

const WINDOW = 600;
const SLICE = 100;
const ERROR = 0.02;

/** The definition: the least value that a share of `quantile` does not exceed. */
function exact(values: readonly number[], quantile: number): number {
  const sorted = values.map((value) => Math.min(600_000, Math.max(0.1, value))).sort((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil(quantile * sorted.length)) - 1] ?? 0;
}

describe('a moving quantile', () => {
  it('is within 2 % of the exact one over the newest six slices, whatever was measured when', () => {
    const value = fc.oneof(
      fc.double({ min: 0.01, max: 1e6, noNaN: true }),
      fc.constantFrom(1, 5, 5, 5, 1000),
    );
    const step = fc.record({ gapMs: fc.oneof(fc.nat(30), fc.nat(900)), value });
    const quantiles = fc.constantFrom(0, 0.01, 0.5, 0.9, 0.95, 0.99, 1);
    fc.assert(
      fc.property(
        quantiles,
        fc.integer({ min: -2_000, max: 5_000 }),
        fc.array(step, { maxLength: 120 }),
        (quantile, startMs, steps) => {
          const moving = new MovingQuantile(quantile, WINDOW);
          const measured: { slice: number; value: number }[] = [];
          let nowMs = startMs;
          for (const { gapMs, value } of steps) {
            nowMs += gapMs;
            moving.record(nowMs, value);
            const newest = Math.floor(nowMs / SLICE);
            measured.push({ slice: newest, value });
            const held = measured.filter(({ slice }) => slice > newest - 6).map((one) => one.value);
            const right = exact(held, quantile);
            expect(moving.count).toBe(held.length);
            expect(Math.abs(moving.value - right)).toBeLessThanOrEqual(right * (ERROR + 1e-9));
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('is empty again when the window has passed, however long ago', () => {
    for (const gapMs of [WINDOW, WINDOW + 1, 3_600_000, 1e12]) {
      const moving = new MovingQuantile(0.5, WINDOW);
      for (let ms = 0; ms < 10; ms++) moving.record(ms, 50);
      moving.advance(10 + gapMs);
      expect([moving.count, moving.value]).toEqual([0, 0]);
      moving.record(10 + gapMs, 7);
      expect(moving.count).toBe(1);
      expect(moving.value).toBeCloseTo(7, 0);
    }
  });

  it('takes a clock that steps back as one that stands still, and odd durations as the nearest end', () => {
    const moving = new MovingQuantile(0.5, WINDOW);
    moving.record(5_000, 10);
    moving.record(1_000, 10);
    moving.advance(0);
    expect(moving.count).toBe(2);
    moving.advance(5_000 + WINDOW - SLICE);
    expect(moving.count).toBe(2);
    moving.advance(5_000 + WINDOW);
    expect(moving.count).toBe(0);
    for (const value of [-5, 0, Number.NaN]) {
      const odd = new MovingQuantile(1, WINDOW);
      odd.record(0, value);
      expect(odd.value).toBeCloseTo(0.1, 2);
    }
    const long = new MovingQuantile(1, WINDOW);
    long.record(0, Infinity);
    expect(Math.abs(long.value - 600_000)).toBeLessThanOrEqual(0.04 * 600_000);
  });
});
