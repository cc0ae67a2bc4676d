import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Isolation } from '../../src/structures/isolation.ts';

const cutFrom = (names: string, atMs = 0): Isolation<string> => {
  const isolation = new Isolation<string>(1000);
  for (const name of names) isolation.failed(name, atMs);
  return isolation;
};

describe('isolation', () => {
  it.each([
    ['a', 1, false],
    ['a', 2, false],
    ['ab', 2, true],
    ['ab', 3, true],
    ['ab', 4, false],
    ['abc', 4, true],
    ['abcdefghi', 15, false],
    ['abcdefghij', 15, true],
    ['abcdefghi', 10_000, false],
    ['abcdefghij', 10_000, true],
  ])('is seen when %s of %d cannot be reached: %s', (names, endpoints, isolated) => {
    expect(cutFrom(names).isolated(endpoints, 0)).toBe(isolated);
  });

  it('needs different endpoints', () => {
    expect(cutFrom('aaaa').isolated(2, 0)).toBe(false);
  });

  it('ends with any answer', () => {
    const isolation = cutFrom('abc');
    isolation.answered();
    expect(isolation.isolated(3, 0)).toBe(false);
    expect(isolation.sinceMs).toBe(Infinity);
    isolation.failed('a', 5);
    expect(isolation.isolated(3, 5)).toBe(false);
    expect(isolation.sinceMs).toBe(5);
  });

  it('counts what failed within one window, however often before', () => {
    const isolation = cutFrom('a');
    isolation.failed('b', 999);
    expect(isolation.isolated(2, 999)).toBe(true);
    expect(isolation.isolated(2, 1000)).toBe(false);
    isolation.failed('a', 1001);
    expect(isolation.isolated(2, 1001)).toBe(true);
    expect(isolation.sinceMs).toBe(0);
    expect([...isolation.cut]).toEqual(['b', 'a']);
  });

  it('forgets an endpoint that is gone', () => {
    const isolation = cutFrom('ab');
    isolation.gone('a');
    expect(isolation.isolated(2, 0)).toBe(false);
    isolation.gone('b');
    expect(isolation.sinceMs).toBe(Infinity);
  });

  it('never counts what is not within the window and after the last answer', () => {
    const step = fc.record({ gapMs: fc.nat(600), name: fc.constantFrom('a', 'b', 'c', 'd', '') });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const isolation = new Isolation<string>(1000);
        let nowMs = 0;
        let failures: { name: string; atMs: number }[] = [];
        for (const { gapMs, name } of steps) {
          nowMs += gapMs;
          if (name === '') {
            isolation.answered();
            failures = [];
          } else {
            isolation.failed(name, nowMs);
            failures.push({ name, atMs: nowMs });
          }
          const cut = new Set(failures.filter(({ atMs }) => nowMs - atMs < 1000).map((one) => one.name));
          expect(isolation.isolated(4, nowMs)).toBe(cut.size >= 3);
        }
      }),
    );
  });
});
