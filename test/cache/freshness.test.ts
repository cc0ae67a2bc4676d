import { afterFailure, Entry, type Terms, verdictOf } from '../../src/cache/freshness.ts';
import { describe, expect, it } from 'vitest';
import { bench, fill, standing } from './kit.ts';

const termsOf = (staleWhileRevalidateMs: number, staleIfErrorMs: number): Terms => ({
  staleWhileRevalidateMs,
  staleIfErrorMs,
  tags: undefined,
  validator: undefined,
  size: 1,
});

describe('freshness', () => {
  it('is fresh until the end of its ttl, and not at it', async () => {
    const { clock, origin, users } = bench();
    await fill({ origin, users }, 'a', 'one');
    await clock.advance(99);
    expect(await users.get('a')).toBe('one');
    expect(await users.lookup('a')).toEqual({ value: 'one', state: 'fresh', ageMs: 99 });
    await clock.advance(1);
    const answer = users.get('a');
    expect(await standing(answer)).toBe('pending');
    origin.next().resolve('two');
    expect(await answer).toBe('two');
  });

  it('counts age from the start of the load', async () => {
    const { clock, origin, users } = bench();
    const answer = users.lookup('a');
    await clock.advance(60);
    origin.next().resolve('one');
    expect(await answer).toEqual({ value: 'one', state: 'loaded', ageMs: 60 });
    await clock.advance(39);
    expect(users.peek('a')).toBe('one');
    await clock.advance(1);
    expect(users.peek('a')).toBeUndefined();
  });

  it('serves stale at once and loads in the background while revalidation is allowed', async () => {
    const { clock, origin, users } = bench({ staleWhileRevalidateMs: 50 });
    await fill({ origin, users }, 'a', 'one');
    await clock.advance(100);
    expect(await users.lookup('a')).toEqual({ value: 'one', state: 'stale', ageMs: 100 });
    expect(await users.get('a')).toBe('one');
    expect(origin.requests).toHaveLength(2);
    origin.next().resolve('two');
    await clock.settle();
    expect(await users.lookup('a')).toEqual({ value: 'two', state: 'fresh', ageMs: 0 });
    expect(users.snapshot()).toMatchObject({ staleServed: { revalidate: 2 }, loads: 2, hits: 1, misses: 1 });
  });

  it('waits for the load when the window of revalidation has closed', async () => {
    const { clock, origin, users } = bench({ staleWhileRevalidateMs: 50 });
    await fill({ origin, users }, 'a', 'one');
    await clock.advance(150);
    const answer = users.get('a');
    expect(await standing(answer)).toBe('pending');
    origin.next().resolve('two');
    expect(await answer).toBe('two');
  });

  it('peeks only at what is fresh, without a load and without counting', async () => {
    const { clock, origin, users } = bench({ staleWhileRevalidateMs: 1000 });
    expect(users.peek('a')).toBeUndefined();
    await fill({ origin, users }, 'a', 'one');
    expect(users.peek('a')).toBe('one');
    await clock.advance(100);
    expect(users.peek('a')).toBeUndefined();
    expect(origin.requests).toHaveLength(1);
    expect(users.snapshot().hits).toBe(0);
  });

  it('keeps undefined and null like any other value', async () => {
    const { origin, users } = bench<string | undefined | null>();
    await fill({ origin, users }, 'a', undefined);
    await fill({ origin, users }, 'b', null);
    expect(await users.lookup('a')).toMatchObject({ value: undefined, state: 'fresh' });
    expect(await users.lookup('b')).toMatchObject({ value: null, state: 'fresh' });
  });

  it('never expires with a ttl of Infinity, and stores nothing fresh with a ttl of 0', async () => {
    const forever = bench({ ttlMs: Infinity });
    await fill(forever, 'a', 'one');
    await forever.clock.advance(2 ** 33);
    expect(await forever.users.get('a')).toBe('one');
    const never = bench({ ttlMs: 0 });
    await fill(never, 'a', 'one');
    void never.users.get('a');
    expect(never.origin.requests).toHaveLength(2);
  });

  it('does not come back to life when the clock steps back', async () => {
    const { clock, origin, users } = bench();
    await fill({ origin, users }, 'a', 'one');
    await clock.advance(100);
    expect(users.peek('a')).toBeUndefined();
    clock.jump(-90);
    expect(users.peek('a')).toBeUndefined();
  });

  it('judges by data alone, with half-open windows', () => {
    const entry = new Entry('v', 100, 110, termsOf(5, 20), 0, 0);
    const at = (nowMs: number): string => verdictOf(entry, nowMs);
    expect([at(109), at(110), at(114), at(115), at(129), at(130)]).toEqual([
      'fresh',
      'revalidate',
      'revalidate',
      'fallback',
      'fallback',
      'gone',
    ]);
  });

  it('doubles the pause up to its cap, never below its base and never beyond the windows', () => {
    const entry = new Entry('v', 0, 0, termsOf(0, 1000), 0, 0);
    const pauses = [0, 0, 0, 0.999].map((draw) => {
      entry.trouble = afterFailure(entry, 'down', 100, 10, 35, draw);
      return entry.trouble.retryAtMs - 100;
    });
    expect(pauses).toEqual([10, 20, 35, 18]);
    entry.trouble = undefined;
    expect(afterFailure(entry, 'down', 100, 10, 35, 0.999).retryAtMs).toBe(110);
    expect(afterFailure(entry, 'down', 995, 10, 35, 0).retryAtMs).toBe(1000);
  });
});
