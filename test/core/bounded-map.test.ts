import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { BoundedMap } from '../../src/core/bounded-map.ts';

const mapOf = (maxEntries: number, evicted?: (key: string, value: number) => void) =>
  new BoundedMap<string, number>('test', evicted === undefined ? { maxEntries } : { maxEntries, evicted });

describe('the bounded map', () => {
  it('drops the least recently used when there is no room; get is use, peek is not', () => {
    const evicted = vi.fn();
    const map = mapOf(3, evicted);
    for (const [index, key] of ['a', 'b', 'c'].entries()) map.set(key, index);
    map.get('a');
    map.peek('b');
    map.set('d', 3);
    expect(evicted.mock.calls).toEqual([['b', 1]]);
    expect([...map.entries()].map(([key]) => key)).toEqual(['d', 'a', 'c']);
    expect(map.size).toBe(3);
  });

  it('tells of evictions only: not of deleting, overwriting or clearing', () => {
    const evicted = vi.fn();
    const map = mapOf(2, evicted);
    map.set('a', 1);
    map.set('a', 2);
    map.delete('a');
    map.set('b', 1);
    map.clear();
    expect(evicted).not.toHaveBeenCalled();
    expect([map.size, map.get('b'), [...map.entries()]]).toEqual([0, undefined, []]);
  });

  it.each([1, 2, 100_000])(
    'goes on working when the only entry is deleted, with room for %i',
    (maxEntries) => {
      const evicted = vi.fn();
      const map = mapOf(maxEntries, evicted);
      for (let round = 0; round < 3; round++) {
        map.set('only', round);
        expect(map.delete('only')).toBe(true);
        expect(map.delete('only')).toBe(false);
        expect([map.size, map.get('only'), [...map.entries()]]).toEqual([0, undefined, []]);
      }
      for (let entry = 0; entry < maxEntries; entry++) map.set(`k${entry}`, entry);
      expect(map.size).toBe(maxEntries);
      expect(evicted).not.toHaveBeenCalled();
      map.set('more', 1);
      expect(evicted.mock.calls).toEqual([['k0', 0]]);
      expect(map.size).toBe(maxEntries);
    },
  );

  it('is empty before its first use', () => {
    const map = mapOf(5);
    expect([map.size, map.get('a'), map.peek('a'), map.delete('a'), [...map.entries()]]).toEqual([
      0,
      undefined,
      undefined,
      false,
      [],
    ]);
  });

  it('does what a plain list in order of use does', () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    const step = fc.oneof(
      fc.tuple(fc.constant('set' as const), key),
      fc.tuple(fc.constant('get' as const), key),
      fc.tuple(fc.constant('peek' as const), key),
      fc.tuple(fc.constant('delete' as const), key),
      fc.tuple(fc.constant('clear' as const), key),
    );
    // Beyond 20 000 the map is bounded in another way; 20 001 stands for those.
    fc.assert(
      fc.property(
        fc.constantFrom(1, 2, 3, 4, 20_001),
        fc.array(step, { maxLength: 60 }),
        (maxEntries, steps) => {
          const dropped: string[] = [];
          const map = mapOf(maxEntries, (key, value) => dropped.push(`${key}=${value}`));
          let model: [string, number][] = [];
          const modelDropped: string[] = [];
          for (const [index, [what, key]] of steps.entries()) {
            const at = model.findIndex(([one]) => one === key);
            const known = model[at]?.[1];
            if (what === 'set') {
              map.set(key, index);
              model = [[key, index], ...model.filter(([one]) => one !== key)];
              const gone = model.length > maxEntries ? model.pop() : undefined;
              if (gone !== undefined) modelDropped.push(gone.join('='));
            } else if (what === 'get') {
              expect(map.get(key)).toBe(known);
              if (known !== undefined) model = [[key, known], ...model.filter(([one]) => one !== key)];
            } else if (what === 'peek') {
              expect(map.peek(key)).toBe(known);
            } else if (what === 'delete') {
              expect(map.delete(key)).toBe(known !== undefined);
              model = model.filter(([one]) => one !== key);
            } else {
              map.clear();
              model = [];
            }
            expect(map.size).toBe(model.length);
            expect([...map.entries()]).toEqual(model);
          }
          expect(dropped).toEqual(modelDropped);
        },
      ),
      { numRuns: 300 },
    );
  });

  it.each([0, -1, 1.5, Number.NaN, Infinity])('refuses room for %d', (maxEntries) => {
    expect(() => mapOf(maxEntries)).toThrow(/test: maxEntries must be/);
  });
});
