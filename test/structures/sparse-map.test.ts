import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SparseMap } from '../../src/structures/sparse-map.ts';

describe('a sparse map', () => {
  it('is a map', () => {
    const key = fc.constantFrom<unknown>('a', 'b', 1, Number.NaN, 0, -0, undefined);
    const step = fc.record({ do: fc.constantFrom('set', 'delete', 'get'), key, value: fc.nat() });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const [map, model] = [new SparseMap<unknown, number>(), new Map<unknown, number>()];
        for (const one of steps) {
          if (one.do === 'set') {
            map.set(one.key, one.value);
            model.set(one.key, one.value);
          } else if (one.do === 'delete') expect(map.delete(one.key)).toBe(model.delete(one.key));
          expect(map.get(one.key)).toBe(model.get(one.key));
          expect(map.size).toBe(model.size);
          expect(new Set(map.keys())).toEqual(new Set(model.keys()));
        }
      }),
    );
  });
});
