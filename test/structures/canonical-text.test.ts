import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalText } from '../../src/structures/canonical-text.ts';

describe('canonicalText', () => {
  it('tells values apart that only look alike', () => {
    const values = [
      1,
      '1',
      1n,
      [1],
      ['1'],
      { 0: 1 },
      Number.NaN,
      null,
      'null',
      undefined,
      {},
      { a: undefined },
      [],
      [[]],
      '[]',
      true,
      'true',
      new Date(1),
      new Map([[1, 2]]),
      new Map([['1', 2]]),
      new Set([1, 2]),
      [1, 2],
      new Uint8Array([1, 2]),
      new Uint16Array([1, 2]),
    ];
    const texts = values.map(canonicalText);
    expect(new Set(texts).size).toBe(values.length);
    expect(texts).not.toContain(undefined);
  });

  it('does not mind the order of keys, entries and members', () => {
    expect(canonicalText({ a: 1, b: { c: 2, d: 3 } })).toBe(canonicalText({ b: { d: 3, c: 2 }, a: 1 }));
    expect(canonicalText(new Set([1, 2]))).toBe(canonicalText(new Set([2, 1])));
    const entries: [number, string][] = [
      [1, 'a'],
      [2, 'b'],
    ];
    expect(canonicalText(new Map(entries))).toBe(canonicalText(new Map([...entries].reverse())));
  });

  it('has no text for what only its class can compare, for functions and symbols, and for cycles', () => {
    const cycle: unknown[] = [];
    cycle.push(cycle);
    for (const value of [new Response(), () => {}, Symbol('s'), new Error('e'), cycle, { a: [() => {}] }]) {
      expect(canonicalText(value)).toBeUndefined();
    }
  });

  it('is equal for JSON values exactly if they are equal', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        const copy: unknown = structuredClone(a);
        expect(canonicalText(copy)).toBe(canonicalText(a));
        // JSON writes -0 as 0, and so do we.
        expect(canonicalText(a) === canonicalText(b)).toBe(equal(a, b));
      }),
    );
  });
});

function equal(a: unknown, b: unknown): boolean {
  try {
    expect(JSON.parse(JSON.stringify(a))).toStrictEqual(JSON.parse(JSON.stringify(b)));
    return true;
  } catch {
    return false;
  }
}
