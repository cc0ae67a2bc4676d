import * as fc from 'fast-check';
import { endpoint, type Endpoint } from 'evenkeel';
import { describe, expect, it } from 'vitest';
import { readAnswer, sameEndpoints } from '../../src/discovery/answer.ts';
import {
  aged,
  answered,
  changesAtMs,
  isKnown,
  type Limits,
  lost,
  refused,
  rested,
  type Standing,
  UNKNOWN,
} from '../../src/discovery/standing.ts';

const limits: Limits = { maxAgeMs: Infinity, removalDelayMs: 0, maxEndpoints: 100 };
const list = (...ids: string[]): Endpoint<string>[] => ids.map((id) => endpoint(id));
const ids = ({ endpoints }: Standing<string>): string => endpoints.map(({ id }) => String(id)).join('');

describe('an answer', () => {
  const read = (answer: unknown) => readAnswer('test', answer, 3);

  it('is a list of addresses and endpoints, of which the first with an identity counts', () => {
    const { endpoints, duplicates } = read(['a', endpoint('b', { id: 'a', weight: 9 }), 'c']);
    expect(endpoints.map(({ id, weight }) => [id, weight])).toEqual([
      ['a', 1],
      ['c', 1],
    ]);
    expect(duplicates.map(({ address }) => address)).toEqual(['b']);
  });

  it.each([
    ['nothing', undefined, /the answer must be a list/],
    ['what is no list', 'a,b', /the answer must be a list/],
    ['a list with a hole', ['a', null], /an entry of the answer must be an endpoint/],
    ['more than is held', ['a', 'b', 'c', 'd'], /length of the answer must be at most 3, got 4/],
    ['an empty list', [], /holds no endpoint/],
  ])('is not %s', (_, answer, message) => expect(() => read(answer)).toThrow(message));

  it('is the same in another order, and another with any other fact', () => {
    const [a, b] = [endpoint('a'), endpoint('b', { weight: 2, zone: 'z', priority: 1, labels: { k: 'v' } })];
    expect(sameEndpoints([a, b], [{ ...b, labels: { k: 'v' } }, { ...a }])).toBe(true);
    for (const other of [
      { ...b, id: 'c' },
      { ...b, address: 'c' },
      { ...b, weight: 3 },
      { ...b, zone: undefined },
      { ...b, priority: 0 },
      { ...b, labels: { k: 'w' } },
      { ...b, labels: {} },
      { ...b, labels: { other: 'v' } },
    ])
      expect(sameEndpoints([a, b], [a, other])).toBe(false);
    expect(sameEndpoints([a, b], [a])).toBe(false);
  });

  it('compares plain addresses by their fields, and all others by identity', () => {
    const of = (address: unknown) => [endpoint(address, { id: 1 })];
    const nobody: object = Object.create(null) as object;
    expect(sameEndpoints(of({ host: 'a' }), of({ host: 'a' }))).toBe(true);
    expect(sameEndpoints(of({ host: 'a' }), of({ host: 'b' }))).toBe(false);
    expect(sameEndpoints(of({}), of(nobody))).toBe(true);
    expect(sameEndpoints(of(new URL('http://a')), of(new URL('http://a')))).toBe(false);
    expect(sameEndpoints(of(null), of({}))).toBe(false);
  });
});

describe('what a source knows', () => {
  it('is nothing at first, whatever fails', () => {
    expect(refused(UNKNOWN, 'boom')).toMatchObject({ kind: 'waiting', error: 'boom' });
    expect(rested(UNKNOWN).kind).toBe('waiting');
    expect(lost(UNKNOWN).kind).toBe('waiting');
    expect(changesAtMs(UNKNOWN, { ...limits, maxAgeMs: 5 })).toBe(Infinity);
  });

  it('is the last good answer, however often the source fails after it', () => {
    let standing = answered<string>(UNKNOWN, list('a', 'b'), 10, limits);
    expect(standing).toMatchObject({ kind: 'fresh', atMs: 10 });
    for (let n = 0; n < 3; n++) standing = refused(standing, n);
    expect(standing).toMatchObject({ kind: 'stale', atMs: 10, error: 2 });
    expect(ids(standing)).toBe('ab');
    expect(answered(standing, list('c'), 20, limits)).toMatchObject({ kind: 'fresh', error: undefined });
  });

  it('keeps its list while answers say the same', () => {
    const standing = answered<string>(UNKNOWN, list('a', 'b'), 10, limits);
    expect(answered(standing, list('b', 'a'), 20, limits).endpoints).toBe(standing.endpoints);
  });

  it('is lost by age alone, until the next answer', () => {
    const short = { ...limits, maxAgeMs: 100 };
    const stale = refused(answered<string>(UNKNOWN, list('a'), 10, short), 'boom');
    expect(changesAtMs(stale, short)).toBe(110);
    expect(aged(stale, 109, short)).toBe(stale);
    const gone = aged(stale, 110, short);
    expect(gone).toMatchObject({ kind: 'lost', error: 'boom' });
    expect(changesAtMs(gone, short)).toBe(Infinity);
    expect(refused(gone, 'again').kind).toBe('lost');
    expect(answered(gone, list('a'), 200, short).kind).toBe('fresh');
  });

  it('is left by an endpoint at once, or after the delay', () => {
    const slow = { ...limits, removalDelayMs: 50 };
    const both = answered<string>(UNKNOWN, list('a', 'b'), 0, slow);
    expect(ids(answered(both, list('a'), 10, limits))).toBe('a');
    const leaving = answered(both, list('a'), 10, slow);
    expect(ids(leaving)).toBe('ab');
    expect(changesAtMs(leaving, slow)).toBe(60);
    expect(aged(leaving, 59, slow)).toBe(leaving);
    expect(ids(aged(leaving, 60, slow))).toBe('a');
    // The delay counts from when it left, however many answers come meanwhile.
    expect(changesAtMs(answered(leaving, list('a'), 40, slow), slow)).toBe(60);
    // Who comes back is no longer leaving.
    expect(answered(leaving, list('a', 'b'), 40, slow).leaving).toEqual([]);
  });

  it('drops who has left long ago also when nobody has looked in between', () => {
    const slow = { ...limits, removalDelayMs: 50 };
    const leaving = answered(answered<string>(UNKNOWN, list('a', 'b'), 0, slow), list('a'), 10, slow);
    expect(ids(answered(leaving, list('a'), 60, slow))).toBe('a');
  });

  it('holds those who are leaving only up to the bound, the last ones first', () => {
    const few = { maxAgeMs: Infinity, removalDelayMs: 1000, maxEndpoints: 3 };
    let standing = answered<string>(UNKNOWN, list('a', 'b'), 0, few);
    standing = answered(standing, list('c'), 1, few);
    expect(ids(standing)).toBe('cab');
    expect(ids(answered(standing, list('d'), 2, few))).toBe('dca');
  });

  it('has nobody leaving any more once it is lost', () => {
    const both = { maxAgeMs: 10, removalDelayMs: 1000, maxEndpoints: 9 };
    const leaving = answered(answered<string>(UNKNOWN, list('a', 'b'), 0, both), list('a'), 5, both);
    const gone = aged(leaving, 15, both);
    expect(ids(gone)).toBe('a');
    expect(changesAtMs(gone, both)).toBe(Infinity);
  });

  it('brings nobody back who was lost', () => {
    const both = { maxAgeMs: 10, removalDelayMs: 1000, maxEndpoints: 9 };
    const gone = aged(answered<string>(UNKNOWN, list('a'), 0, both), 10, both);
    expect(ids(answered(gone, list('b'), 11, both))).toBe('b');
  });

  it('tells no endpoint twice, all of the last good answer, and nobody who is gone for longer than the delay', () => {
    const step = fc.record({
      afterMs: fc.integer({ min: 0, max: 40 }),
      answer: fc.option(fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { minLength: 1 }), {
        nil: undefined,
      }),
    });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 30 }),
        fc.integer({ min: 0, max: 60 }),
        (steps, removalDelayMs) => {
          const bounds = { maxAgeMs: Infinity, removalDelayMs, maxEndpoints: 100 };
          const lastSeen = new Map<string, number>();
          let [nowMs, standing, last]: [number, Standing<string>, string[]] = [0, UNKNOWN, []];
          for (const { afterMs, answer } of steps) {
            for (const id of last) lastSeen.set(id, nowMs + afterMs);
            nowMs += afterMs;
            standing = aged(standing, nowMs, bounds);
            standing =
              answer === undefined
                ? refused(standing, 'x')
                : answered(standing, list(...answer), nowMs, bounds);
            last = answer ?? last;
            const told = standing.endpoints.map(({ address }) => address);
            expect(new Set(told).size).toBe(told.length);
            expect(told).toEqual(expect.arrayContaining(last));
            for (const id of told.filter((one) => !last.includes(one)))
              expect(nowMs - (lastSeen.get(id) ?? -Infinity)).toBeLessThan(removalDelayMs);
            expect(isKnown(standing)).toBe(last.length > 0);
          }
        },
      ),
    );
  });
});
