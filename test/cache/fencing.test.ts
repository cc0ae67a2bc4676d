import { describe, expect, it } from 'vitest';
import type { CoalescingCache } from 'evenkeel/cache';
import { bench, fill, standing } from './kit.ts';

type Change = (users: CoalescingCache<string, string>) => void;
const changes: [string, Change, string | undefined][] = [
  ['set', (users) => users.set('a', 'set'), 'set'],
  ['delete', (users) => users.delete('a'), undefined],
  ['clear', (users) => users.clear(), undefined],
  ['invalidateTag', (users) => users.invalidateTag('all'), undefined],
];

describe.each(changes)('a load under way at a %s', (_, change, left) => {
  it('answers those who wait, and is not stored', async () => {
    const { clock, origin, users } = bench({ tags: () => ['all'] });
    const answer = users.lookup('a');
    change(users);
    origin.next().resolve('old');
    expect(await answer).toMatchObject({ value: 'old', state: 'loaded' });
    expect(users.peek('a')).toBe(left);
    expect(users.snapshot()).toMatchObject({ fenced: 1, loading: 0 });
    expect(clock.pendingTimers).toBe(0);
  });

  it('is not joined by new callers, and does not overtake a younger load', async () => {
    const { clock, origin, users } = bench({ tags: () => ['all'] });
    const before = users.get('a');
    change(users);
    const after = users.get('a');
    if (left !== undefined) {
      expect(await after).toBe(left);
      origin.next().resolve('old');
      expect(await before).toBe('old');
      expect(await users.get('a')).toBe(left);
      return;
    }
    const [old, young] = [origin.next(), origin.next()];
    young.resolve('young');
    expect(await after).toBe('young');
    expect(await standing(before)).toBe('pending');
    old.resolve('old');
    expect(await before).toBe('old');
    expect(await users.get('a')).toBe('young');
    expect(clock.pendingTimers).toBe(0);
  });

  it('does not store when it began in the background', async () => {
    const { clock, origin, users } = bench({ tags: () => ['all'], staleWhileRevalidateMs: 1000 });
    await fill({ origin, users }, 'a', 'one');
    await clock.advance(100);
    expect(await users.get('a')).toBe('one');
    await clock.settle();
    change(users);
    origin.next().resolve('old');
    await clock.settle();
    expect(users.peek('a')).toBe(left);
  });

  it('changes nothing when it fails', async () => {
    const { origin, users } = bench({ tags: () => ['all'], errorTtlMs: 1000, staleIfErrorMs: 1000 });
    const answer = users.get('a').catch((error: unknown) => error);
    change(users);
    const boom = new Error('boom');
    origin.next().reject(boom);
    // Whoever waits is better served with what was set meanwhile than with an error.
    expect(await answer).toBe(left ?? boom);
    expect(users.peek('a')).toBe(left);
    if (left === undefined) await fill({ origin, users }, 'a', 'new');
    expect(users.snapshot().errorsServed).toBe(0);
  });
});

describe('an older load', () => {
  it('does not take the place of a younger one in the map of loads', async () => {
    const { origin, users } = bench();
    const first = users.get('a');
    users.delete('a');
    const second = users.get('a');
    origin.next().resolve('old');
    await first;
    const third = users.get('a');
    expect(origin.requests).toHaveLength(2);
    origin.next().resolve('young');
    expect(await Promise.all([second, third])).toEqual(['young', 'young']);
  });
});

describe('set and delete', () => {
  it('stores as if it had just been loaded, and forgets', async () => {
    const { clock, origin, users } = bench();
    users.set('a', 'one');
    expect(await users.lookup('a')).toEqual({ value: 'one', state: 'fresh', ageMs: 0 });
    await clock.advance(99);
    expect(await users.get('a')).toBe('one');
    users.set('a', 'two');
    await clock.advance(99);
    expect(await users.get('a')).toBe('two');
    expect(users.delete('a')).toBe(true);
    expect(users.delete('a')).toBe(false);
    void users.get('a');
    expect(origin.requests).toHaveLength(1);
  });

  it('leaves nothing stale to fall back on', async () => {
    const { clock, origin, users } = bench({ staleIfErrorMs: 10_000 });
    users.set('a', 'one');
    await clock.advance(100);
    users.delete('a');
    const answer = users.get('a');
    origin.next().reject(new Error('boom'));
    await expect(answer).rejects.toThrow('boom');
  });
});

describe('tags', () => {
  const teams = { tags: (value: string, id: string) => [`team:${value}`, `user:${id}`] };

  it('forget every value that has the tag, and no other', async () => {
    const { origin, users } = bench(teams);
    await fill({ origin, users }, 'a', '7');
    await fill({ origin, users }, 'b', '7');
    await fill({ origin, users }, 'c', '8');
    users.invalidateTag('team:7');
    expect([users.peek('a'), users.peek('b'), users.peek('c')]).toEqual([undefined, undefined, '8']);
    users.invalidateTag('user:c');
    expect(users.peek('c')).toBeUndefined();
    expect(users.snapshot().entries).toBe(0);
  });

  it('leave what is stored after the invalidation', async () => {
    const { origin, users } = bench(teams);
    users.invalidateTag('team:7');
    await fill({ origin, users }, 'a', '7');
    users.set('b', '7');
    users.invalidateTag('team:8');
    expect([users.peek('a'), users.peek('b')]).toEqual(['7', '7']);
  });

  it('let a load be stored whose value turns out not to have the tag', async () => {
    const { origin, users } = bench(teams);
    const answer = users.get('a');
    users.invalidateTag('team:7');
    origin.next().resolve('8');
    await answer;
    expect(users.peek('a')).toBe('8');
  });

  it('keep an older load from storing once a younger one has begun', async () => {
    const { origin, users } = bench(teams);
    const before = users.get('a');
    users.invalidateTag('team:7');
    const after = users.get('a');
    origin.next().resolve('8');
    expect(await before).toBe('8');
    const joined = users.get('a');
    origin.next().resolve('9');
    expect(await Promise.all([after, joined])).toEqual(['9', '9']);
    expect(users.peek('a')).toBe('9');
    expect(origin.requests).toHaveLength(2);
  });

  it('are not served stale either', async () => {
    const { clock, origin, users } = bench({ ...teams, staleWhileRevalidateMs: 1000, staleIfErrorMs: 1000 });
    await fill({ origin, users }, 'a', '7');
    await clock.advance(200);
    users.invalidateTag('team:7');
    const answer = users.get('a');
    origin.next().reject(new Error('boom'));
    await expect(answer).rejects.toThrow('boom');
  });

  it('reject callers, and throw from set, when the function throws; nothing is stored untagged', async () => {
    const { origin, users } = bench({
      tags: () => {
        throw new Error('no tags');
      },
    });
    const answer = users.get('a');
    origin.next().resolve('7');
    await expect(answer).rejects.toThrow('no tags');
    expect(() => users.set('a', '7')).toThrow('no tags');
    expect(users.peek('a')).toBeUndefined();
  });

  it('may be invalidated without any having been given', async () => {
    const { origin, users } = bench();
    await fill({ origin, users }, 'a', 'one');
    users.invalidateTag('team:7');
    expect(users.peek('a')).toBe('one');
  });
});
