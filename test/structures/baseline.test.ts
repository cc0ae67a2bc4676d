import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Baseline, learnt, NO_BASELINE } from '../../src/structures/baseline.ts';

const RULES = { fadeMs: 10_000, clip: 3, first: 10 };
const after = (calls: readonly number[], gapMs: number, from: Baseline = NO_BASELINE): Baseline =>
  calls.reduce((state, ms) => learnt(state, ms, Math.max(0, state.atMs) + gapMs, RULES), from);
const times = (count: number, ms: number) => Array<number>(count).fill(ms);

describe('what calls took until now', () => {
  it('is the plain mean at first', () => {
    expect(after([10, 20, 30], 1).ms).toBeCloseTo(20, 9);
    expect(after([10], 1)).toEqual({ ms: 10, atMs: 1, calls: 1 });
  });

  it('is hardly moved by one call that hung', () => {
    const quick = after(times(100, 10), 10);
    expect(after([60_000], 10, quick).ms).toBeLessThan(10.3);
  });

  it('is moved slowly by many that take much longer, though it is young', () => {
    const young = after(times(20, 10), 1);
    expect(after(times(20, 50), 1, young).ms).toBeLessThan(10.1);
    expect(after(times(20, 30), 1, young).ms).toBeGreaterThan(19);
  });

  it('takes the very first calls as they are', () => {
    expect(after([1, 3, 2, 100], 1).ms).toBeCloseTo(3, 0);
    expect(after(times(9, 1), 1, after([10], 1)).ms).toBeCloseTo(1.9, 2);
  });

  it('follows in the time in which it fades', () => {
    const quick = after(times(1000, 10), 10);
    // e + (1 − 1/e) of the way from 10 to 20 after one fading time.
    expect(after(times(1000, 20), 10, quick).ms).toBeCloseTo(20 - 10 / Math.E, 1);
  });

  it('begins anew from a mean of nothing', () => {
    expect(after([0, 0, 30], 1).ms).toBeCloseTo(10, 9);
  });

  it('stays where a clock steps back', () => {
    const state = after(times(10, 10), 10);
    expect(learnt(state, 10, state.atMs - 50, RULES)).toMatchObject({ ms: 10, atMs: state.atMs });
  });

  it('stays between the shortest and the longest', () => {
    const call = fc.double({ min: 0, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(fc.array(call, { minLength: 1 }), fc.nat(20_000), (calls, gapMs) => {
        const { ms } = after(calls, gapMs);
        expect(ms).toBeGreaterThanOrEqual(Math.min(...calls) - 1e-6);
        expect(ms).toBeLessThanOrEqual(Math.max(...calls) + 1e-6);
      }),
    );
  });
});
