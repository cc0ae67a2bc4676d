/** What a cache knows, written down and read again. */
import { isOptionError } from 'evenkeel';
import { persist, type Persisted, restore } from 'evenkeel/cache';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyOfText, keyText } from '../../src/cache/key-text.ts';
import { Keys } from '../../src/cache/keys.ts';
import { bench, fill, type Said } from './kit.ts';

/** A wall clock that the test sets. */
const wall = (startMs = 1_700_000_000_000) => {
  const clock = { nowMs: startMs, wallClock: () => clock.nowMs };
  return clock;
};

/** Through JSON, as a file has it. */
async function written<V>(records: AsyncIterable<Persisted<V>>): Promise<Persisted<V>[]> {
  const lines: string[] = [];
  for await (const record of records) lines.push(JSON.stringify(record));
  return lines.map((line) => JSON.parse(line) as Persisted<V>);
}

describe('a snapshot', () => {
  const terms: Said<string, string> = {
    ttlMs: 1000,
    staleIfErrorMs: 10_000,
    tags: (value) => [`tag:${value}`],
  };

  it('brings back what may be served, as old as it is by then, with its windows and tags', async () => {
    const time = wall();
    const before = bench(terms);
    await fill(before, 'a', 'A');
    await before.clock.advance(400);
    await fill(before, 'b', 'B');
    time.nowMs += 400;
    const records = await written(persist(before.users, time));
    const after = bench(terms);
    time.nowMs += 500;
    expect(await restore(after.users, records, time)).toBe(2);
    expect(await after.users.lookup('a')).toEqual({ value: 'A', state: 'fresh', ageMs: 900 });
    expect(await after.users.lookup('b')).toEqual({ value: 'B', state: 'fresh', ageMs: 500 });
    await after.clock.advance(100);
    const stale = after.users.lookup('a');
    after.origin.next().reject(new Error('boom'));
    expect(await stale).toMatchObject({ value: 'A', state: 'stale', ageMs: 1000 });
    after.users.invalidateTag('tag:B');
    expect(after.users.peek('b')).toBeUndefined();
  });

  it('leaves out what is gone, remembered failures, and keys that mean nothing elsewhere', async () => {
    const { clock, users } = bench<string, unknown>({ ttlMs: 10, staleIfErrorMs: 10 });
    users.set('old', 'v');
    await clock.advance(20);
    users.set(Symbol('s'), 'v');
    users.set({ deep: [() => 1] }, 'v');
    users.set(new AbortController(), 'v');
    users.set({ deep: ['@1'], '@': 2 }, 'kept');
    const keys = (await written(persist(users))).map(({ value }) => value);
    expect(keys).toEqual(['kept']);
    const failing = bench({ errorTtlMs: 1000 });
    const answer = failing.users.get('a').catch(() => {});
    failing.origin.next().reject(new Error('boom'));
    await answer;
    expect(await written(persist(failing.users))).toEqual([]);
  });

  it('keeps the order of use, so that the least used are dropped where there is less room', async () => {
    const { users } = bench();
    for (const key of ['a', 'b', 'c']) users.set(key, key);
    await users.get('a');
    const records = await written(persist(users));
    const small = bench({ maxEntries: 2 });
    await restore(small.users, records);
    expect(['a', 'b', 'c'].map((key) => small.users.peek(key))).toEqual(['a', undefined, 'c']);
  });

  it('knows Infinity, and makes nothing younger when the wall clock steps back', async () => {
    const time = wall();
    const before = bench({ ttlMs: Infinity });
    before.users.set('a', 'A');
    const records = await written(persist(before.users, time));
    const after = bench();
    time.nowMs -= 3_600_000;
    await restore(after.users, records, time);
    expect(await after.users.lookup('a')).toMatchObject({ ageMs: 0, state: 'fresh' });
    await after.clock.advance(10 ** 9);
    expect(after.users.peek('a')).toBe('A');
  });

  it('is read from an async iterable, and does not overwrite what is known or was changed meanwhile', async () => {
    const before = bench({ ttlMs: 10_000 });
    for (const key of ['known', 'deleted', 'set', 'taken', 'late']) before.users.set(key, 'old');
    const records = await written(persist(before.users));
    const { clock, users } = bench({ ttlMs: 10_000 });
    users.set('known', 'new');
    async function* slowly() {
      for (const [at, record] of records.entries()) {
        if (at === 1) {
          users.delete('deleted');
          users.set('set', 'new');
          users.delete('set');
        }
        if (at === 4) users.clear();
        yield record;
        await clock.settle();
      }
    }
    expect(await restore(users, slowly())).toBe(1);
    expect(users.snapshot().entries).toBe(0);
    expect(users.peek('late')).toBeUndefined();
  });

  it('takes over tags that were invalidated since the restoring began', async () => {
    const before = bench(terms);
    before.users.set('a', 'A');
    before.users.set('b', 'B');
    const records = await written(persist(before.users));
    const { users } = bench(terms);
    async function* slowly() {
      yield records[0] as Persisted<string>;
      users.invalidateTag('tag:B');
      yield records[1] as Persisted<string>;
    }
    expect(await restore(users, slowly())).toBe(1);
    expect([users.peek('a'), users.peek('b')]).toEqual(['A', undefined]);
  });

  it('leaves out what is no record, and goes on', async () => {
    const { users } = bench();
    users.set('a', 'A');
    const [sound] = await written(persist(users));
    const corrupt = [null, 5, 'text', {}, { ...sound, key: 7 }, { ...sound, key: "9'abc" }, { ...sound, key: '' },
      { ...sound, loadedAtMs: 'x' }, { ...sound, ttlMs: -1 }, { ...sound, size: 0 }, { ...sound, size: Infinity },
      { ...sound, tags: 'no' }, { ...sound, tags: [1] }, { ...sound, costMs: null }, { key: sound?.key }]; // prettier-ignore
    const after = bench();
    expect(await restore(after.users, [...corrupt, sound] as never)).toBe(1);
    expect(after.users.snapshot().entries).toBe(1);
  });

  it('passes on what reading the records throws, and holds on to nothing', async () => {
    const { users } = bench();
    async function* broken(): AsyncGenerator<never> {
      yield* await Promise.reject<never[]>(new Error('disk'));
    }
    await expect(restore(users, broken())).rejects.toThrow('disk');
    users.set('a', 'still works');
    expect(users.peek('a')).toBe('still works');
  });

  it('is of a cache of evenkeel, and of records', async () => {
    const { users } = bench();
    for (const attempt of [
      async () => await written(persist({} as never)),
      async () => await restore({} as never, []),
      async () => await restore(users, 5 as never),
    ])
      expect(isOptionError(await attempt().catch((error: unknown) => error))).toBe(true);
  });
});

describe('a key as text', () => {
  it('leads back to the same key, and no two keys have the same', () => {
    const keys = new Keys('test');
    const plain = fc.oneof(
      fc.string(), fc.constant('\u0000abc'), fc.integer(), fc.double(), fc.bigInt(), fc.boolean(), fc.constantFrom(null, undefined, Symbol.for('x')),
    ); // prettier-ignore
    const value = fc.oneof(plain, fc.array(plain), fc.dictionary(fc.string(), plain), fc.date());
    fc.assert(
      fc.property(value, value, (one, other) => {
        const [key, otherKey] = [keys.of(one), keys.of(other)];
        const text = keyText(key);
        expect(text).toBeTypeOf('string');
        expect(keyOfText(text as string)).toEqual(key === 0 ? 0 : key);
        expect(keyText(otherKey) === text).toBe(new Set([key, otherKey]).size === 1);
      }),
      { numRuns: 2000 },
    );
  });

  it.each(['', "3'ab", 'x', '?', 'truer', "~4'abc"])('%j is of none', (text) => {
    expect(keyOfText(text)).toBeUndefined();
  });
});
