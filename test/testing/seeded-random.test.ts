import { seededRandom } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';

const take = (seed: number, count: number) => {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => random());
};

describe('a seeded random', () => {
  it('gives the same numbers for the same seed, and others for another', () => {
    expect(take(7, 50)).toEqual(take(7, 50));
    expect(take(7, 50)).not.toEqual(take(8, 50));
    // Mulberry32's first three of seed 1: a change would make every seeded test another test.
    expect(take(1, 3)).toEqual([0.6270739405881613, 0.002735721180215478, 0.5274470399599522]);
  });

  it.each([0, 1, -1, 42, 2 ** 40])('of seed %i is even over its range', (seed) => {
    const tenths = Array.from({ length: 10 }, () => 0);
    for (const number of take(seed, 100_000)) {
      const tenth = Math.floor(number * 10);
      tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    }
    // None outside of 0 to 1.
    expect(tenths).toHaveLength(10);
    expect(tenths.reduce((sum, seen) => sum + seen, 0)).toBe(100_000);
    // Chi-square with 9 degrees of freedom: 33.7 is passed once in ten thousand.
    expect(tenths.reduce((sum, seen) => sum + (seen - 10_000) ** 2 / 10_000, 0)).toBeLessThan(33.7);
  });

  it.each([0.5, Number.NaN, Infinity, 'a' as never])('refuses %s as a seed', (seed) => {
    expect(() => seededRandom(seed)).toThrow(/seed must be an integer/);
  });
});
