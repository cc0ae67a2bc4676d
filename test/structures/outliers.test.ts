import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type OutlierRules, outliers, spreadThreshold, type Tally } from '../../src/structures/outliers.ts';

const RULES: OutlierRules = {
  minimumCalls: 100,
  minimumEndpoints: 5,
  deviations: 1.9,
  points: 0.3,
  floor: 0.9,
};
const SPREAD = { ...RULES, points: 1 };
const pool = (...rates: number[]): Tally[] => rates.map((rate) => ({ calls: 1000, bad: 1000 * (1 - rate) }));
const found = (tallies: readonly Tally[], rules: OutlierRules = RULES) =>
  outliers(tallies, rules).map(({ index }) => index);

describe('outliers by the spread', () => {
  it('have the threshold of Envoy’s worked example', () => {
    expect(spreadThreshold([50, 100, 100, 100, 100], 1.9)).toBeCloseTo(52, 9);
  });

  it.each([
    ['one of five at half', pool(0.5, 1, 1, 1, 1), [0]],
    ['nobody among four', pool(0.5, 1, 1, 1), []],
    ['nobody where all are equally bad', pool(0.2, 0.2, 0.2, 0.2, 0.2), []],
    ['two of ten', pool(0, 0, ...Array<number>(8).fill(1)), [0, 1]],
    ['not three of ten, which hide each other', pool(0, 0, 0, ...Array<number>(7).fill(1)), []],
  ])('are %s', (_, tallies, expected) => {
    expect(found(tallies, SPREAD)).toEqual(expected);
  });

  it('would be found however small the gap, but for the floor', () => {
    const nearly = pool(0.999, 1, 1, 1, 1, 1);
    expect(found(nearly, { ...SPREAD, floor: 1 })).toEqual([0]);
    expect(found(nearly, SPREAD)).toEqual([]);
    expect(found(pool(0.9, 1, 1, 1, 1, 1), SPREAD)).toEqual([]);
    expect(found(pool(0.899, 1, 1, 1, 1, 1), SPREAD)).toEqual([0]);
  });
});

describe('outliers among the rest', () => {
  it.each([
    ['one of two', pool(0.6, 1), [0]],
    ['not one of two by exactly so many points', pool(0.7, 1), []],
    ['two of three', pool(0, 0.1, 1), [0, 1]],
    ['three of ten, the worst first', pool(0.2, 0.1, 0, ...Array<number>(7).fill(1)), [2, 1, 0]],
    ['nobody where all fail', pool(0.1, 0.2, 0.1), []],
    ['nobody alone', pool(0), []],
    ['nobody of none', [], []],
  ])('are %s', (_, tallies, expected) => {
    expect(found(tallies)).toEqual(expected);
  });

  it('need enough calls of their own, and of the others together', () => {
    const few = { calls: 99, bad: 99 };
    const [bad, half] = [
      { calls: 100, bad: 100 },
      { calls: 50, bad: 0 },
    ];
    expect(found([few, ...pool(1, 1)])).toEqual([]);
    expect(found([bad, half])).toEqual([]);
    expect(found([bad, half, half])).toEqual([0]);
  });
});

describe('outliers', () => {
  const rate = fc.double({ min: 0, max: 1, noNaN: true });
  it('are never all, nor above the floor, nor better than one who is none', () => {
    fc.assert(
      fc.property(fc.array(rate, { minLength: 1, maxLength: 20 }), (rates) => {
        const tallies = rates.map((one) => ({ calls: 1000, bad: Math.round(1000 * (1 - one)) }));
        const out = outliers(tallies, RULES);
        const isOut = new Set(out.map(({ index }) => index));
        const rateOf = ({ calls, bad }: Tally) => 1 - bad / calls;
        const worstIn = Math.min(...tallies.filter((_, index) => !isOut.has(index)).map(rateOf));
        expect(isOut.size).toBeLessThan(tallies.length);
        for (const one of out) {
          expect(one.rate).toBeLessThan(0.9);
          expect(one.rate).toBeLessThanOrEqual(worstIn);
        }
      }),
    );
  });
});
