import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Link, LinkedList } from '../../src/structures/linked-list.ts';

interface Numbered extends Link {
  readonly n: number;
}

it('is what an array is, for pushes and removals anywhere', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat(20)), { maxLength: 60 }), (steps) => {
      const list = new LinkedList<Numbered>();
      const model: Numbered[] = [];
      for (const [n, step] of steps.entries()) {
        if (step === null || model.length === 0) {
          const link: Numbered = { n, before: undefined, after: undefined };
          list.push(link);
          model.push(link);
        } else {
          const [link] = model.splice(step % model.length, 1) as [Numbered];
          list.remove(link);
          expect([link.before, link.after]).toEqual([undefined, undefined]);
        }
        expect(list.size).toBe(model.length);
        expect(list.first).toBe(model[0]);
        expect(list.last).toBe(model.at(-1));
        const forward: number[] = [];
        for (let link = list.first; link !== undefined; link = link.after) forward.push(link.n);
        expect(forward).toEqual(model.map(({ n }) => n));
      }
    }),
  );
});
