/** Short runs of every scenario: the default keeps the bounds, but for those that it is known to miss. */
import { describe, expect, it } from 'vitest';
import { ROUND_ROBIN, THE_DEFAULT } from './contenders.ts';
import { compare } from './scenarios/homogeneous.ts';
import type { Row } from './scenario.ts';
import { SCENARIOS } from './scenarios.ts';

/** How much of its length each is run for, and which bounds are not kept, yet. */
const SHORT: Readonly<Record<string, { readonly size: number; readonly misses?: readonly string[] }>> = {
  draws: { size: 0.1 },
  weights: { size: 0.02 },
  heterogeneous: { size: 0.1 },
  'slow-middle': { size: 0.5 },
  'two-slow-of-four': { size: 0.1 },
  hang: { size: 0.1 },
  'black-hole': { size: 0.3 },
  recovery: { size: 0.25 },
  'reconnect-storm': { size: 1 },
  'cold-start': { size: 0.5 },
  'join-zero': { size: 0.1 },
  deploy: { size: 1 },
  'cold-start-cache': { size: 0.25 },
  'cache-outage': { size: 0.4 },
  metastable: { size: 0.2 },
  linearizability: { size: 0.1 },
  availability: { size: 0.05 },
  'hedged-quorum': { size: 0.04 },
};

function missed(rows: readonly Row[]): string[] {
  const checks = rows.flatMap((row) => row.checks);
  expect(checks.length).toBeGreaterThan(0);
  return checks.filter(({ holds }) => !holds).map(({ figure }) => figure);
}

describe('in the scenario', () => {
  it.each(SCENARIOS.filter(({ name }) => name in SHORT))(
    '$name the default keeps its bounds',
    async (scenario) => {
      const { size, misses = [] } = SHORT[scenario.name] ?? { size: 1 };
      const contenders = [THE_DEFAULT, ...(scenario.name === 'weights' ? [ROUND_ROBIN] : [])];
      expect(missed(await scenario.run({ seed: 1, size, contenders }))).toEqual(misses);
    },
  );

  it.each([1, 20])(
    'homogeneous the default of %d client(s) keeps its bounds at a load of 0.8',
    async (clients) => {
      const one = { clients, count: 10, slots: 4, load: 0.8 };
      expect(missed(await compare(one, { seed: 1, size: 0.3, contenders: [THE_DEFAULT] }))).toEqual([]);
    },
  );

  it('supermarket short runs are near the theory where runs need not be long', async () => {
    const supermarket = SCENARIOS.find(({ name }) => name === 'supermarket');
    const rows = (await supermarket?.run({ seed: 1, size: 0.02, contenders: [] })) ?? [];
    const easy = rows.filter((row) => row.case !== 'load 0.9');
    expect(easy).toHaveLength(4);
    for (const { figures } of easy)
      expect(Math.abs((figures['mean'] ?? 0) / (figures['theory'] ?? 1) - 1)).toBeLessThan(0.04);
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
