import { AsyncLocalStorage } from 'node:async_hooks';
import { getEventListeners } from 'node:events';
import { type CallContext, isOptionError, isTimeoutError } from 'evenkeel';
import { coalescingCache } from 'evenkeel/cache';
import { virtualClock } from 'evenkeel/testing';
import { describe, expect, it, vi } from 'vitest';
import { bench, fill, standing } from './kit.ts';

describe('coalescing', () => {
  it('makes one load for a thousand callers, and rejects them all at once with its error', async () => {
    const { clock, origin, users } = bench();
    const answers = Array.from({ length: 1000 }, () => standing(users.get('a')));
    const late = Array.from({ length: 1000 }, () => users.get('a').catch((error: unknown) => error));
    await Promise.all(answers);
    const boom = new Error('boom');
    clock.setTimeout(() => origin.next().reject(boom), 20);
    await clock.advance(20);
    expect(new Set(await Promise.all(late))).toEqual(new Set([boom]));
    expect(origin.requests).toEqual(['a']);
    expect(users.snapshot()).toMatchObject({ misses: 1, coalesced: 1999, loads: 1, failures: 1 });
  });

  it('does not remember a failure of a cold key', async () => {
    const { origin, users } = bench();
    const first = users.get('a');
    origin.next().reject(new Error('boom'));
    await expect(first).rejects.toThrow('boom');
    await fill({ origin, users }, 'a', 'one');
    expect(origin.requests).toHaveLength(2);
  });

  it('remembers a failure of a cold key for errorTtlMs, from when it failed', async () => {
    const { clock, origin, users } = bench({ errorTtlMs: 30 });
    const first = users.get('a');
    await clock.advance(500);
    const boom = new Error('boom');
    origin.next().reject(boom);
    await expect(first).rejects.toBe(boom);
    await clock.advance(29);
    await expect(users.get('a')).rejects.toBe(boom);
    await expect(users.lookup('a')).rejects.toBe(boom);
    expect(users.peek('a')).toBeUndefined();
    expect(users.snapshot()).toMatchObject({ errorsServed: 2, loads: 1 });
    await clock.advance(1);
    await fill({ origin, users }, 'a', 'one');
    expect(await users.get('a')).toBe('one');
  });

  it('rejects only the caller who aborts, at once, and stores the load when all have left', async () => {
    const { clock, origin, users } = bench();
    const one = new AbortController();
    const two = new AbortController();
    const first = users.get('a', { signal: one.signal });
    const second = users.lookup('a', { signal: two.signal });
    const reason = { left: true };
    one.abort(reason);
    expect(await standing(first)).toEqual({ rejected: reason });
    expect(await standing(second)).toBe('pending');
    two.abort('too');
    expect(await standing(second)).toEqual({ rejected: 'too' });
    const load = origin.next();
    expect((load.options as CallContext).signal.aborted).toBe(false);
    load.resolve('one');
    await clock.settle();
    expect(await users.get('a')).toBe('one');
    expect(getEventListeners(one.signal, 'abort')).toHaveLength(0);
    expect(clock.pendingTimers).toBe(0);
  });

  it('leaves no unhandled rejection when all callers of a failing load have left', async () => {
    const { clock, origin, users } = bench();
    const caller = new AbortController();
    const answer = standing(users.get('a', { signal: caller.signal }));
    caller.abort('left');
    expect(await answer).toEqual({ rejected: 'left' });
    origin.next().reject(new Error('boom'));
    await clock.settle();
    expect(users.snapshot().failures).toBe(1);
  });

  it('rejects under an aborted signal even what it has', async () => {
    const { origin, users } = bench();
    await fill({ origin, users }, 'a', 'one');
    const gone = { signal: AbortSignal.abort('gone') };
    expect(await standing(users.get('a', gone))).toEqual({ rejected: 'gone' });
    expect(await standing(users.lookup('b', gone))).toEqual({ rejected: 'gone' });
    expect(origin.requests).toEqual(['a']);
  });

  it('holds each caller to his own timeoutMs', async () => {
    const { clock, origin, users } = bench();
    const hasty = users.get('a', { timeoutMs: 10 }).catch((error: unknown) => error);
    const patient = users.get('a');
    await clock.advance(10);
    expect(isTimeoutError(await hasty)).toBe(true);
    origin.next().resolve('one');
    expect(await patient).toBe('one');
    expect(clock.pendingTimers).toBe(0);
  });

  it('hands the loader a context of its own, with the hard timeout as its deadline', async () => {
    const { origin, users } = bench({ hardTimeoutMs: 700 });
    void users.get('a', { timeoutMs: 5, affinityKey: 'x' }).catch(() => {});
    const context = origin.next().options as CallContext;
    expect(context.remainingMs()).toBe(700);
    expect(context.affinityKey).toBeUndefined();
    expect([context.attempt, context.endpoint]).toEqual([1, undefined]);
  });

  it('makes an AbortController only for a loader that reads its signal', async () => {
    const made = vi.fn();
    const Original = AbortController;
    vi.stubGlobal(
      'AbortController',
      class extends Original {
        constructor() {
          super();
          made();
        }
      },
    );
    const { origin, users } = bench();
    await fill({ origin, users }, 'a', 'one');
    expect(made).not.toHaveBeenCalled();
    vi.unstubAllGlobals();
  });

  it('turns what the loader does wrong into a rejection, and can load again', async () => {
    let way: () => unknown = () => 42;
    const users = coalescingCache({
      load: () => way() as Promise<number>,
      ttlMs: 10,
      clock: virtualClock(),
    });
    expect(isOptionError(await users.get('a').catch((error: unknown) => error))).toBe(true);
    const thrown = new Error('early');
    way = () => {
      throw thrown;
    };
    await expect(users.get('a')).rejects.toBe(thrown);
    way = async () => 7;
    expect(await users.get('a')).toBe(7);
  });

  it('runs the loader in the context of the first caller, and refreshes in the creator’s', async () => {
    const store = new AsyncLocalStorage<string>();
    const clock = virtualClock();
    const seen: unknown[] = [];
    const users = store.run('creator', () =>
      coalescingCache({
        load: async () => void seen.push(store.getStore()),
        ttlMs: 10,
        staleWhileRevalidateMs: 1000,
        clock,
      }),
    );
    await store.run('first', () => users.get('a'));
    for (let round = 0; round < 2; round++) {
      await clock.advance(10);
      await store.run('reader', () => users.get('a'));
      await clock.settle();
    }
    expect(seen).toEqual(['first', 'creator', 'creator']);
  });

  it('runs a load that waited for room in the context of the caller it is for', async () => {
    const store = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    let finish = (): void => {};
    const users = coalescingCache({
      load: (arg: string) => {
        seen.push(arg, store.getStore());
        return arg === 'a' ? new Promise<void>((resolve) => (finish = resolve)) : Promise.resolve();
      },
      ttlMs: 10,
      maxLoads: 1,
      clock: virtualClock(),
    });
    const first = store.run('one', () => users.get('a'));
    const second = store.run('two', () => users.get('b'));
    store.run('three', () => finish());
    await Promise.all([first, second]);
    expect(seen).toEqual(['a', 'one', 'b', 'two']);
  });
});
