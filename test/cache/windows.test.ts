/** Windows that a value, a nothing or an error has of its own, jitter, and refreshes ahead of time. */
import { isOptionError } from 'evenkeel';
import { seededRandom } from 'evenkeel/testing';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Entry, isEarly, jittered, mayBeEarly, type Terms } from '../../src/cache/freshness.ts';
import { bench, fill, standing } from './kit.ts';

const boom = new Error('boom');

interface Page {
  readonly body: string;
  readonly maxAgeMs: number;
}

describe('a window by the value', () => {
  const page = (maxAgeMs: number): Page => ({ body: 'b', maxAgeMs });

  it('lasts as long as the value says, each for itself', async () => {
    const { clock, origin, users } = bench<Page>({
      ttlMs: ({ maxAgeMs }) => maxAgeMs,
      staleIfErrorMs: ({ maxAgeMs }, arg) => (arg === 'b' ? 0 : 10 * maxAgeMs),
    });
    await fill({ origin, users }, 'a', page(10));
    await fill({ origin, users }, 'b', page(500));
    await clock.advance(10);
    expect([users.peek('a'), users.peek('b')]).toEqual([undefined, page(500)]);
    const stale = users.lookup('a');
    origin.next().reject(boom);
    expect(await stale).toMatchObject({ state: 'stale', error: boom });
    await clock.advance(490);
    const cold = users.get('b').catch((error: unknown) => error);
    origin.next().reject(boom);
    expect(await cold).toBe(boom);
  });

  it('counts for set as well', async () => {
    const { clock, users } = bench<Page>({ ttlMs: ({ maxAgeMs }) => maxAgeMs });
    users.set('a', page(10));
    await clock.advance(9);
    expect(users.peek('a')).toEqual(page(10));
    await clock.advance(1);
    expect(users.peek('a')).toBeUndefined();
  });

  it.each([Number.NaN, -1, 'soon' as never])(
    'of %s fails the load by name, and stores nothing',
    async (ms) => {
      const { origin, users } = bench<Page>({ staleWhileRevalidateMs: () => ms });
      const answer = users.get('a').catch((error: unknown) => error);
      origin.next().resolve(page(10));
      const error = await answer;
      expect(isOptionError(error)).toBe(true);
      expect(error).toMatchObject({ option: 'staleWhileRevalidateMs' });
      expect(users.snapshot()).toMatchObject({ entries: 0, failures: 1, loading: 0 });
    },
  );

  it('that throws fails the load with what it throws', async () => {
    const { origin, users } = bench<Page>({
      ttlMs: () => {
        throw boom;
      },
    });
    const answer = users.get('a').catch((error: unknown) => error);
    origin.next().resolve(page(10));
    expect(await answer).toBe(boom);
    expect(() => users.set('a', page(1))).toThrow(boom);
  });
});

describe('what is not there', () => {
  it.each([undefined, null])('is remembered as %s for a time of its own', async (nothing) => {
    const { clock, origin, users } = bench<string | undefined | null>({ notFoundTtlMs: 10 });
    await fill({ origin, users }, 'a', nothing);
    await fill({ origin, users }, 'b', 'here');
    await clock.advance(9);
    expect(await users.get('a')).toBe(nothing);
    await clock.advance(1);
    await fill({ origin, users }, 'a', 'here by now');
    expect(await users.get('b')).toBe('here');
    expect(origin.requests).toEqual(['a', 'b', 'a']);
  });

  it('is remembered for ttlMs if nothing else is said, and beside windows by the value', async () => {
    const { clock, origin, users } = bench<string | undefined>();
    await fill({ origin, users }, 'a', undefined);
    await clock.advance(99);
    expect(await users.get('a')).toBeUndefined();
    const both = bench<string | undefined>({ ttlMs: () => 1000, notFoundTtlMs: 5, tags: () => ['t'] });
    await fill(both, 'a', undefined);
    await both.clock.advance(5);
    void both.users.get('a');
    expect(both.origin.waiting).toBe(1);
  });
});

describe('a remembered error', () => {
  it('lasts as long as a function of it says', async () => {
    const gone = new Error('gone');
    const { clock, origin, users } = bench({ errorTtlMs: (error) => (error === gone ? 50 : 0) });
    const failed = async (error: Error) => {
      const answer = users.get('a').catch((reason: unknown) => reason);
      if (origin.waiting > 0) origin.next().reject(error);
      return await answer;
    };
    expect(await failed(boom)).toBe(boom);
    expect(await failed(gone)).toBe(gone);
    await clock.advance(49);
    expect(await failed(boom)).toBe(gone);
    await clock.advance(1);
    expect(await failed(boom)).toBe(boom);
    expect(origin.requests).toHaveLength(3);
  });

  it.each([
    () => Number.NaN,
    () => -5,
    () => {
      throw boom;
    },
  ])('is not, where the function says nothing sound', async (errorTtlMs) => {
    const { origin, users } = bench({ errorTtlMs });
    const down = new Error('down');
    for (let call = 1; call <= 2; call++) {
      const answer = users.get('a').catch((error: unknown) => error);
      origin.next().reject(down);
      expect(await answer).toBe(down);
    }
    expect(users.snapshot().loading).toBe(0);
  });
});

describe('jitter', () => {
  it('takes away up to its part of the time, and adds none', () => {
    fc.assert(
      fc.property(fc.nat(1e9), fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 0.999, noNaN: true }), (ttlMs, jitter, draw) => {
        const ms = jittered(ttlMs, jitter, draw);
        expect(ms).toBeLessThanOrEqual(ttlMs);
        expect(ms).toBeGreaterThanOrEqual(Math.floor(ttlMs * (1 - jitter)));
      }),
    ); // prettier-ignore
    expect(jittered(Infinity, 1, 0.5)).toBe(Infinity);
  });

  it('ends the freshness of values that were loaded together at different times', async () => {
    const { clock, origin, users } = bench({ ttlMs: 1000, ttlJitter: 0.3, random: seededRandom(7) });
    const keys = Array.from({ length: 100 }, (_, n) => `k${n}`);
    for (const key of keys) await fill({ origin, users }, key, 'v');
    await clock.advance(699);
    expect(keys.every((key) => users.peek(key) === 'v')).toBe(true);
    await clock.advance(151);
    const half = keys.filter((key) => users.peek(key) === 'v').length;
    expect(half).toBeGreaterThan(35);
    expect(half).toBeLessThan(65);
    await clock.advance(150);
    expect(keys.some((key) => users.peek(key) === 'v')).toBe(false);
  });

  it('comes with early refreshes, unless it is said not to', async () => {
    const lasting = async (ttlJitter?: number): Promise<number> => {
      const said = ttlJitter === undefined ? {} : { ttlJitter };
      const { clock, origin, users } = bench({
        ttlMs: 1000,
        earlyRefreshBeta: 1,
        random: () => 0.99,
        ...said,
      });
      await fill({ origin, users }, 'a', 'v');
      await clock.advance(950);
      return users.peek('a') === undefined ? 950 : 1000;
    };
    expect([await lasting(), await lasting(0)]).toEqual([950, 1000]);
  });
});

describe('an early refresh', () => {
  const terms: Terms = { staleWhileRevalidateMs: 0, staleIfErrorMs: 0, tags: undefined, validator: undefined, size: 1 }; // prettier-ignore

  it('comes with the odds of XFetch: exp(−left / (β · cost))', () => {
    const entry = new Entry('v', 0, 1000, terms, 50, 0);
    const random = seededRandom(3);
    for (const beta of [0.5, 1, 2]) {
      for (const leftMs of [25, 50, 100, 200]) {
        let early = 0;
        for (let n = 0; n < 20_000; n++) if (isEarly(entry, 1000 - leftMs, beta, random())) early++;
        expect(early / 20_000).toBeCloseTo(Math.exp(-leftMs / (beta * 50)), 1);
      }
    }
    expect(isEarly(entry, 0, 1, 0)).toBe(false);
  });

  it('is worth a draw only where one can say yes', () => {
    const entry = new Entry('v', 0, 1000, terms, 10, 0);
    expect(mayBeEarly(entry, 629, 1)).toBe(false);
    expect(isEarly(entry, 629, 1, 1 - 2 ** -53)).toBe(false);
    expect(mayBeEarly(entry, 630, 1)).toBe(true);
  });

  it('serves what is fresh and loads one time in the background; nobody waits', async () => {
    let draw = 0;
    const { clock, origin, users } = bench({ earlyRefreshBeta: 1, ttlJitter: 0, random: () => draw });
    const first = users.get('a');
    await clock.advance(10);
    origin.next().resolve('one');
    await first;
    expect(await users.lookup('a')).toMatchObject({ value: 'one', state: 'fresh' });
    await clock.advance(60);
    draw = 0.5;
    expect(await users.get('a')).toBe('one');
    await clock.settle();
    expect(origin.waiting).toBe(0);
    draw = 0.999_999;
    expect(await Promise.all([users.get('a'), users.get('a')])).toEqual(['one', 'one']);
    await clock.settle();
    expect(origin.waiting).toBe(1);
    origin.next().resolve('two');
    await clock.settle();
    expect(await users.lookup('a')).toEqual({ value: 'two', state: 'fresh', ageMs: 0 });
    expect(users.snapshot()).toMatchObject({ early: 1, loads: 2, hits: 5, misses: 1 });
  });

  it('that fails takes nothing away, and pauses', async () => {
    const { clock, origin, users } = bench({
      earlyRefreshBeta: 1, ttlJitter: 0, random: () => 0.999_999, refreshBackoffMs: 20, staleIfErrorMs: 500,
    }); // prettier-ignore
    const first = users.get('a');
    await clock.advance(10);
    origin.next().resolve('one');
    await first;
    await clock.advance(40);
    await users.get('a');
    await clock.settle();
    origin.next().reject(boom);
    await clock.settle();
    expect(await users.lookup('a')).toMatchObject({ value: 'one', state: 'fresh', error: boom });
    await clock.settle();
    expect(origin.waiting).toBe(0);
    await clock.advance(20);
    await users.get('a');
    await clock.settle();
    expect(origin.waiting).toBe(1);
  });

  it('is not made for loads that take no time', async () => {
    const { clock, origin, users } = bench({ earlyRefreshBeta: 1000, ttlJitter: 0, random: () => 0.999_999 });
    await fill({ origin, users }, 'a', 'one');
    await clock.advance(99);
    expect(await standing(users.get('a'))).toBe('one');
    await clock.settle();
    expect(origin.waiting).toBe(0);
  });
});
