/** What no one should do, and what then happens: keys, key functions, times and clocks that are not what they seem. */
import { isOptionError } from 'evenkeel';
import { coalescingCache } from 'evenkeel/cache';
import { describe, expect, it } from 'vitest';
import { bench, fill, standing } from './kit.ts';

describe('a key', () => {
  const odd: [string, unknown][] = [
    ['an object', { id: [1, { deep: true }] }],
    ['a symbol', Symbol('s')],
    ['a function', () => 1],
    ['NaN', Number.NaN],
    ['undefined', undefined],
    ['null', null],
    ['-0', -0],
    ['__proto__', '__proto__'],
    ['hasOwnProperty', 'hasOwnProperty'],
    ['an object without a prototype', Object.assign(Object.create(null) as object, { a: 1 })],
    ['an object that throws when it is made text', { toString: () => { throw new Error('no'); } }],
    ['a lone surrogate', '\ud800'],
    ['a text of a million letters', 'k'.repeat(1_000_000)],
    ['bytes', new Uint8Array([1, 2])],
    ['an invalid date', new Date(Number.NaN)],
  ]; // prettier-ignore

  it.each(odd)('may be %s', async (_, key) => {
    const { origin, users } = bench<string, unknown>();
    const answer = users.get(key);
    origin.next().resolve('one');
    await answer;
    expect(await standing(users.get(key))).toBe('one');
    expect(users.peek(key)).toBe('one');
    expect(users.delete(key)).toBe(true);
  });

  it('with a cycle is refused by name, from get as a rejection', async () => {
    const { users } = bench<string, unknown>();
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    expect(isOptionError(await users.get(cycle).catch((error: unknown) => error))).toBe(true);
    expect(() => users.peek(cycle)).toThrow(expect.objectContaining({ option: 'the key' }));
  });

  it('with a getter or a proxy that throws rejects, and breaks nothing', async () => {
    const { origin, users } = bench<string, unknown>();
    const trap = new Proxy({}, { ownKeys: () => { throw new Error('trap'); } }); // prettier-ignore
    await expect(users.get(trap)).rejects.toThrow('trap');
    await fill({ origin, users }, 'a', 'one');
  });
});

describe('a key function', () => {
  it('that throws rejects the caller, and throws from the controls', async () => {
    const { origin, users } = bench({
      key: (arg) => {
        if (arg === 'bad') throw new Error('no key');
        return arg;
      },
    });
    await expect(users.get('bad')).rejects.toThrow('no key');
    await expect(users.lookup('bad', { timeoutMs: 5 })).rejects.toThrow('no key');
    expect(() => users.set('bad', 'x')).toThrow('no key');
    expect(origin.requests).toEqual([]);
    await fill({ origin, users }, 'a', 'one');
    expect(users.snapshot()).toMatchObject({ loading: 0, entries: 1 });
  });
});

describe('a million long keys', () => {
  it('take no more room than maxEntries', () => {
    const cache = coalescingCache({ load: async (key: string) => key.length, ttlMs: 1000, maxEntries: 100 });
    const long = 'k'.repeat(1000);
    for (let n = 0; n < 1_000_000; n += 50) cache.set(`${long}${n}`, n);
    expect(cache.snapshot()).toMatchObject({ entries: 100, evictions: 19_900 });
    expect(cache.peek(`${long}999950`)).toBe(999_950);
  });
});

describe('a clock', () => {
  it('that steps back, or says NaN, revives nothing and ends nothing', async () => {
    const { clock, origin, users } = bench({ staleIfErrorMs: 50 });
    await fill({ origin, users }, 'a', 'one');
    await clock.advance(100);
    expect(users.peek('a')).toBeUndefined();
    clock.jump(-1000);
    const stale = users.lookup('a');
    origin.next().reject(new Error('boom'));
    expect(await stale).toMatchObject({ value: 'one', state: 'stale', ageMs: 100 });
    let now = 0;
    const cache = coalescingCache({
      load: async (key: string) => key,
      ttlMs: 10,
      clock: { now: () => now, setTimeout: () => 0, clearTimeout: () => {} },
    });
    await cache.get('a');
    now = Number.NaN;
    expect(cache.peek('a')).toBe('a');
    now = 10;
    expect(cache.peek('a')).toBeUndefined();
  });
});

describe('a value', () => {
  it('may be anything but a Response: a promise in an object, a frozen array, an Error', async () => {
    const { origin, users } = bench<unknown>();
    for (const value of [{ later: Promise.resolve(1) }, Object.freeze([1]), new Error('a value'), Symbol('v'), () => 1]) {
      users.clear();
      await fill({ origin, users }, 'a', value);
      expect(users.peek('a')).toBe(value);
    }
  }); // prettier-ignore

  it('that throws when it is looked at fails its load alone', async () => {
    const { origin, users } = bench<unknown>();
    const trap = new Proxy({}, { get: (_, name) => { if (name === 'then') return undefined; throw new Error('trap'); } }); // prettier-ignore
    const answer = users.get('a').catch((error: unknown) => error);
    origin.next().resolve(trap);
    expect(await answer).toMatchObject({ message: 'trap' });
    expect(users.snapshot()).toMatchObject({ loading: 0, failures: 1 });
  });
});
