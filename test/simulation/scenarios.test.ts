/** Short runs of every scenario: the default keeps the bounds, but for those that it is known to miss. */
import { describe, expect, it } from 'vitest';
import { THE_DEFAULT } from './contenders.ts';
import type { Scenario } from './scenario.ts';
import { blackHole } from './scenarios/black-hole.ts';
import { hang } from './scenarios/hang.ts';
import { slowMiddle } from './scenarios/slow-middle.ts';
import { supermarket } from './scenarios/supermarket.ts';
import { twoSlowOfFour } from './scenarios/two-slow-of-four.ts';
import { SCENARIOS } from './scenarios.ts';

/** `size` makes a run short; `misses` are the bounds that are not kept, yet. */
const SHORT: readonly { scenario: Scenario; size: number; misses: readonly string[] }[] = [
  { scenario: blackHole, size: 0.3, misses: [] },
  { scenario: slowMiddle, size: 0.5, misses: [] },
  { scenario: twoSlowOfFour, size: 0.1, misses: [] },
  { scenario: hang, size: 0.1, misses: [] },
];

describe('in the scenario', () => {
  it.each(SHORT.map((short) => ({ ...short, name: short.scenario.name })))(
    '$name the default keeps its bounds',
    async ({ scenario, size, misses }) => {
      const rows = await scenario.run({ seed: 1, size, contenders: [THE_DEFAULT] });
      const checks = rows.flatMap((row) => row.checks);
      expect(checks.length).toBeGreaterThan(0);
      const missed = checks.filter(({ holds }) => !holds);
      expect(missed.map(({ figure }) => figure)).toEqual(misses);
    },
  );

  it('supermarket short runs are near the theory where runs need not be long', async () => {
    const rows = await supermarket.run({ seed: 1, size: 0.04, contenders: [] });
    const easy = rows.filter((row) => row.case !== 'load 0.9');
    expect(easy).toHaveLength(4);
    for (const { figures } of easy)
      expect(Math.abs((figures['mean'] ?? 0) / (figures['theory'] ?? 1) - 1)).toBeLessThan(0.03);
  });
});

describe('the scenarios', () => {
  it('have names of their own, a question and a reference', () => {
    expect(new Set(SCENARIOS.map(({ name }) => name)).size).toBe(SCENARIOS.length);
    for (const { asks, reference } of SCENARIOS) {
      expect(asks).toMatch(/\?$/);
      expect(reference.length).toBeGreaterThan(0);
    }
  });
});
