/** What a loader may say beside a value; loaders that come with the call; loaders that gather. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { type CallContext, isOptionError } from 'evenkeel';
import {
  batched,
  cacheAside,
  type CoalescingCache,
  coalescingCache,
  type Known,
  type LoadContext,
  notModified,
  validated,
} from 'evenkeel/cache';
import { seededRandom, virtualClock } from 'evenkeel/testing';
import { describe, expect, expectTypeOf, it, vi } from 'vitest';
import { standing } from './kit.ts';

const boom = new Error('boom');

describe('a conditional refresh', () => {
  /** A cache over a document with a revision, and what its loader was shown. */
  const documents = (said: { readonly ttlMs?: number; readonly staleWhileRevalidateMs?: number } = {}) => {
    const clock = virtualClock();
    const origin = { revision: 1, text: 'one' };
    const shown: (Known | undefined)[] = [];
    const cache = coalescingCache({
      load: async (_path: string, { known }) => {
        shown.push(known);
        if (known?.validator === origin.revision) return notModified;
        return validated(origin.text, origin.revision);
      },
      ttlMs: 100,
      clock,
      random: seededRandom(1),
      ...said,
    });
    return { cache, clock, origin, shown };
  };

  it('shows the loader what is known, and makes it fresh again if it is not modified', async () => {
    const { cache, clock, origin, shown } = documents();
    expectTypeOf(cache).toHaveProperty('get').returns.toEqualTypeOf<Promise<string>>();
    expect(await cache.get('/')).toBe('one');
    await clock.advance(250);
    expect(await cache.lookup('/')).toEqual({ value: 'one', state: 'loaded', ageMs: 0 });
    expect(shown).toEqual([undefined, { value: 'one', validator: 1, ageMs: 250 }]);
    await clock.advance(99);
    expect(cache.peek('/')).toBe('one');
    await clock.advance(1);
    Object.assign(origin, { revision: 2, text: 'two' });
    expect(await cache.get('/')).toBe('two');
    await clock.advance(100);
    await cache.get('/');
    expect(shown.at(-1)).toEqual({ value: 'two', validator: 2, ageMs: 100 });
  });

  it('works in the background', async () => {
    const { cache, clock, shown } = documents({ staleWhileRevalidateMs: 1000 });
    await cache.get('/');
    await clock.advance(100);
    expect(await cache.get('/')).toBe('one');
    await clock.settle();
    expect(shown).toHaveLength(2);
    expect(await cache.lookup('/')).toEqual({ value: 'one', state: 'fresh', ageMs: 0 });
  });

  it('shows nothing after a delete, and no remembered failure', async () => {
    const { cache, shown } = documents();
    await cache.get('/');
    cache.delete('/');
    await cache.get('/');
    expect(shown).toEqual([undefined, undefined]);
    const clock = virtualClock();
    const seen: unknown[] = [];
    const failing = coalescingCache({
      load: async (_key: string, { known }): Promise<string> => {
        seen.push(known);
        throw boom;
      },
      ttlMs: 10,
      errorTtlMs: 10,
      clock,
    });
    for (let round = 0; round < 2; round++) {
      await expect(failing.get('a')).rejects.toBe(boom);
      await clock.advance(10);
    }
    expect(seen).toEqual([undefined, undefined]);
  });

  it('fails by name where nothing was known that could be unmodified', async () => {
    const cache = coalescingCache<string, string>({
      load: async () => notModified,
      ttlMs: 10,
      clock: virtualClock(),
    });
    expect(isOptionError(await cache.get('a').catch((error: unknown) => error))).toBe(true);
  });

  it('does not bring back what was deleted while it asked, and still answers those who wait', async () => {
    const clock = virtualClock();
    let answer: (said: typeof notModified) => void = () => {};
    const cache = coalescingCache({
      load: (_key: string, { known }) =>
        known === undefined
          ? Promise.resolve(validated('one', 1))
          : new Promise<typeof notModified>((resolve) => (answer = resolve)),
      ttlMs: 10,
      clock,
    });
    await cache.get('a');
    await clock.advance(10);
    const waits = cache.get('a');
    cache.delete('a');
    answer(notModified);
    expect(await waits).toBe('one');
    expect(cache.peek('a')).toBeUndefined();
  });

  it('keeps the types of values that have fields of the same names', async () => {
    const cache = coalescingCache({
      load: async (id: string) => ({ value: id, validator: 7 }),
      ttlMs: 10,
      clock: virtualClock(),
    });
    expectTypeOf(cache)
      .toHaveProperty('get')
      .returns.toEqualTypeOf<Promise<{ value: string; validator: number }>>();
    expect(await cache.get('a')).toEqual({ value: 'a', validator: 7 });
  });
});

describe('cache aside', () => {
  const aside = () => {
    const clock = virtualClock();
    return { clock, cache: cacheAside<string, number>({ ttlMs: 100, staleWhileRevalidateMs: 100, clock }) };
  };

  it('loads with what the call brings, once for all who call meanwhile', async () => {
    const { cache } = aside();
    const loads = [vi.fn(async () => 1), vi.fn(async () => 2)] as const;
    expect(await Promise.all(loads.map((load) => cache.getOrLoad('a', load)))).toEqual([1, 1]);
    expect(await cache.lookupOrLoad('a', loads[1])).toEqual({ value: 1, state: 'fresh', ageMs: 0 });
    expect([loads[0].mock.calls.length, loads[1].mock.calls.length]).toEqual([1, 0]);
  });

  it('refreshes in the background with what the reader brought, who is shown what is known', async () => {
    const { cache, clock } = aside();
    await cache.getOrLoad('a', async () => validated(1, 'tag'));
    await clock.advance(100);
    let seen: unknown;
    const load = async ({ known }: LoadContext) => {
      seen = known;
      return 2;
    };
    expect(await cache.getOrLoad('a', load)).toBe(1);
    await clock.settle();
    expect(seen).toEqual({ value: 1, validator: 'tag', ageMs: 100 });
    expect(cache.peek('a')).toBe(2);
  });

  it('lets one caller leave without the other', async () => {
    const { cache } = aside();
    const caller = new AbortController();
    let finish: (value: number) => void = () => {};
    const load = (): Promise<number> => new Promise((resolve) => (finish = resolve));
    const [left, stays] = [cache.getOrLoad('a', load, { signal: caller.signal }), cache.getOrLoad('a', load)];
    caller.abort('left');
    expect(await standing(left)).toEqual({ rejected: 'left' });
    finish(7);
    expect(await stays).toBe(7);
  });

  it('stores nothing that was overtaken by a set', async () => {
    const { cache } = aside();
    let finish: (value: number) => void = () => {};
    const waits = cache.getOrLoad('a', () => new Promise((resolve) => (finish = resolve)));
    cache.set('a', 2);
    finish(1);
    expect(await waits).toBe(1);
    expect(cache.peek('a')).toBe(2);
  });

  it('rejects a load that is no function', async () => {
    const { cache } = aside();
    expect(isOptionError(await cache.getOrLoad('a', 5 as never).catch((error: unknown) => error))).toBe(true);
  });
});

describe('batches', () => {
  type Answer = (values: readonly (string | Error)[]) => void;

  const shop = (said: { readonly maxBatch?: number; readonly maxBatches?: number; readonly gatherMs?: number } = {}) => {
    const clock = virtualClock();
    const asked: { ids: readonly number[]; context: CallContext; answer: Answer; fail: (error: unknown) => void }[] = [];
    const load = batched<number, string>({
      loadMany: (ids, context) =>
        new Promise((answer, fail) => asked.push({ ids, context, answer, fail })),
      clock,
      ...said,
    });
    const cache = coalescingCache({ load, ttlMs: 100, hardTimeoutMs: 1000, clock });
    return { clock, asked, cache };
  }; // prettier-ignore

  const all = (ids: readonly number[], cache: CoalescingCache<number, string>) =>
    Promise.all(ids.map((id) => cache.get(id).catch((error: unknown) => error)));

  it('asks once for all keys of a turn, and for none that is known or on its way', async () => {
    const { asked, cache, clock } = shop();
    cache.set(1, 'one');
    const first = all([1, 2, 3], cache);
    await clock.settle();
    const overlapping = all([3, 4], cache);
    await clock.settle();
    expect(asked.map(({ ids }) => ids)).toEqual([[2, 3], [4]]);
    asked[1]?.answer(['four']);
    expect(await standing(overlapping)).toBe('pending');
    asked[0]?.answer(['two', 'three']);
    expect(await first).toEqual(['one', 'two', 'three']);
    expect(await overlapping).toEqual(['three', 'four']);
    expect(cache.peek(3)).toBe('three');
  });

  it('fails single keys, and all of them if the batch fails', async () => {
    const { asked, cache, clock } = shop();
    const partly = all([1, 2], cache);
    await clock.settle();
    asked[0]?.answer([boom, 'two']);
    expect(await partly).toEqual([boom, 'two']);
    const wholly = all([1, 3], cache);
    await clock.settle();
    asked[1]?.fail(boom);
    expect(await wholly).toEqual([boom, boom]);
  });

  it('is closed when it is full, and waits while as many are under way as may be', async () => {
    const { asked, cache, clock } = shop({ maxBatch: 2, maxBatches: 1 });
    const answers = all([1, 2], cache);
    const waits = cache.get(3).catch((error: unknown) => error);
    await clock.settle();
    expect(asked.map(({ ids }) => ids)).toEqual([[1, 2]]);
    expect(cache.snapshot()).toMatchObject({ loading: 2, queued: 1 });
    asked[0]?.answer(['one', 'two']);
    await answers;
    await clock.settle();
    expect(asked[1]?.ids).toEqual([3]);
    asked[1]?.answer(['three']);
    expect(await waits).toBe('three');
  });

  it('waits for room among the batches, also where the cache would let more loads run', async () => {
    const clock = virtualClock();
    const ends: (() => void)[] = [];
    const load = batched({
      loadMany: (ids: readonly number[]) => new Promise<string[]>((resolve) => ends.push(() => resolve(ids.map(String)))),
      maxBatch: 2,
      maxBatches: 1,
      clock,
    });
    const cache = coalescingCache({ load, ttlMs: 100, maxLoads: 10, clock });
    const answers = Promise.all([1, 2, 3, 4, 5].map((id) => cache.get(id)));
    for (let batch = 1; batch <= 3; batch++) {
      await clock.settle();
      expect(ends).toHaveLength(batch);
      ends[batch - 1]?.();
    }
    expect(await answers).toEqual(['1', '2', '3', '4', '5']);
  }); // prettier-ignore

  it('is gathered for as long as is said', async () => {
    const { asked, cache, clock } = shop({ gatherMs: 5 });
    const one = cache.get(1);
    await clock.advance(4);
    const two = cache.get(2);
    await clock.advance(1);
    expect(asked.map(({ ids }) => ids)).toEqual([[1, 2]]);
    asked[0]?.answer(['one', 'two']);
    expect(await Promise.all([one, two])).toEqual(['one', 'two']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('asks for nothing when all have left a batch that waited for room', async () => {
    const clock = virtualClock();
    const asked: ((values: string[]) => void)[] = [];
    const loadMany = () => new Promise<string[]>((answer) => asked.push(answer));
    const load = batched<number, string>({ loadMany, maxBatch: 1, maxBatches: 1, clock });
    const cache = coalescingCache({ load, ttlMs: 100, maxLoads: 5, hardTimeoutMs: 20, clock });
    const late = Promise.allSettled([cache.get(1), cache.get(2)]);
    await clock.advance(20);
    expect(await late).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }]);
    asked[0]?.(['one']);
    await clock.settle();
    expect(asked).toHaveLength(1);
  });

  it('aborts its signal only when no key of it is wanted any more', async () => {
    const { asked, cache, clock } = shop();
    const early = cache.get(1).catch((error: unknown) => error);
    await clock.settle();
    expect(asked[0]?.context.signal.aborted).toBe(false);
    await clock.advance(1000);
    expect(await early).toMatchObject({ name: 'TimeoutError' });
    expect(asked[0]?.context.signal.aborted).toBe(true);
    asked[0]?.fail(boom);
    await clock.settle();
    expect(cache.snapshot().loading).toBe(0);
  });

  it('asks for nothing when all have left before it was begun', async () => {
    const clock = virtualClock();
    const loadMany = vi.fn(async (ids: readonly number[]) => ids.map(String));
    const load = batched({ loadMany, gatherMs: 50, clock });
    const cache = coalescingCache({ load, ttlMs: 100, hardTimeoutMs: 20, clock });
    const late = cache.get(1).catch((error: unknown) => error);
    await clock.advance(60);
    expect(await late).toMatchObject({ name: 'TimeoutError' });
    expect(loadMany).not.toHaveBeenCalled();
    const next = cache.get(2).catch((error: unknown) => error);
    await clock.advance(60);
    expect(await next).toMatchObject({ name: 'TimeoutError' });
  });

  it.each([[['one']], ['no list' as never], [undefined as never]])(
    'fails all keys by name for an answer of %j',
    async (answer: readonly string[]) => {
      const { asked, cache, clock } = shop();
      const answers = all([1, 2], cache);
      await clock.settle();
      asked[0]?.answer(answer);
      for (const error of await answers) expect(isOptionError(error)).toBe(true);
    },
  );

  it('runs in the async context of the first of its callers, also after waiting', async () => {
    const store = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const ends: (() => void)[] = [];
    const load = batched({
      loadMany: (ids: readonly number[]) => {
        seen.push(store.getStore());
        return new Promise<string[]>((resolve) => ends.push(() => resolve(ids.map(String))));
      },
      maxBatch: 1,
      maxBatches: 1,
    });
    const cache = coalescingCache({ load, ttlMs: 100, maxLoads: 5 });
    const first = store.run('first', () => cache.get(1));
    const second = store.run('second', () => cache.get(2));
    await new Promise(setImmediate);
    store.run('other', () => ends[0]?.());
    await first;
    await new Promise(setImmediate);
    ends[1]?.();
    await second;
    expect(seen).toEqual(['first', 'second']);
  });

  it.each([['loadMany', { loadMany: 5 as never }], ['maxBatch', { maxBatch: 0 }], ['maxBatches', { maxBatches: 0 }], ['gatherMs', { gatherMs: -1 }]])(
    'refuse a bad %s',
    (option, said) => {
      const make = () => batched({ loadMany: async (ids: readonly number[]) => ids, ...said });
      expect(make).toThrow(expect.objectContaining({ option }));
    },
  ); // prettier-ignore
});
