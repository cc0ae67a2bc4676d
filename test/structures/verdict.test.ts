import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checked, UNCHECKED, type Verdict } from '../../src/structures/verdict.ts';

/** What checks say after a text of them: + passed, - failed. Alive after 2, dead after 3. */
const after = (checks: string): Verdict =>
  checks.split('').reduce((verdict, one) => checked(verdict, one === '+', 2, 3), UNCHECKED);

describe('the verdict of checks', () => {
  it.each([
    ['', { alive: true, confirmed: false, row: 0 }],
    ['+', { alive: true, confirmed: true, row: 0 }],
    ['-', { alive: true, confirmed: false, row: 1 }],
    ['--', { alive: true, confirmed: false, row: 2 }],
    ['--+', { alive: true, confirmed: true, row: 0 }],
    ['---', { alive: false, confirmed: false, row: 0 }],
    ['+--', { alive: true, confirmed: true, row: 2 }],
    ['+---', { alive: false, confirmed: false, row: 0 }],
    ['----', { alive: false, confirmed: false, row: 0 }],
    ['---+', { alive: false, confirmed: false, row: 1 }],
    ['---+-', { alive: false, confirmed: false, row: 0 }],
    ['---+-+', { alive: false, confirmed: false, row: 1 }],
    ['---++', { alive: true, confirmed: true, row: 0 }],
  ])('is, after %j: %j', (checks, verdict) => {
    expect(after(checks)).toEqual(verdict);
  });

  it('turns exactly when the last so many checks all contradict it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { maxLength: 60 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 4 }),
        (checks, healthyAfter, unhealthyAfter) => {
          let verdict = UNCHECKED;
          let row = 0;
          for (const passed of checks) {
            const before = verdict;
            row = passed === before.alive ? 0 : row + 1;
            verdict = checked(before, passed, healthyAfter, unhealthyAfter);
            const turns = row >= (passed ? healthyAfter : unhealthyAfter);
            expect(verdict.alive).toBe(turns ? passed : before.alive);
            if (turns) row = 0;
          }
        },
      ),
    );
  });
});
