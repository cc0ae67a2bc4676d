import { isFarTierOpenError, notModified, tiered, validated } from 'evenkeel/cache';
import { isOptionError } from 'evenkeel';
import { fakeStore, seededRandom, virtualClock } from 'evenkeel/testing';
import { describe, expect, it, vi } from 'vitest';
import { standing } from '../kit.ts';
import { fleetOf } from './kit.ts';

const boom = new Error('boom');
const error = (promise: Promise<unknown>): Promise<unknown> => promise.catch((reason: unknown) => reason);

describe('two tiers', () => {
  it('load once for all processes, and then not at all', async () => {
    const { clock, origin, start } = fleetOf();
    const [one, other] = [start(), start()];
    const answers = [one.get('a'), other.get('a'), one.get('a')];
    await clock.advance(20);
    expect(origin.requests).toEqual(['a']);
    origin.next().resolve('A');
    await clock.advance(200);
    expect(await Promise.all(answers)).toEqual(['A', 'A', 'A']);
    expect(one.snapshot().far).toMatchObject({ misses: 1, writes: 1, hits: 0 });
    expect(other.snapshot().far).toMatchObject({ misses: 0, hits: 1, waited: 1 });
    expect(clock.pendingTimers).toBe(0);
  });

  it('take a value from the far tier as old as it is', async () => {
    const { clock, origin, start } = fleetOf({ near: { staleIfErrorMs: 1000 } });
    const one = start();
    const first = one.get('a');
    await clock.settle();
    await clock.advance(30);
    origin.next().resolve('A');
    await first;
    await clock.advance(40);
    const late = start();
    expect(await late.lookup('a')).toEqual({ value: 'A', state: 'loaded', ageMs: 70 });
    await clock.advance(29);
    expect(late.peek('a')).toBe('A');
    await clock.advance(1);
    expect(late.peek('a')).toBeUndefined();
  });

  it('jitter what they take, so that processes do not load in step', async () => {
    const { clock, origin, start } = fleetOf({ near: { ttlMs: 1000, ttlJitter: 0.5 } });
    const first = start().get('a');
    await clock.settle();
    origin.next().resolve('A');
    await first;
    const others = Array.from({ length: 20 }, () => start());
    await Promise.all(others.map((one) => one.get('a')));
    await clock.advance(750);
    const fresh = others.filter((one) => one.peek('a') === 'A').length;
    expect(fresh).toBeGreaterThan(3);
    expect(fresh).toBeLessThan(17);
    expect(origin.requests).toHaveLength(1);
  });

  it('show stale from the far tier at once where it may be shown, and refresh for the next', async () => {
    const { clock, origin, start } = fleetOf({ near: { staleWhileRevalidateMs: 1000 } });
    const first = start().get('a');
    await clock.settle();
    origin.next().resolve('A1');
    await first;
    await clock.advance(150);
    const late = start();
    expect(await late.lookup('a')).toMatchObject({ value: 'A1', ageMs: 150 });
    expect(origin.waiting).toBe(0);
    expect(await late.get('a')).toBe('A1');
    await clock.settle();
    origin.next().resolve('A2');
    await clock.settle();
    expect(await late.get('a')).toBe('A2');
    expect(await start().get('a')).toBe('A2');
    expect(origin.requests).toHaveLength(2);
  });

  it('stand in with what the far tier knows when the origin fails, with the error in sight, and pause', async () => {
    const { clock, origin, start } = fleetOf({ near: { staleIfErrorMs: 10_000, refreshBackoffMs: 500 } });
    const first = start().get('a');
    await clock.settle();
    origin.next().resolve('A');
    await first;
    await clock.advance(150);
    const late = start();
    const answer = late.lookup('a');
    await clock.settle();
    origin.next().reject(boom);
    expect(await answer).toEqual({ value: 'A', state: 'stale', ageMs: 150, error: boom });
    expect(await late.lookup('a')).toMatchObject({ value: 'A', state: 'stale', error: boom });
    expect(origin.requests).toHaveLength(2);
    await clock.advance(10_000);
    const gone = error(start().get('a'));
    await clock.settle();
    origin.next().reject(boom);
    expect(await gone).toBe(boom);
  });

  it('ask conditionally with what another process knows', async () => {
    const clock = virtualClock();
    const store = fakeStore({ clock });
    const shown: unknown[] = [];
    const start = () =>
      tiered({
        near: {
          load: async (_key: string, { known }) => {
            shown.push(known);
            return known?.validator === 7 ? notModified : validated('text', 7);
          },
          ttlMs: 100,
          staleIfErrorMs: 1000,
          clock,
        },
        far: store.connect(),
      });
    await start().get('a');
    await clock.advance(150);
    const other = start();
    expect(await other.get('a')).toBe('text');
    expect(shown).toEqual([undefined, { value: 'text', validator: 7, ageMs: 150 }]);
    await clock.settle();
    await clock.advance(50);
    expect(await start().lookup('a')).toMatchObject({ value: 'text', ageMs: 50 });
    expect(shown).toHaveLength(2);
  });

  it('pass on what the origin fails with, and lend the key to the next', async () => {
    const { clock, origin, start } = fleetOf();
    const failing = error(start().get('a'));
    await clock.settle();
    origin.next().reject(boom);
    expect(await failing).toBe(boom);
    const next = start().get('a');
    await clock.settle();
    origin.next().resolve('A');
    expect(await next).toBe('A');
  });

  it('keep nothing for longer than maxKeepMs', async () => {
    const { clock, origin, store, start } = fleetOf({ maxKeepMs: 500, near: { ttlMs: 60_000 } });
    const first = start().get('a');
    await clock.settle();
    origin.next().resolve('A');
    await first;
    await clock.advance(499);
    expect((await store.connect().open("1'a", undefined, undefined as never)).stored?.text).toBe('"A"');
    await clock.advance(1);
    expect((await store.connect().open("1'a", undefined, undefined as never)).stored).toBeUndefined();
  });

  it('keep keys that mean nothing elsewhere, and values without text, in the process', async () => {
    const clock = virtualClock();
    const store = fakeStore({ clock });
    const cache = tiered<unknown, unknown>({
      near: { load: async (key) => (key === 'none' ? undefined : 'v'), ttlMs: 100, clock },
      far: store.connect(),
      maxTextLength: 10,
    });
    const key = () => 1;
    expect(await cache.get(key)).toBe('v');
    expect(await cache.get('none')).toBeUndefined();
    await cache.set('long', 'v'.repeat(20));
    await clock.settle();
    expect(store.keys()).toEqual([]);
    expect([cache.peek(key), cache.peek('long')]).toEqual(['v', 'v'.repeat(20)]);
    await cache.delete(key);
    expect(cache.peek(key)).toBeUndefined();
    expect(cache.snapshot().far).toMatchObject({ unfit: 2, unsaid: 0 });
  });
});

describe('a lease', () => {
  it('of a process that died is over after leaseMs', async () => {
    const { clock, origin, store, start } = fleetOf({ leaseMs: 1000 });
    await store.connect().open("1'a", { token: 'dead', ms: 1000, when: 'stale' }, undefined as never);
    const answer = start().get('a');
    await clock.advance(999);
    expect(origin.requests).toEqual([]);
    await clock.advance(101);
    origin.next().resolve('A');
    expect(await answer).toBe('A');
  });

  it('is renewed while the load goes on, and given back when it ends', async () => {
    const { clock, origin, start } = fleetOf({ leaseMs: 100, near: { ttlMs: 10_000 } });
    const [one, other] = [start(), start()];
    const answers = [one.get('a'), other.get('a')];
    await clock.advance(1000);
    expect(origin.requests).toEqual(['a']);
    origin.next().resolve('A');
    await clock.advance(200);
    expect(await Promise.all(answers)).toEqual(['A', 'A']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('that was lost to a change is not renewed', async () => {
    const { clock, origin, store, start } = fleetOf({ leaseMs: 60, near: { ttlMs: 10_000 } });
    const one = start();
    const old = one.get('a');
    await clock.settle();
    await one.delete('a');
    await clock.advance(100);
    origin.next().resolve('old');
    expect(await old).toBe('old');
    await clock.settle();
    expect(store.keys()).toEqual([]);
  });

  it('that was lost to a change keeps the older value out', async () => {
    const { clock, origin, store, start } = fleetOf({ near: { ttlMs: 10_000 } });
    const [one, other] = [start(), start()];
    const old = one.get('a');
    await clock.settle();
    await other.delete('a');
    origin.next().resolve('old');
    expect(await old).toBe('old');
    await clock.settle();
    expect(store.keys()).toEqual([]);
    expect(one.peek('a')).toBeUndefined();
    expect(one.snapshot().far).toMatchObject({ refused: 1, writes: 0 });
  });
});

describe('a change', () => {
  const both = async () => {
    const fleet = fleetOf({ near: { ttlMs: 10_000, tags: (value: string) => [`tag:${value}`] } });
    const [one, other] = [fleet.start(), fleet.start()];
    const answers = [one.get('a'), other.get('a')];
    await fleet.clock.advance(10);
    fleet.origin.next().resolve('A');
    await fleet.clock.advance(100);
    expect(await Promise.all(answers)).toEqual(['A', 'A']);
    return { ...fleet, one, other };
  };

  it.each([
    ['delete', 'a'],
    ['invalidateTag', 'tag:A'],
    ['clear', undefined],
  ] as const)('by %s reaches the far tier and the other processes', async (change, what) => {
    const { clock, origin, one, other, start } = await both();
    if (change === 'clear') await one.clear();
    else await one[change](what);
    expect([one.peek('a'), other.peek('a')]).toEqual([undefined, undefined]);
    await clock.advance(1);
    const answer = start().get('a');
    await clock.settle();
    origin.next().resolve('A2');
    expect(await answer).toBe('A2');
  });

  it('by set is in the far tier, and the others ask there', async () => {
    const { origin, one, other, start } = await both();
    await one.set('a', 'set');
    expect([one.peek('a'), other.peek('a')]).toEqual(['set', undefined]);
    expect([await other.get('a'), await start().get('a')]).toEqual(['set', 'set']);
    expect(origin.requests).toHaveLength(1);
  });

  it('is not undone by a read of the same process that is quicker than the far tier', async () => {
    const { clock, origin, store, one } = await both();
    store.behave('hanging');
    const told = error(one.delete('a'));
    const answer = one.get('a');
    await clock.settle();
    // It does not believe the far tier, and asks the origin.
    origin.next().resolve('new');
    expect(await answer).toBe('new');
    store.behave('well');
    await clock.settle();
    expect(await told).toBeUndefined();
    expect(one.peek('a')).toBe('new');
  });

  it('that the far tier could not be told rejects, is not forgotten, and is told when it is back', async () => {
    const { clock, origin, store, one, start } = await both();
    store.behave('failing');
    expect(await error(one.delete('a'))).toMatchObject({ code: 'EVENKEEL_TESTING' });
    expect(await error(one.invalidateTag('tag:B'))).toMatchObject({ code: 'EVENKEEL_TESTING' });
    expect(one.snapshot().far.unsaid).toBe(2);
    store.behave('well');
    const answer = one.get('a');
    await clock.settle();
    origin.next().resolve('new');
    expect(await answer).toBe('new');
    await clock.advance(1);
    expect(one.snapshot().far.unsaid).toBe(0);
    const later = start().get('a');
    await clock.settle();
    origin.next().resolve('newer');
    expect(await later).toBe('newer');
  });

  it('of a tag that cannot be told is not believed of any key that has it, and no other is doubted', async () => {
    const clock = virtualClock();
    const store = fakeStore({ clock });
    let loads = 0;
    const start = (far = store.connect()) =>
      tiered({
        near: {
          load: async (key: string) => `${key} ${++loads}`,
          ttlMs: 10_000,
          tags: (value) => [value.slice(0, 1)],
          clock,
        },
        far,
      });
    await Promise.all(['a', 'b'].map((key) => start().get(key)));
    await clock.settle();
    const deaf = start({ ...store.connect(), invalidateTag: () => Promise.reject(boom) });
    expect(await error(deaf.invalidateTag('a'))).toBe(boom);
    expect([await deaf.get('a'), await deaf.get('b')]).toEqual(['a 3', 'b 2']);
  });

  it('of which too many could not be told becomes one of all', async () => {
    const { clock, store, start, origin } = fleetOf({ maxUnsaid: 3, near: { ttlMs: 10_000 } });
    const [one, other] = [start(), start()];
    await one.set('kept', 'old');
    await clock.advance(1);
    store.behave('failing');
    for (const key of ['a', 'b', 'c', 'd']) await error(one.delete(key));
    expect(one.snapshot().far.unsaid).toBe(1);
    store.behave('well');
    void error(one.get('x'));
    await clock.advance(1);
    expect(one.snapshot().far.unsaid).toBe(0);
    void other.get('kept');
    await clock.settle();
    expect(origin.requests).toContain('kept');
  });

  it('that was missed ends freshness, and what is known still stands in', async () => {
    const { clock, origin, store, one } = await both();
    const near = one as unknown as { lookup: typeof one.lookup };
    store.restart();
    expect(one.peek('a')).toBeUndefined();
    const answer = near.lookup('a');
    await clock.settle();
    origin.next().resolve('A2');
    expect(await answer).toMatchObject({ value: 'A2', state: 'loaded' });
  });
});

describe('a message that was missed', () => {
  it('counts for loads that were under way, too: what they bring is not fresh', async () => {
    const { clock, origin, store, start } = fleetOf({ near: { ttlMs: 10_000, staleIfErrorMs: 10_000 } });
    const cache = start();
    const answer = cache.get('a');
    await clock.advance(5);
    store.restart();
    origin.next().resolve('A');
    expect(await answer).toBe('A');
    expect(cache.peek('a')).toBeUndefined();
    const again = cache.lookup('a');
    await clock.settle();
    origin.next().reject(boom);
    expect(await again).toMatchObject({ value: 'A', state: 'stale' });
  });
});

describe('a far tier', () => {
  const stale = { near: { ttlMs: 50, staleIfErrorMs: 10_000 } };

  it.each(['failing', 'hanging'] as const)('that is %s fails no read, and after five is left alone', async (mode) => {
    const { clock, origin, store, start } = fleetOf({ ...stale, guard: { timeoutMs: 30, openMs: 1000 } });
    const cache = start();
    store.behave(mode);
    for (let n = 0; n < 8; n++) {
      const answer = cache.get(`k${n}`);
      await clock.advance(30);
      origin.next().resolve('v');
      expect(await answer).toBe('v');
    }
    expect(store.steps['open']).toBe(5);
    expect(cache.snapshot().far).toMatchObject({ state: 'open', unreachable: 8 });
    await clock.advance(1000);
    store.behave('well');
    const answer = cache.get('again');
    await clock.settle();
    origin.next().resolve('v');
    await answer;
    expect(cache.snapshot().far).toMatchObject({ state: 'closed', misses: 1 });
    expect(store.steps['open']).toBe(mode === 'hanging' ? 6 : 6);
  }); // prettier-ignore

  it('may be asked for more at once than the origin', async () => {
    const { clock, origin, store, start } = fleetOf({ maxOriginLoads: 2, near: { maxLoads: 10 } });
    const cache = start();
    const answers = Array.from({ length: 5 }, (_, n) => cache.get(`k${n}`));
    await clock.settle();
    expect([store.steps['open'], origin.requests.length]).toEqual([5, 2]);
    for (let n = 0; n < 5; n++) {
      origin.next().resolve('v');
      await clock.settle();
    }
    expect(await Promise.all(answers)).toEqual(['v', 'v', 'v', 'v', 'v']);
  });

  it('has something stale: that is served while there is no room at the origin', async () => {
    const stale = { maxOriginLoads: 1, near: { staleIfErrorMs: 10_000 } };
    const { clock, origin, start } = fleetOf(stale);
    const first = start().get('a');
    await clock.settle();
    origin.next().resolve('A');
    await first;
    await clock.advance(150);
    const late = start();
    const busy = late.get('b');
    await clock.settle();
    expect(await late.lookup('a')).toMatchObject({ value: 'A', state: 'stale', error: { code: 'EVENKEEL_LOADS_FULL' } });
    expect(origin.requests).toEqual(['a', 'b']);
    origin.next().resolve('B');
    await busy;
  }); // prettier-ignore

  it('whose circuit is open rejects changes at once, by name', async () => {
    const { store, start } = fleetOf({ guard: { failures: 1 } });
    const cache = start();
    store.behave('failing');
    await error(cache.delete('a'));
    expect(isFarTierOpenError(await error(cache.delete('b')))).toBe(true);
  });

  it.each(['', '{', '5 6', 'nonsense'])('that holds %j is not believed', async (text) => {
    const { clock, origin, store, start } = fleetOf();
    const one = start();
    await one.set('a', 'A');
    store.corrupt("1'a", text);
    const other = start();
    const answer = other.get('a');
    await clock.advance(1);
    origin.next().resolve('A');
    expect(await answer).toBe('A');
    expect(other.snapshot().far.corrupt).toBeGreaterThan(0);
    await clock.settle();
    expect(await start().get('a')).toBe('A');
  });

  it('that comes back empty is filled again by one process', async () => {
    const { clock, origin, store, start } = fleetOf({ near: { ttlMs: 10_000 } });
    const processes = Array.from({ length: 10 }, () => start());
    const all = () => Promise.all(processes.map((one) => one.get('a')));
    const first = all();
    await clock.advance(10);
    origin.next().resolve('A');
    await clock.advance(200);
    await first;
    store.restart();
    await clock.advance(1);
    const second = all();
    await clock.advance(10);
    expect(origin.waiting).toBe(1);
    origin.next().resolve('A2');
    await clock.advance(200);
    expect(new Set(await second)).toEqual(new Set(['A2']));
  });

  it('speaks another language, by a serializer', async () => {
    const clock = virtualClock();
    const store = fakeStore({ clock });
    const serializer = {
      stringify: (value: unknown) => `at ${(value as Date).getTime()}`,
      parse: (text: string) => new Date(Number(text.slice(3))),
    };
    const start = () =>
      tiered({
        near: { load: async (ms: number) => new Date(ms), ttlMs: 100, clock },
        far: store.connect(),
        serializer,
      });
    await start().get(5);
    await clock.settle();
    const seen = await start().get(5);
    expect(seen).toBeInstanceOf(Date);
    expect(seen.getTime()).toBe(5);
  });

  it('that has no text for a value fails the change of it, and no read', async () => {
    const clock = virtualClock();
    const cache = tiered({
      near: { load: async (n: number) => BigInt(n), ttlMs: 100, clock },
      far: fakeStore({ clock }).connect(),
    });
    expect(await cache.get(5)).toBe(5n);
    await expect(cache.set(6, 6n)).rejects.toThrow(TypeError);
    expect(cache.peek(6)).toBe(6n);
  });
});

describe('tiers', () => {
  it('do no work at construction, and follow from the first use until they are disposed of', async () => {
    const clock = virtualClock();
    const stop = vi.fn();
    const follow = vi.fn(() => stop);
    const far = { ...fakeStore({ clock }).connect(), follow };
    const cache = tiered({ near: { load: async (key: string) => key, ttlMs: 100, clock }, far });
    expect(follow).not.toHaveBeenCalled();
    await cache.get('a');
    await cache.get('b');
    expect(follow).toHaveBeenCalledTimes(1);
    cache[Symbol.dispose]();
    expect(stop).toHaveBeenCalledTimes(1);
    const unused = tiered({ near: { load: async (key: string) => key, ttlMs: 100, clock }, far });
    unused[Symbol.dispose]();
    expect(await standing(unused.get('a'))).toMatchObject({ rejected: { code: 'EVENKEEL_CACHE_DISPOSED' } });
    expect(follow).toHaveBeenCalledTimes(1);
  });

  it.each(['well', 'failing'] as const)('ask no origin for a load that has ended while the far tier was asked, which is %s then', async (mode) => {
    const { clock, origin, store, start } = fleetOf({ guard: { timeoutMs: 1000 }, near: { hardTimeoutMs: 100 } });
    const cache = start();
    store.behave('hanging');
    const answer = error(cache.get('a'));
    await clock.advance(100);
    expect(await answer).toMatchObject({ name: 'TimeoutError' });
    store.behave(mode);
    await clock.advance(2000);
    expect(origin.requests).toEqual([]);
    store.behave('well');
    const next = start().get('a');
    await clock.settle();
    origin.next().resolve('A');
    expect(await next).toBe('A');
  }); // prettier-ignore

  it('serve what the far tier knows after the soft timeout, while another process loads', async () => {
    const { clock, origin, store, start } = fleetOf({ near: { staleIfErrorMs: 10_000, softTimeoutMs: 50 } });
    const first = start().get('a');
    await clock.settle();
    origin.next().resolve('A');
    await first;
    await clock.advance(150);
    await store.connect().open("1'a", { token: 'slow', ms: 60_000, when: 'stale' }, undefined as never);
    const answer = start().lookup('a');
    await clock.advance(40);
    expect(await standing(answer)).toBe('pending');
    await clock.advance(100);
    expect(await answer).toMatchObject({ value: 'A', state: 'stale', error: { name: 'TimeoutError' } });
    expect(origin.requests).toHaveLength(1);
  });

  it('end a wait for another process when the load must', async () => {
    const { clock, store, start } = fleetOf({ leaseMs: 60_000, near: { hardTimeoutMs: 500 } });
    await store.connect().open("1'a", { token: 'dead', ms: 60_000, when: 'stale' }, undefined as never);
    const answer = error(start().get('a'));
    await clock.advance(500);
    expect(await answer).toMatchObject({ name: 'TimeoutError' });
    await clock.advance(200);
    const opened = store.steps['open'];
    await clock.advance(1000);
    expect(store.steps['open']).toBe(opened);
    expect(clock.pendingTimers).toBe(0);
  });

  it.each([
    ['near', { near: undefined as never }],
    ['near.load', { near: { ttlMs: 1 } as never }],
    ['ttlMs', { near: { load: async () => 1, ttlMs: -1 } }],
    ['far', { far: {} as never }],
    ['leaseMs', { leaseMs: 0 }],
    ['maxKeepMs', { maxKeepMs: -1 }],
    ['maxTextLength', { maxTextLength: 0 }],
    ['maxUnsaid', { maxUnsaid: 0 }],
    ['maxOriginLoads', { maxOriginLoads: 0 }],
    ['serializer', { serializer: {} as never }],
    ['timeoutMs', { guard: { timeoutMs: 0 } }],
    ['failures', { guard: { failures: 0 } }],
    ['openMs', { guard: { openMs: Number.NaN } }],
  ])('refuse a bad %s by name', (option, said) => {
    let thrown: unknown;
    try {
      tiered({ near: { load: async () => 1, ttlMs: 1 }, far: fakeStore().connect(), ...said });
    } catch (reason) {
      thrown = reason;
    }
    expect(isOptionError(thrown)).toBe(true);
    expect(thrown).toMatchObject({ option });
  });
});

describe('chance', () => {
  it('tells processes apart, also those that were seeded alike', async () => {
    const clock = virtualClock();
    const store = fakeStore({ clock });
    const tokens: (string | undefined)[] = [];
    const far = store.connect();
    const spied = { ...far, open: ((key, lease, context) => (tokens.push(lease?.token), far.open(key, lease, context))) as typeof far.open }; // prettier-ignore
    for (const seed of [1, 2]) {
      const near = { load: async (key: string) => key, ttlMs: 100, clock, random: seededRandom(seed) };
      await tiered({ near, far: spied }).get(`k${seed}`);
    }
    expect(new Set(tokens).size).toBe(2);
  });
});
