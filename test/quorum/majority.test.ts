import { isOptionError } from 'evenkeel';
import { majority } from 'evenkeel/quorum';
import { describe, expect, it } from 'vitest';

describe('majority', () => {
  it('is more than half, for even numbers too', () => {
    expect([1, 2, 3, 4, 5, 6, 7, 8].map(majority)).toEqual([1, 2, 2, 3, 3, 4, 4, 5]);
  });

  it('makes any two of its sets meet', () => {
    for (let n = 1; n < 100; n++) {
      expect(2 * majority(n)).toBeGreaterThan(n);
      expect(2 * (majority(n) - 1)).toBeLessThanOrEqual(n);
    }
  });

  it.each([0, -1, 1.5, Number.NaN, Infinity, '3' as never])('refuses %s', (n) => {
    try {
      majority(n);
      expect.unreachable();
    } catch (error) {
      expect(isOptionError(error)).toBe(true);
      expect(error).toMatchObject({ option: 'n', value: n });
    }
  });
});
