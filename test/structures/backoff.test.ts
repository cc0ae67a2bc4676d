import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fullJitter } from '../../src/structures/backoff.ts';

const draw = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const duration = fc.oneof(fc.constantFrom(0, Infinity), fc.double({ min: 0, max: 1e9, noNaN: true }));

describe('full jitter', () => {
  it.each([
    [1, 50],
    [2, 100],
    [3, 200],
    [7, 3200],
    [8, 5000],
    [50, 5000],
  ])('before retry %i spreads over 0 to %i ms', (retry, upperMs) => {
    expect(fullJitter(retry, 50, 5000, 0)).toBe(0);
    expect(fullJitter(retry, 50, 5000, 0.5)).toBe(upperMs / 2);
    expect(fullJitter(retry, 50, 5000, 1)).toBe(upperMs);
  });

  it('keeps its jitter at the cap: no two draws wait the same', () => {
    const waits = new Set(Array.from({ length: 100 }, (_, n) => fullJitter(40, 50, 5000, n / 100)));
    expect(waits.size).toBe(100);
  });

  it('is a number from 0 to the cap, whatever it is given', () => {
    const retry = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(1023, 1024, 1025, 1026, 1e6));
    fc.assert(
      fc.property(retry, duration, duration, draw, (retry, baseMs, maxMs, draw) => {
        const delayMs = fullJitter(retry, baseMs, maxMs, draw);
        expect(delayMs).toBeGreaterThanOrEqual(0);
        expect(delayMs).toBeLessThanOrEqual(maxMs);
      }),
    );
  });
});
