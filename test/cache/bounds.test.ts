import { isOptionError } from 'evenkeel';
import {
  coalescingCache,
  type CacheOptions,
  cache,
  isCacheDisposedError,
  isLoadsFullError,
} from 'evenkeel/cache';
import { describe, expect, it, vi } from 'vitest';
import { Load, Loads } from '../../src/cache/loads.ts';
import { Scope } from '../../src/core/scope.ts';
import { virtualClock } from 'evenkeel/testing';
import { bench, fill, standing } from './kit.ts';

describe('bounds', () => {
  it('drops the least recently used entry', async () => {
    const { origin, users } = bench({ maxEntries: 2 });
    await fill({ origin, users }, 'a', 'a');
    await fill({ origin, users }, 'b', 'b');
    await users.get('a');
    await fill({ origin, users }, 'c', 'c');
    expect([users.peek('a'), users.peek('b'), users.peek('c')]).toEqual(['a', undefined, 'c']);
    expect(users.snapshot()).toMatchObject({ entries: 2, evictions: 1 });
  });

  it('never evicts a load: more misses at once than entries are all answered', async () => {
    const { origin, users } = bench({ maxEntries: 1 });
    const answers = Array.from({ length: 50 }, (_, n) => users.get(`k${n}`));
    for (let n = 0; n < 50; n++) origin.next().resolve(`v${n}`);
    expect(await Promise.all(answers)).toEqual(Array.from({ length: 50 }, (_, n) => `v${n}`));
    expect(users.snapshot().entries).toBe(1);
  });

  it('runs at most maxLoads loads, lets maxQueuedLoads wait in order, and refuses the rest', async () => {
    const { clock, origin, users } = bench({ maxLoads: 2, maxQueuedLoads: 2 });
    const answers = ['a', 'b', 'c', 'd'].map((arg) => users.get(arg));
    const refused = await users.get('e').catch((error: unknown) => error);
    expect(isLoadsFullError(refused)).toBe(true);
    expect(refused).toMatchObject({ code: 'EVENKEEL_LOADS_FULL', name: 'LoadsFullError', retryAfterMs: 0 });
    expect(users.snapshot()).toMatchObject({ loading: 2, queued: 2, refused: 1 });
    const joined = users.get('d');
    expect(origin.requests).toEqual(['a', 'b']);
    origin.next().resolve('A');
    await clock.settle();
    expect(origin.requests).toEqual(['a', 'b', 'c']);
    origin.next().reject(new Error('boom'));
    await expect(answers[1]).rejects.toThrow('boom');
    await clock.settle();
    origin.next().resolve('C');
    origin.next().resolve('D');
    expect(await Promise.all([answers[0], answers[2], answers[3], joined])).toEqual(['A', 'C', 'D', 'D']);
    expect(users.snapshot()).toMatchObject({ loading: 0, queued: 0, loads: 4 });
    expect(clock.pendingTimers).toBe(0);
  });

  it('serves stale before it queues or refuses', async () => {
    const { clock, origin, users } = bench({ maxLoads: 1, maxQueuedLoads: 0, staleIfErrorMs: 1000 });
    await fill({ origin, users }, 'a', 'one');
    await clock.advance(100);
    const busy = users.get('b');
    expect(await users.lookup('a')).toEqual({ value: 'one', state: 'stale', ageMs: 100 });
    expect(users.snapshot().staleServed.overload).toBe(1);
    origin.next().resolve('B');
    await busy;
  });

  it('leaves refreshes out while there is no room', async () => {
    const { clock, origin, users } = bench({ maxLoads: 1, staleWhileRevalidateMs: 1000 });
    await fill({ origin, users }, 'a', 'one');
    await clock.advance(100);
    const busy = users.get('b');
    expect(await users.get('a')).toBe('one');
    await clock.settle();
    expect(origin.requests).toEqual(['a', 'b']);
    origin.next().resolve('B');
    await busy;
    await users.get('a');
    await clock.settle();
    expect(origin.requests).toEqual(['a', 'b', 'a']);
  });

  it('counts the wait for room into the hard timeout', async () => {
    const { clock, origin, users } = bench({ maxLoads: 1, hardTimeoutMs: 50 });
    const first = users.get('a').catch((error: unknown) => error);
    await clock.advance(10);
    const second = users.get('b').catch((error: unknown) => error);
    const third = users.get('c').catch((error: unknown) => error);
    await clock.advance(40);
    expect(await first).toMatchObject({ name: 'TimeoutError' });
    // The first one's time was up, and gave its place to the second.
    expect(origin.requests).toEqual(['a', 'b']);
    await clock.advance(10);
    expect(await second).toMatchObject({ name: 'TimeoutError' });
    expect(await third).toMatchObject({ name: 'TimeoutError' });
    expect(users.snapshot()).toMatchObject({ loading: 0, queued: 0 });
    // The third was begun in the moment in which its time ran out; the loader's answers come too late.
    expect(origin.requests).toEqual(['a', 'b', 'c']);
    for (let n = 0; n < 3; n++) origin.next().resolve('late');
    await fill({ origin, users }, 'd', 'D');
    expect(users.peek('d')).toBe('D');
    expect(clock.pendingTimers).toBe(0);
  });

  it('counts the age of what waited for room from when its load began', async () => {
    const { clock, origin, users } = bench({ maxLoads: 1 });
    const busy = users.get('a');
    const queued = users.lookup('b');
    await clock.advance(70);
    origin.next().resolve('A');
    await busy;
    await clock.advance(5);
    origin.next().resolve('B');
    expect(await queued).toEqual({ value: 'B', state: 'loaded', ageMs: 5 });
  });

  it('gives no place away for a load that ends while it waits', async () => {
    const loads = new Loads<string, string>(1, 2);
    const load = (key: string) =>
      new Load<string, string>(key, key, async () => key, undefined, new Scope(virtualClock(), Infinity), false, 0); // prettier-ignore
    const [running, one, two] = [load('a'), load('b'), load('c')];
    loads.enter();
    const turn = loads.turn(one);
    void loads.turn(two);
    loads.end(two);
    expect(await standing(turn)).toBe('pending');
    expect([loads.running, loads.queued]).toEqual([1, 1]);
    loads.end(running);
    expect(await standing(turn)).toBeUndefined();
    loads.end(one);
    expect([loads.running, loads.queued]).toEqual([0, 0]);
  });

  it('joins a load that waits for room also after an invalidation: it has not been begun', async () => {
    const { origin, users } = bench({ maxLoads: 1, tags: () => ['t'] });
    const busy = users.get('a');
    const queued = users.get('b');
    users.invalidateTag('t');
    const joined = users.get('b');
    origin.next().resolve('A');
    await busy;
    await standing(queued);
    origin.next().resolve('B');
    expect(await Promise.all([queued, joined])).toEqual(['B', 'B']);
    expect(users.peek('b')).toBe('B');
  });

  it('does no work and reads no clock at construction', () => {
    const now = vi.fn(() => 0);
    const setTimeout = vi.fn();
    bench({ clock: { now, setTimeout, clearTimeout: () => {} } });
    expect(now).not.toHaveBeenCalled();
    expect(setTimeout).not.toHaveBeenCalled();
  });
});

describe('dispose', () => {
  it('ends every load, waiting or running, and loads no more', async () => {
    const { clock, origin, users } = bench({
      maxLoads: 1,
      staleIfErrorMs: 1000,
      staleWhileRevalidateMs: 1000,
    });
    await fill({ origin, users }, 'a', 'one');
    await clock.advance(1100);
    const answers = ['a', 'b'].map((arg) => users.get(arg).catch((error: unknown) => error));
    users[Symbol.dispose]();
    for (const error of await Promise.all(answers)) expect(isCacheDisposedError(error)).toBe(true);
    expect(isCacheDisposedError(await users.get('c').catch((error: unknown) => error))).toBe(true);
    expect(origin.requests).toEqual(['a', 'a']);
    expect(users.snapshot()).toMatchObject({ entries: 0, loading: 0, queued: 0 });
    expect(clock.pendingTimers).toBe(0);
  });

  it('ends a fenced load too, and none that has ended', async () => {
    const { origin, users } = bench();
    const ended = users.get('a');
    users.delete('a');
    origin.next().resolve('A');
    await ended;
    const fenced = users.get('b').catch((error: unknown) => error);
    users.delete('b');
    users[Symbol.dispose]();
    expect(isCacheDisposedError(await fenced)).toBe(true);
    expect(users.snapshot()).toMatchObject({ failures: 1, loading: 0 });
  });

  it('is there for using, where the symbol is known', async () => {
    const { users } = bench();
    {
      using scoped = users;
      scoped.set('a', 'one');
    }
    expect(users.peek('a')).toBeUndefined();
  });
});

describe('options', () => {
  const bad: [string, Partial<CacheOptions>][] = [
    ['ttlMs', { ttlMs: Number.NaN }],
    ['ttlMs', { ttlMs: -1 }],
    ['ttlMs', { ttlMs: undefined as never }],
    ['staleWhileRevalidateMs', { staleWhileRevalidateMs: -1 }],
    ['staleIfErrorMs', { staleIfErrorMs: '5' as never }],
    ['errorTtlMs', { errorTtlMs: Number.NaN }],
    ['refreshBackoffMs', { refreshBackoffMs: -1 }],
    ['maxRefreshBackoffMs', { maxRefreshBackoffMs: -1 }],
    ['softTimeoutMs', { softTimeoutMs: -1 }],
    ['hardTimeoutMs', { hardTimeoutMs: 0 }],
    ['maxEntries', { maxEntries: 0 }],
    ['maxLoads', { maxLoads: 0 }],
    ['maxQueuedLoads', { maxQueuedLoads: 1.5 }],
    ['maxTags', { maxTags: 0 }],
    ['key', { key: 'id' as never }],
    ['tags', { tags: [] as never }],
    ['notFoundTtlMs', { notFoundTtlMs: -1 }],
    ['errorTtlMs', { errorTtlMs: '1' as never }],
    ['ttlJitter', { ttlJitter: 1.1 }],
    ['ttlJitter', { ttlJitter: Number.NaN }],
    ['earlyRefreshBeta', { earlyRefreshBeta: -1 }],
    ['earlyRefreshBeta', { earlyRefreshBeta: Infinity }],
    ['whenAbandoned', { whenAbandoned: 'wait' as never }],
    ['maxSize', { maxSize: 10 }],
    ['maxSize', { sizeOf: () => 1 }],
    ['maxSize', { maxSize: 0.5, sizeOf: () => 1 }],
    ['maxEntries', { maxEntries: 5, maxSize: 10, sizeOf: () => 1 }],
    ['sizeOf', { maxSize: 10, sizeOf: 1 as never }],
    ['dispose', { dispose: {} as never }],
  ];

  it.each(bad)('refuse a bad %s at construction, by name', (option, said) => {
    for (const make of [
      () => coalescingCache({ load: async () => 1, ttlMs: 1, ...said }),
      () => cache({ ttlMs: 1, ...said }),
    ]) {
      const error = attempt(make);
      expect(isOptionError(error)).toBe(true);
      expect(error).toMatchObject({ option });
    }
  });

  it('refuse a load that is no function', () => {
    const error = attempt(() => coalescingCache({ load: 5 as never, ttlMs: 1 }));
    expect(error).toMatchObject({ option: 'load' });
  });

  it('take undefined for what is not given', async () => {
    const { users } = bench({ staleIfErrorMs: undefined as never, maxLoads: undefined as never });
    users.set('a', 'one');
    expect(await users.get('a')).toBe('one');
  });
});

function attempt(make: () => unknown): unknown {
  try {
    return make();
  } catch (error) {
    return error;
  }
}
