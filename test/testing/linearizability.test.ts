/** The checker itself: histories whose verdict is known, and every small history against brute force. */
import * as fc from 'fast-check';
import { isOptionError } from 'evenkeel';
import {
  checkLinearizability,
  checkTagOrder,
  type Model,
  type Operation,
  recordHistory,
  registerModel,
  type RegisterOperation,
} from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';

type Said = Pick<RegisterOperation, 'type' | 'value'> & Partial<RegisterOperation>;

/** `[start, end, operation]` in short. */
function op(startedAt: number, endedAt: number, said: Said): RegisterOperation {
  return { key: 'k', startedAt, endedAt, ...said };
}
const write = (value: unknown): Said => ({ type: 'write', value });
const read = (value: unknown): Said => ({ type: 'read', value });

const verdict = (operations: readonly RegisterOperation[]): string =>
  checkLinearizability(operations, registerModel).verdict;

describe('checkLinearizability', () => {
  it.each<[string, RegisterOperation[]]>([
    ['nothing', []],
    ['one after the other', [op(1, 2, write(1)), op(3, 4, read(1)), op(5, 6, write(2)), op(7, 8, read(2))]],
    ['a read beside a write may answer the old', [op(1, 4, write(1)), op(2, 3, read(undefined))]],
    ['or the new', [op(1, 4, write(1)), op(2, 3, read(1))]],
    ['old and then new', [op(1, 9, write(1)), op(2, 3, read(undefined)), op(4, 5, read(1))]],
    ['a write that never ended took place', [op(1, Infinity, write(1)), op(5, 6, read(1))]],
    ['or did not', [op(1, Infinity, write(1)), op(5, 6, read(undefined))]],
    [
      'or took place late',
      [op(1, Infinity, write(1)), op(2, 3, write(2)), op(4, 5, read(2)), op(6, 7, read(1))],
    ],
    ['two keys are two registers', [op(1, 2, write(1)), op(3, 4, { ...read(undefined), key: 'other' })]],
    ['equal content is equal', [op(1, 2, write({ a: 1, b: [2] })), op(3, 4, read({ b: [2], a: 1 }))]],
    ['at one and the same time they overlap', [op(1, 2, write(1)), op(2, 3, read(undefined))]],
  ])('accepts: %s', (_, operations) => expect(verdict(operations)).toBe('linearizable'));

  it.each<[string, RegisterOperation[]]>([
    ['a stale read', [op(1, 2, write(1)), op(3, 4, read(undefined))]],
    ['a read of what nobody wrote', [op(1, 2, write(1)), op(3, 4, read(2))]],
    ['a read of the future', [op(1, 2, read(1)), op(3, 4, write(1))]],
    // The three holes of R + W > N with last-write-wins (reference §2.2).
    [
      'new, and then old, while a write is under way',
      [op(1, 9, write(1)), op(2, 3, read(1)), op(4, 5, read(undefined))],
    ],
    [
      'a failed write that flips and flops',
      [
        op(1, 2, write(1)),
        op(3, Infinity, write(2)),
        op(5, 6, read(2)),
        op(7, 8, read(1)),
        op(9, 10, read(2)),
      ],
    ],
    ['an acknowledged write that is lost', [op(1, 2, write(1)), op(3, 4, write(2)), op(5, 6, read(1))]],
    [
      'two writers in an order that no one order explains',
      [op(1, 10, write(1)), op(2, 11, write(2)), op(12, 13, read(1)), op(14, 15, read(2))],
    ],
  ])('finds: %s', (_, operations) => {
    expect(verdict(operations)).toBe('violation');
    expect(checkLinearizability([...operations].reverse(), registerModel).verdict).toBe('violation');
  });

  it('shows the shortest beginning that is wrong, and no operation of another key', () => {
    const before = Array.from({ length: 40 }, (_, n) =>
      op(10 * n, 10 * n + 5, n % 2 === 0 ? write(n) : read(n - 1)),
    );
    const other = op(1, 2, { ...write(1), key: 'other' });
    const wrong = op(1000, 1001, read('?'));
    const after = op(1002, 1003, write('later'));
    const { counterexample } = checkLinearizability([after, other, wrong, ...before], registerModel);
    expect(counterexample.at(-1)).toEqual(wrong);
    expect(counterexample).toHaveLength(41);
  });

  it('gives up after so many steps, and says so', () => {
    const heap = Array.from({ length: 14 }, (_, n) => op(n, 100 + n, write(n)));
    const history = [...heap, op(200, 201, read('?'))];
    expect(checkLinearizability(history, registerModel, { maxSteps: 1_000 }).verdict).toBe('unknown');
    expect(() => checkLinearizability(history, registerModel, { maxSteps: 0 })).toThrow(/maxSteps/);
    expect(() => checkLinearizability(history, {} as never)).toThrow(/allows/);
  });

  it('checks a hundred operations of five clients in a moment', () => {
    const operations = Array.from({ length: 100 }, (_, n) =>
      op(2 * n, 2 * n + 9, n % 3 === 0 ? write(n) : read(n - (n % 3))),
    );
    expect(verdict(operations)).toBe('linearizable');
  });

  it('takes any model: a counter whose increments answer what they made', () => {
    interface Increment extends Operation {
      readonly answered: number | undefined;
    }
    const counter: Model<number, Increment> = {
      initial: 0,
      allows: (state, { answered }) => answered === undefined || answered === state + 1,
      next: (state) => state + 1,
    };
    const both = (a: number, b: number): string =>
      checkLinearizability<number, Increment>(
        [
          { startedAt: 1, endedAt: 4, answered: a },
          { startedAt: 2, endedAt: 3, answered: b },
        ],
        counter,
      ).verdict;
    expect([both(1, 2), both(2, 1), both(1, 1), both(1, 3)]).toEqual([
      'linearizable',
      'linearizable',
      'violation',
      'violation',
    ]);
  });
});

/** A small history: up to six operations on two values, some without an end. */
const histories = fc
  .array(
    fc.record({
      type: fc.constantFrom('read' as const, 'write' as const),
      value: fc.integer({ min: 1, max: 2 }),
      at: fc.tuple(fc.nat(12), fc.nat(12)),
      ends: fc.boolean(),
      empty: fc.boolean(),
    }),
    { maxLength: 6 },
  )
  .map((list) =>
    list.map(({ type, value, at: [a, b], ends, empty }) =>
      op(Math.min(a, b), type === 'write' && !ends ? Infinity : Math.max(a, b) + 0.5, {
        type,
        value: type === 'read' && empty ? undefined : value,
      }),
    ),
  );

/** Tries every order, and for each operation that has not ended both that it happened and that it did not. */
function bruteForce(operations: readonly RegisterOperation[]): boolean {
  const place = (left: readonly RegisterOperation[], state: unknown): boolean => {
    if (left.every(({ endedAt }) => endedAt === Infinity)) return true;
    return left.some((next) => {
      const rest = left.filter((one) => one !== next);
      if (rest.some(({ endedAt }) => endedAt < next.startedAt)) return false;
      if (next.type === 'read' && next.value !== state) return false;
      return place(rest, next.type === 'write' ? next.value : state);
    });
  };
  return place(operations, undefined);
}

describe('against brute force', () => {
  it('the search gives the same verdict on every small history', () => {
    const met = { linearizable: 0, violation: 0 };
    fc.assert(
      fc.property(histories, (operations) => {
        const expected = bruteForce(operations) ? 'linearizable' : 'violation';
        met[expected]++;
        expect(verdict(operations)).toBe(expected);
      }),
      { numRuns: 3_000, seed: 1 },
    );
    expect(Math.min(met.linearizable, met.violation)).toBeGreaterThan(300);
  });

  it('what the tags explain is linearizable', () => {
    let explained = 0;
    fc.assert(
      fc.property(histories, fc.array(fc.nat(9), { minLength: 6, maxLength: 6 }), (operations, tags) => {
        // Writes get tags of their own in any order; a read the tag of a write of its value, if there is one.
        const writes = operations.map((one, n) =>
          one.type === 'write' ? { ...one, tag: `${tags[n]}.${n}` } : one,
        );
        const tagged = writes.map((one, n) => {
          if (one.type === 'write' || one.value === undefined) return one;
          const sources = writes.filter(({ type, value }) => type === 'write' && value === one.value);
          const source = sources[(tags[n] ?? 0) % Math.max(1, sources.length)];
          return { ...one, tag: source?.tag ?? 'none' };
        });
        if (checkTagOrder(tagged).length > 0) return;
        explained++;
        expect(bruteForce(operations)).toBe(true);
      }),
      { numRuns: 3_000, seed: 1 },
    );
    expect(explained).toBeGreaterThan(300);
  });
});

describe('checkTagOrder', () => {
  const w = (tag: string, from: number, to: number, value: unknown = tag): RegisterOperation =>
    op(from, to, { type: 'write', value, tag });
  const r = (tag: string | undefined, from: number, to: number, value: unknown = tag): RegisterOperation =>
    op(from, to, { type: 'read', value, tag });

  it.each<[string, RegisterOperation[]]>([
    ['two writes with one tag', [w('1', 1, 2, 'a'), w('1', 1, 3, 'b')]],
    ['a read of what nobody wrote', [r('1', 1, 2)]],
    ['a read of another value than was written', [w('1', 1, 2, 'a'), r('1', 3, 4, 'b')]],
    ['a read of what was written later', [r('1', 1, 2), w('1', 3, 4)]],
    ['a write that is not later than what was done before it', [w('2', 1, 2), w('1', 3, 4)]],
    ['a read that is older than what was done before it', [w('1', 1, 9), r('1', 2, 3), r(undefined, 4, 5)]],
  ])('finds: %s', (why, operations) => {
    expect(checkTagOrder(operations).map((found) => found.why)).toContain(why);
    expect(verdict(operations.map((one) => ({ ...one })))).toBe(
      why === 'two writes with one tag' || why.startsWith('a write') ? 'linearizable' : 'violation',
    );
  });

  it('accepts what is right, pending writes included, and compares tags as it is told', () => {
    const history = [w('1', 1, 2), w('2', 3, Infinity), w('3', 5, 6), r('3', 7, 8), r('3', 9, 10)];
    expect(checkTagOrder(history)).toEqual([]);
    expect(checkTagOrder([w('9', 1, 2), w('10', 3, 4)])).toHaveLength(1);
    expect(
      checkTagOrder([w('9', 1, 2), w('10', 3, 4)], { compare: (a, b) => Number(a) - Number(b) }),
    ).toEqual([]);
    // A pending write without a tag was never sent.
    expect(checkTagOrder([op(1, Infinity, write(1)), r(undefined, 2, 3)])).toEqual([]);
    try {
      checkTagOrder([op(1, 2, write(1))]);
      expect.unreachable();
    } catch (error) {
      expect(isOptionError(error)).toBe(true);
    }
  });
});

describe('recordHistory', () => {
  it('orders events of one moment as they were, strikes what did nothing, and leaves the unknown open', () => {
    const history = recordHistory();
    const a = history.called({ type: 'write', key: 'k', value: 1, client: 'a' });
    a.returned({ tag: 't1' });
    const b = history.called({ type: 'read', key: 'k', value: undefined });
    const c = history.called({ type: 'write', key: 'k', value: 2 });
    history.called({ type: 'read', key: 'k', value: undefined }).unknown();
    history.called({ type: 'write', key: 'k', value: 3 }).refused();
    history.called({ type: 'read', key: 'k', value: undefined });
    b.returned({ value: 1, tag: 't1' });
    c.unknown({ tag: 't2' });
    expect(history.operations()).toMatchObject([
      { type: 'write', value: 1, tag: 't1', startedAt: 1, endedAt: 2, client: 'a' },
      { type: 'read', value: 1, tag: 't1', startedAt: 3 },
      { type: 'write', value: 2, tag: 't2', endedAt: Infinity },
    ]);
    expect(history.operations()[0]?.endedAt).toBeLessThan(history.operations()[1]?.startedAt ?? 0);
  });
});
