/** Session tokens: the laws of a version vector with a bound, the text, and what standing says. */
import * as fc from 'fast-check';
import { session, type Position } from 'evenkeel/replication';
import { describe, expect, it } from 'vitest';
import {
  comparePositions,
  decodeToken,
  EMPTY_TOKEN,
  encodeToken,
  isName,
  mergeTokens,
  type SessionToken,
  withPosition,
} from '../../src/structures/session-token.ts';

const name = fc.oneof(
  fc.constantFrom('a', 'b', 'c', 'd', 'e', '__proto__', '7'),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 9 }).filter(isName),
);
const position = fc.record({ epoch: fc.nat(2), offset: fc.oneof(fc.nat(5), fc.maxSafeNat()) });
const entries = fc.uniqueArray(fc.tuple(name, position), { maxLength: 6, selector: ([id]) => id });
const token = (max: number) =>
  fc
    .tuple(entries, fc.boolean())
    .map(([list, complete]) => mergeTokens(EMPTY_TOKEN, { positions: new Map(list), complete }, max));

const text = (one: SessionToken) => encodeToken(one);

describe.each([1, 2, 4, 100])('with room for %i', (max) => {
  const merge = (a: SessionToken, b: SessionToken) => mergeTokens(a, b, max);
  const any = token(max);

  it('merging is commutative, associative and idempotent', () => {
    fc.assert(
      fc.property(any, any, any, (a, b, c) => {
        expect(text(merge(a, b))).toBe(text(merge(b, a)));
        expect(text(merge(merge(a, b), c))).toBe(text(merge(a, merge(b, c))));
        expect(text(merge(a, a))).toBe(text(a));
        expect(text(merge(a, merge(a, b)))).toBe(text(merge(a, b)));
      }),
    );
  });

  it('never forgets what it saw without saying so, and is never larger than allowed', () => {
    fc.assert(
      fc.property(any, any, (a, b) => {
        const both = merge(a, b);
        expect(both.positions.size).toBeLessThanOrEqual(max);
        for (const [id, seen] of [...a.positions, ...b.positions]) {
          const kept = both.positions.get(id);
          if (kept === undefined) expect(both.complete).toBe(false);
          else expect(comparePositions(kept, seen)).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });

  it('seeing one position after another is merging them', () => {
    fc.assert(
      fc.property(any, name, position, (a, id, seen) => {
        const one = mergeTokens(EMPTY_TOKEN, { positions: new Map([[id, seen]]), complete: true }, max);
        expect(text(withPosition(a, id, seen, max))).toBe(text(merge(a, one)));
      }),
    );
  });

  it('goes through its text unchanged', () => {
    fc.assert(
      fc.property(any, (a) => {
        const written = encodeToken(a);
        expect(written).toMatch(/^[\w~.%*-]+$/);
        const read = decodeToken(written);
        expect(read?.complete).toBe(a.complete);
        expect(new Map(read?.positions)).toEqual(new Map(a.positions));
      }),
    );
  });
});

describe('session', () => {
  const at = (epoch: number, offset: number): Position => ({ epoch, offset });

  const seenAt5 = () => {
    const mine = session();
    mine.saw('p', at(5, 5));
    return mine;
  };

  it('reads its writes: a replica that has not reached them is behind', () => {
    const mine = session();
    expect(mine.standing(3, at(0, 0))).toBe('reached');
    mine.saw(3, at(1, 10));
    expect([at(1, 9), at(1, 10), at(1, 11)].map((applied) => mine.standing(3, applied))).toEqual([
      'behind',
      'reached',
      'reached',
    ]);
    expect(mine.standing(4, at(0, 0))).toBe('reached');
  });

  it('never goes back: what was read counts as what was written', () => {
    const mine = session();
    mine.saw('p', at(1, 10));
    mine.saw('p', at(1, 4));
    expect(mine.seen('p')).toEqual(at(1, 10));
  });

  it('compares epochs first: a new leader may count anew, an old one is behind however far it is', () => {
    const mine = session();
    mine.saw('p', at(2, 5));
    expect(mine.standing('p', at(3, 0))).toBe('reached');
    expect(mine.standing('p', at(1, 1_000_000))).toBe('behind');
  });

  it('tells a loss: the next epoch began before what was seen', () => {
    const mine = session();
    mine.saw('p', at(5, 900));
    expect(mine.standing('p', { ...at(6, 950), startedAt: 899 })).toBe('lost');
    expect(mine.standing('p', { ...at(6, 950), startedAt: 900 })).toBe('reached');
    expect(mine.standing('p', { ...at(5, 950), startedAt: 0 })).toBe('reached');
    mine.forget('p');
    expect(mine.standing('p', { ...at(6, 950), startedAt: 899 })).toBe('reached');
  });

  it('does not take one replica’s progress for another’s (gitlab#413203)', () => {
    const mine = session();
    mine.saw('p', at(1, 10));
    expect(mine.standing('p', at(1, 12))).toBe('reached');
    expect(mine.standing('p', at(1, 9))).toBe('behind');
  });

  it('is unknown, not reached, where it had no room', () => {
    const mine = session({ maxPartitions: 2 });
    mine.saw('a', at(1, 1));
    mine.saw('b', at(1, 2));
    mine.saw('c', at(1, 3));
    expect(mine.standing('a', at(9, 9))).toBe('unknown');
    expect(mine.standing('never seen', at(9, 9))).toBe('unknown');
    expect(mine.snapshot()).toEqual({ partitions: 2, complete: false });
    expect(session({ token: mine.token() }).snapshot().complete).toBe(false);
  });

  it('goes on from a text, and keeps to its own bound', () => {
    const wide = session();
    for (let n = 0; n < 10; n++) wide.saw(n, at(1, n));
    const narrow = session({ token: wide.token(), maxPartitions: 3 });
    expect(narrow.snapshot()).toEqual({ partitions: 3, complete: false });
    expect(narrow.seen(9)).toEqual(at(1, 9));
  });

  it('merges sessions and texts', () => {
    const [one, two] = [session(), session()];
    one.saw('a', at(1, 1));
    two.saw('b', at(1, 2));
    one.merge(two);
    two.merge(one.token());
    expect(one.token()).toBe(two.token());
    expect(one.token()).toMatchInlineSnapshot(`"ek1~a.1.1~b.1.2"`);
  });

  it.each([
    ['', 'ek2~a.1.1', 'ek1~', 'ek1~a', 'ek1~a.1', 'ek1~a.-1.1', 'ek1~a.1.1.1', 'ek1~a.1.1~a.1.2'],
    [
      'ek1~%.1.1',
      'ek1~%61.1.1',
      'ek1~.1.1',
      'ek1~a.zzzzzzzzzzz.1',
      'ek1~a.A.1',
      `ek1~${'x'.repeat(129)}.1.1`,
    ],
    [`ek1${'~a.1.1'.repeat(2000)}`],
  ])('refuses texts that are no token', (...texts) => {
    for (const bad of texts) {
      expect(() => session({ token: bad })).toThrow(expect.objectContaining({ option: 'token' }));
      expect(() => session().merge(bad)).toThrow(expect.objectContaining({ option: 'other' }));
    }
  });

  it('does not show the text it refuses', () => {
    expect(() => session({ token: 'secret' })).not.toThrow(/secret/);
  });

  it.each([
    ['maxPartitions', () => session({ maxPartitions: 0 })],
    ['maxPartitions', () => session({ maxPartitions: Number.NaN })],
    ['maxPartitions', () => session({ maxPartitions: 1001 })],
    ['other', () => session().merge(undefined as never)],
    ['other', () => session().merge(null as never)],
    ['partition', () => session().saw('', at(1, 1))],
    ['partition', () => session().saw(1.5, at(1, 1))],
    ['partition', () => session().saw('\ud800', at(1, 1))],
    ['partition', () => session().saw('x'.repeat(129), at(1, 1))],
    ['position', () => session().saw('p', at(-1, 1))],
    ['position', () => session().saw('p', at(1, Number.NaN))],
    ['position', () => session().saw('p', at(1, 2 ** 53))],
    ['applied', () => session().standing('p', undefined as never)],
    ['startedAt', () => seenAt5().standing('p', { ...at(6, 9), startedAt: Number.NaN })],
  ])('refuses a %s that is none', (option, call) => {
    expect(call).toThrow(expect.objectContaining({ code: 'EVENKEEL_OPTION', option }));
  });
});
