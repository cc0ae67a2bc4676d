import { isOptionError } from 'evenkeel';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Keys } from '../../src/cache/keys.ts';
import { bench, fill } from './kit.ts';

const keys = new Keys('test');
const same = (a: unknown, b: unknown): boolean => new Map([[keys.of(a), true]]).has(keys.of(b));

class User {
  readonly id: number;
  constructor(id: number) {
    this.id = id;
  }
}
const user = new User(1);
const fn = (): void => {};
const symbol = Symbol('s');
const mark = '\u0000';

describe('keys', () => {
  const distinct: unknown[] = [
    ["a,'b"],
    1, '1', 1n, true, 'true', null, 'null', undefined, 'undefined', Number.NaN, 'NaN', 0, '', Infinity,
    {}, '{}', [], '[]', [[]], [1], '[1]', ['1'], [1n], [1, 2], ['1,2'], [[1], 2], [1, [2]], [null], [undefined],
    ['a', 'b'], ["a',1'b"], { a: 1 }, '{"a":1}', { a: '1' }, { a: undefined }, { a: null }, { b: 1 }, { a: 1, b: 2 },
    { a: { b: 1 } }, { 'a=1,b': 2 }, new Map(), new Set(), new Map([['a', 1]]), new Map([['a', '1']]), new Set(['a']),
    new Set([1]), new Map([[{ a: 1 }, 1]]), new Date(1), new Date(2), new Date(Number.NaN), /a/, /a/g, /b/,
    new URL('http://a/'), new URL('http://b/'), 'http://a/', Uint8Array.of(1), Uint8Array.of(2), Int8Array.of(1),
    Uint16Array.of(1), Uint8Array.of(1).buffer, new DataView(Uint8Array.of(1).buffer), fn, () => {}, symbol,
    Symbol('s'), Symbol.for('s'), [symbol], [Symbol('s')], [Symbol.for('s')], user, new User(1), { id: 1 }, [user],
    [new User(1)], new Error('x'), new Error('x'), new Number(1), new Number(1), { [symbol]: 1 }, { [symbol]: 2 },
    { [Symbol('s')]: 1 }, JSON.parse('{"__proto__":1}'), JSON.parse('{"__proto__":2}'), { constructor: 1 },
    mark, `${mark}{}`, `${mark}undefined`, `${mark}[]`, `${mark}null`, `${mark}@1`, `${mark}${mark}`,
  ]; // prettier-ignore

  it('are distinct for all that differs', () => {
    const seen = new Map<unknown, unknown>();
    for (const value of distinct) {
      const key = keys.of(value);
      expect(seen.has(key), `${String(key)} twice`).toBe(false);
      seen.set(key, value);
    }
  });

  it('are the same for what says the same', () => {
    const pairs: [unknown, unknown][] = [
      [
        { a: 1, b: { c: 2, d: 3 } },
        { b: { d: 3, c: 2 }, a: 1 },
      ],
      [{ a: 1 }, Object.assign(Object.create(null), { a: 1 })],
      [new Map<string, number>([['a', 1], ['b', 2]]), new Map([['b', 2], ['a', 1]])], // prettier-ignore
      [new Set([1, 'x']), new Set(['x', 1])],
      [new Date(5), new Date(5)],
      [/a/g, /a/g],
      [new URL('http://a'), new URL('http://a/')],
      [Uint8Array.of(1, 2), Buffer.from([1, 2])],
      [0, -0],
      [[0], [-0]],
      [Number.NaN, Number.NaN],
      [[Symbol.for('x')], [Symbol.for('x')]],
      [
        { [symbol]: 1, a: 1 },
        { a: 1, [symbol]: 1 },
      ],
      [fn, fn],
      [{ user }, { user }],
    ];
    for (const [a, b] of pairs) expect(same(a, b)).toBe(true);
  });

  it('are primitives themselves where the argument is one', () => {
    for (const value of ['a', 5, true, 7n, symbol]) expect(keys.of(value)).toBe(value);
  });

  it('of two pieces of data are the same exactly when these are equal', () => {
    const data = fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, maxDepth: 3 });
    const canonical = fc.stringify;
    fc.assert(
      fc.property(data, data, (a, b) => {
        // The two generators are independent, so mostly unequal: collisions would show as true.
        if (canonical(a) !== canonical(b)) return !same(a, b) || looseEqual(a, b);
        return true;
      }),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(data, (a) => same(a, structuredClone(a))),
      { numRuns: 500 },
    );
  });

  it('keep strings and structures apart, whatever is in the string', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.anything(), (string, value) => {
        const written = keys.of([value]);
        return !same(String(written), [value]) && same(string, string);
      }),
    );
  });

  it('refuse a cycle by name', () => {
    const ring: { next?: unknown } = {};
    ring.next = ring;
    const list: unknown[] = [];
    list.push(list);
    for (const value of [ring, list, new Map([['a', ring]]), new Set([ring])]) {
      expect(() => keys.of(value)).toThrow(/test: the key must be data without cycles/);
    }
  });

  it('reject get and throw from set when they cannot be made', async () => {
    const ring: { next?: unknown } = {};
    ring.next = ring;
    const { users } = bench<string, unknown>();
    expect(isOptionError(await users.get(ring).catch((error: unknown) => error))).toBe(true);
    expect(isOptionError(await users.lookup(ring).catch((error: unknown) => error))).toBe(true);
    expect(() => users.set(ring, 'x')).toThrow(/cycles/);
    const throwing = bench<string, unknown>({
      key: () => {
        throw new Error('no key');
      },
    });
    await expect(throwing.users.get('a')).rejects.toThrow('no key');
    await expect(throwing.users.get('a', { timeoutMs: 5 })).rejects.toThrow('no key');
  });

  it('can be chosen', async () => {
    const { origin, users } = bench<string, { id: string; trace: string }>({ key: (request) => request.id });
    await fill({ origin, users }, { id: 'a', trace: '1' }, 'one');
    expect(await users.get({ id: 'a', trace: '2' })).toBe('one');
    expect(origin.requests).toHaveLength(1);
  });
});

/** Equal up to the order of names and members, and the sign of zero. */
function looseEqual(a: unknown, b: unknown): boolean {
  try {
    expect(a).toEqual(b);
    return true;
  } catch {
    return false;
  }
}
