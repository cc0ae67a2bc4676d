import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Heap } from '../../src/structures/heap.ts';

const ascending = (a: number, b: number) => a - b;

describe('a heap', () => {
  it('sorts', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -20, max: 20 })), (numbers) => {
        const heap = new Heap<number>((a, b) => a < b);
        for (const number of numbers) heap.push(number);
        expect(numbers.map(() => heap.pop())).toEqual([...numbers].sort(ascending));
        expect([heap.pop(), heap.peek(), heap.size]).toEqual([undefined, undefined, 0]);
      }),
    );
  });

  it('has the least in front, however pushes and pops follow each other', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.nat(50)), { maxLength: 80 }), (steps) => {
        const heap = new Heap<number>((a, b) => a < b);
        let model: number[] = [];
        for (const step of steps) {
          if (step === null) {
            expect(heap.pop()).toBe(model.shift());
          } else {
            heap.push(step);
            model = [...model, step].sort(ascending);
          }
          expect([heap.peek(), heap.size]).toEqual([model[0], model.length]);
        }
      }),
    );
  });

  it('keeps an undefined that was pushed', () => {
    const heap = new Heap<undefined>(() => false);
    heap.push(undefined);
    expect(heap.size).toBe(1);
    heap.pop();
    expect(heap.size).toBe(0);
  });
});
