/** Bounds by size, what is told of values that go, and the figures. */
import { isOptionError } from 'evenkeel';
import { describe, expect, it, vi } from 'vitest';
import { bench, fill } from './kit.ts';

describe('a bound by size', () => {
  const sized = (said = {}) => bench({ maxSize: 10, sizeOf: (value: string) => value.length, ...said });

  it('drops the least recently used until the rest fits', async () => {
    const { users } = sized();
    users.set('a', 'aaaa');
    users.set('b', 'bbbb');
    await users.get('a');
    users.set('c', 'cccc');
    expect([users.peek('a'), users.peek('b'), users.peek('c')]).toEqual(['aaaa', undefined, 'cccc']);
    users.set('d', 'dddddddddd');
    expect(users.snapshot()).toMatchObject({ entries: 1, evictions: 3 });
  });

  it('does not store what is larger than all of it, and does not keep what it replaces', async () => {
    const events: unknown[] = [];
    const { origin, users } = sized({ observer: (event: unknown) => events.push(event) });
    users.set('a', 'aaaa');
    users.set('a', 'a'.repeat(11));
    expect(users.peek('a')).toBeUndefined();
    const answer = users.get('a');
    origin.next().resolve('a'.repeat(11));
    expect(await answer).toHaveLength(11);
    expect(users.snapshot()).toMatchObject({ entries: 0, oversized: 2, fenced: 0 });
    expect(events).toContainEqual(expect.objectContaining({ type: 'oversized', size: 11, maxSize: 10 }));
  });

  it('rounds sizes up, and takes nothing for less than one', async () => {
    const { users } = sized({ sizeOf: () => 0 });
    for (let n = 0; n < 12; n++) users.set(`k${n}`, 'v');
    expect(users.snapshot().entries).toBe(10);
    const half = sized({ sizeOf: () => 2.5 });
    for (let n = 0; n < 12; n++) half.users.set(`k${n}`, 'v');
    expect(half.users.snapshot().entries).toBe(3);
    const endless = sized({ sizeOf: () => Infinity });
    endless.users.set('a', 'v');
    expect(endless.users.snapshot()).toMatchObject({ entries: 0, oversized: 1 });
  });

  it.each([Number.NaN, -1, '5', undefined])('fails by name for a size of %s', async (size) => {
    const { origin, users } = sized({ sizeOf: () => size as number });
    expect(() => users.set('a', 'v')).toThrow(expect.objectContaining({ code: 'EVENKEEL_OPTION' }));
    const answer = users.get('a').catch((error: unknown) => error);
    origin.next().resolve('v');
    expect(isOptionError(await answer)).toBe(true);
    expect(users.snapshot()).toMatchObject({ entries: 0, loading: 0 });
  });

  it('works on when its only entry goes', () => {
    const { users } = sized();
    for (let round = 0; round < 3; round++) {
      users.set('a', 'aaaaaaaaaa');
      expect(users.delete('a')).toBe(true);
    }
    users.set('b', 'bbbbbbbbbb');
    expect(users.peek('b')).toBe('bbbbbbbbbb');
  });
});

describe('dispose', () => {
  it('tells of each value that is no longer held, and why', async () => {
    const told: [string, string][] = [];
    const { origin, users } = bench({
      maxEntries: 2,
      dispose: (value, why) => told.push([value, why]),
      tags: (value) => [value],
    });
    await fill({ origin, users }, 'a', 'A1');
    users.set('a', 'A2');
    users.delete('a');
    users.set('b', 'B');
    users.set('c', 'C');
    users.set('d', 'D');
    users.invalidateTag('C');
    users.peek('c');
    users.clear();
    expect(told).toEqual([
      ['A1', 'replaced'],
      ['A2', 'deleted'],
      ['B', 'evicted'],
      ['C', 'deleted'],
      ['D', 'cleared'],
    ]);
  });

  it('says nothing of what is still held, nor of remembered failures', async () => {
    const dispose = vi.fn();
    const { clock, origin, users } = bench<object>({ dispose, errorTtlMs: 10, ttlMs: 10 });
    const value = {};
    users.set('a', value);
    users.set('a', value);
    const failing = users.get('b').catch(() => {});
    origin.next().reject(new Error('boom'));
    await failing;
    await clock.advance(10);
    await fill({ origin, users }, 'b', {});
    expect(dispose).not.toHaveBeenCalled();
  });

  it('may throw, and may use the cache', async () => {
    const { users } = bench({
      maxEntries: 1,
      dispose: (value) => {
        users.peek('a');
        if (value === 'A') users.set('c', 'C');
        throw new Error('boom');
      },
    });
    users.set('a', 'A');
    users.set('b', 'B');
    expect([users.peek('a'), users.peek('b'), users.peek('c')]).toEqual([undefined, undefined, 'C']);
    users.clear();
    expect(users.snapshot().entries).toBe(0);
  });
});

describe('the figures', () => {
  it('say what staleness costs, and what it earns', async () => {
    const { clock, origin, users } = bench({ ttlMs: 100, staleWhileRevalidateMs: 100 });
    expect(users.snapshot()).toMatchObject({ hitRate: 0, meanAgeMs: 0, meanLoadMs: 0, savedMs: 0 });
    const first = users.get('a');
    await clock.advance(20);
    origin.next().resolve('one');
    await first;
    await clock.advance(40);
    await users.get('a');
    await clock.advance(60);
    await users.get('a');
    expect(users.snapshot()).toMatchObject({
      hits: 1,
      misses: 1,
      hitRate: 2 / 3,
      meanAgeMs: (60 + 120) / 2,
      meanLoadMs: 20,
      savedMs: 40,
    });
  });

  it('hold nothing that is not of the snapshot', () => {
    const { users } = bench();
    const { agesMs, loadsMs, loaded } = users.snapshot() as unknown as Record<string, unknown>;
    expect([agesMs, loadsMs, loaded]).toEqual([undefined, undefined, undefined]);
  });
});
