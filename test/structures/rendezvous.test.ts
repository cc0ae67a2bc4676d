/** Rendezvous hashing: perfect balance, no needless move, weights; the figures of the literature. */
import { describe, expect, it } from 'vitest';
import { hash32, mix32 } from '../../src/structures/hash.ts';
import { keyHashOf, nodeHashOf, rendezvous, scoreOf } from '../../src/structures/rendezvous.ts';

const nodes = (count: number) => Array.from({ length: count }, (_, n) => `10.0.0.${n}`);
const KEYS = 200_000;

/** Who holds each key. */
function holders(names: readonly string[], weights: readonly number[] = names.map(() => 1)): number[] {
  const hashes = names.map(nodeHashOf);
  return Array.from({ length: KEYS }, (_, key) => {
    const keyHash = keyHashOf(`user:${key}`);
    let [best, highest] = [-1, -Infinity];
    hashes.forEach((hash, node) => {
      const score = scoreOf(keyHash, hash, weights[node] ?? 1);
      if (score > highest) [best, highest] = [node, score];
    });
    return best;
  });
}

function counts(held: readonly number[], count: number): number[] {
  const sums = new Array<number>(count).fill(0);
  for (const node of held) sums[node] = (sums[node] ?? 0) + 1;
  return sums;
}

describe('rendezvous hashing', () => {
  it('gives ten nodes a tenth of the keys each, within 2 %', () => {
    const sums = counts(holders(nodes(10)), 10);
    expect(Math.max(...sums) / (KEYS / 10)).toBeLessThan(1.02);
    expect(Math.min(...sums) / (KEYS / 10)).toBeGreaterThan(0.98);
  });

  it('moves the keys of a removed node, and no other', () => {
    const names = nodes(10);
    const [before, after] = [holders(names), holders(names.slice(0, -1))];
    let [moved, needless] = [0, 0];
    before.forEach((node, key) => {
      if (node === after[key]) return;
      moved++;
      if (node !== 9) needless++;
    });
    expect(needless).toBe(0);
    expect(Math.abs(moved / KEYS - 0.1)).toBeLessThan(0.003);
  });

  it('spreads the keys of a removed node evenly over the others', () => {
    const names = nodes(10);
    const after = holders(names.slice(0, -1));
    const orphans = holders(names).flatMap((node, key) => (node === 9 ? [after[key] ?? -1] : []));
    const sums = counts(orphans, 9);
    expect(Math.max(...sums) / (orphans.length / 9)).toBeLessThan(1.08);
  });

  it('gives shares by weight', () => {
    const sums = counts(holders(nodes(4), [1, 1, 2, 4]), 4).map((sum) => (8 * sum) / KEYS);
    [1, 1, 2, 4].forEach((weight, node) =>
      expect(Math.abs((sums[node] ?? 0) / weight - 1)).toBeLessThan(0.02),
    );
  });

  it('orders all nodes for a key, alike for every client', () => {
    const order = (names: readonly string[]) => rendezvous('a key', names, String, () => 1);
    const names = nodes(7);
    expect(order([...names].reverse())).toEqual(order(names));
    expect([...order(names)].sort()).toEqual([...names].sort());
    const [first, ...rest] = order(names);
    expect(order(names.filter((name) => name !== first))).toEqual(rest);
  });
});

describe('the hash', () => {
  it('is the same on every machine', () => {
    // Pinned: another value would move every key of every user.
    expect([hash32(''), hash32('a'), hash32('user:42'), hash32('ü😀'), mix32(1)]).toMatchInlineSnapshot(`
      [
        0,
        721651713,
        3499865708,
        1317002081,
        1364076727,
      ]
    `);
  });

  it('changes about half of its bits with one character', () => {
    let flipped = 0;
    for (let n = 0; n < 1000; n++) {
      let different = hash32(`key-${n}`) ^ hash32(`kez-${n}`);
      for (; different !== 0; different &= different - 1) flipped++;
    }
    expect(Math.abs(flipped / 1000 - 16)).toBeLessThan(0.5);
  });
});
