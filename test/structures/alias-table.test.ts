import { seededRandom } from 'evenkeel/testing';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AliasTable } from '../../src/structures/alias-table.ts';

describe('an alias table', () => {
  it.each([
    [[1]],
    [[1, 1]],
    [[1, 2, 3, 4]],
    [[100, 1]],
    [[0.1, 0.1, 10]],
    [[5, 1, 1, 1, 1, 1, 1, 1, 1]],
    [Array.from({ length: 50 }, (_, index) => index + 1)],
  ])('draws by weight, within four standard deviations: %j', (weights) => {
    const table = new AliasTable(weights);
    const random = seededRandom(42);
    const draws = 100_000;
    const seen = weights.map(() => 0);
    for (let draw = 0; draw < draws; draw++) {
      const index = table.draw(random());
      seen[index] = (seen[index] ?? 0) + 1;
    }
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    for (const [index, weight] of weights.entries()) {
      const share = weight / total;
      const sigma = Math.sqrt(draws * share * (1 - share));
      expect(Math.abs((seen[index] ?? 0) - draws * share)).toBeLessThanOrEqual(4 * sigma);
    }
  });

  it('gives each index exactly its share of the numbers from 0 to 1', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(weights, (weights) => {
        // A grid as fine as the total: each column of the table is cut at a multiple of 1/total.
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const table = new AliasTable(weights);
        const cells = weights.length * total;
        const seen = weights.map(() => 0);
        for (let cell = 0; cell < cells; cell++) {
          const index = table.draw((cell + 0.5) / cells);
          seen[index] = (seen[index] ?? 0) + 1;
        }
        expect(seen).toEqual(weights.map((weight) => weight * weights.length));
      }),
    );
  });

  it('draws an index there is, for weights of any size and the ends of the range', () => {
    const weight = fc.double({ min: 1e-9, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(fc.array(weight, { minLength: 1, maxLength: 30 }), (weights) => {
        const table = new AliasTable(weights);
        for (const random of [0, 0.5, 1 - 2 ** -53]) {
          expect(weights[table.draw(random)]).toBeGreaterThan(0);
        }
      }),
    );
  });
});
