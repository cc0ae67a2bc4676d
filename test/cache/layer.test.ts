import { type CallContext, type CallOptions, isOptionError, isTimeoutError, pipe, timeout } from 'evenkeel';
import { cache, coalescingCache } from 'evenkeel/cache';
import { fakeTransport, virtualClock } from 'evenkeel/testing';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { standing } from './kit.ts';

interface User {
  readonly id: string;
  readonly team: string;
}
const clock = virtualClock();
const wireOf = <Q, S>(answer: S) => fakeTransport<Q, S>({ answer: () => answer });

describe('the cache layer', () => {
  it('answers from what it knows, by the request, and keeps the types of what is inside', async () => {
    const wire = fakeTransport<{ id: string; deep?: boolean }, User>({
      answer: ({ id }) => ({ id, team: '7' }),
    });
    const getUser = pipe(wire, timeout({ timeoutMs: 50, clock }), cache({ ttlMs: 100, clock }));
    expectTypeOf(getUser).parameter(0).toEqualTypeOf<{ id: string; deep?: boolean }>();
    expectTypeOf(getUser).returns.toEqualTypeOf<Promise<User>>();
    const first = await getUser({ id: '1', deep: true });
    expect(await getUser({ deep: true, id: '1' })).toBe(first);
    expect(wire.requests).toHaveLength(1);
    await clock.advance(100);
    expect(await getUser({ id: '1', deep: true })).not.toBe(first);
  });

  it('has a store of its own for each transport it is put around', async () => {
    const layer = cache({ ttlMs: 100, clock });
    const [one, two] = [pipe(wireOf<string, number>(1), layer), pipe(wireOf<string, number>(2), layer)];
    expect([await one('a'), await two('a')]).toEqual([1, 2]);
    one.clear();
    expect([one.peek('a'), two.peek('a')]).toEqual([undefined, 2]);
  });

  it('carries its controls', async () => {
    const getUser = pipe(
      async (id: string): Promise<User> => ({ id, team: '7' }),
      cache({ ttlMs: 100, clock, tags: (user: User) => [`team:${user.team}`] }),
    );
    await getUser('1');
    expect(getUser.snapshot()).toMatchObject({ entries: 1, loads: 1 });
    getUser.invalidateTag('team:7');
    expect(getUser.peek('1')).toBeUndefined();
    getUser.set('1', { id: '1', team: '8' });
    expect((await getUser('1')).team).toBe('8');
    expect(getUser.delete('1')).toBe(true);
  });

  it('takes a key for the requests that it fits', async () => {
    const byId = cache({ ttlMs: 100, clock, key: (request: { id: string }) => request.id });
    const wire = wireOf<{ id: string; trace: string }, number>(1);
    const getUser = pipe(wire, byId);
    await getUser({ id: '1', trace: 'x' });
    expect(await getUser({ id: '1', trace: 'y' })).toBe(1);
    expect(wire.requests).toHaveLength(1);
    // @ts-expect-error a request without an id has no such key
    pipe(wireOf<{ name: string }, number>(1), byId);
  });

  it('rejects at once when the caller leaves or a limit outside passes, and loads on', async () => {
    const wire = fakeTransport<string, string>({ aborts: 'ignore' });
    const get = pipe(wire, cache({ ttlMs: 100, clock }), timeout({ timeoutMs: 30, clock }));
    const caller = new AbortController();
    const left = get('a', { signal: caller.signal });
    const late = get('a').catch((error: unknown) => error);
    caller.abort('left');
    expect(await standing(left)).toEqual({ rejected: 'left' });
    await clock.advance(30);
    expect(isTimeoutError(await late)).toBe(true);
    const load = wire.next();
    expect((load.options as CallContext).signal.aborted).toBe(false);
    load.resolve('one');
    await clock.settle();
    expect(await get('a')).toBe('one');
    expect(wire.requests).toHaveLength(1);
    expect(clock.pendingTimers).toBe(0);
  });

  it('lets calls past that bring words of their own: they would get another caller’s answer', async () => {
    const seen: unknown[] = [];
    const wire = async (_: string, init?: CallOptions & { headers?: object; method?: string }) => {
      seen.push(init?.headers);
      return seen.length;
    };
    const get = pipe(wire, timeout({ timeoutMs: 50, clock }), cache({ ttlMs: 100, clock }));
    expect(await get('/me', { headers: { authorization: 'A' } })).toBe(1);
    expect(await get('/me', { headers: { authorization: 'B' } })).toBe(2);
    expect(await get('/me', { method: 'DELETE' })).toBe(3);
    const said = { affinityKey: 'a', idempotencyKey: 'k', idempotent: true, criticality: 'default' } as const;
    expect(await get('/me', said)).toBe(await get('/me'));
    expect(await get('/me')).toBe(4);
    expect(await get('/me', { timeoutMs: 5, headers: undefined as never })).toBe(4);
    expect(seen).toEqual([{ authorization: 'A' }, { authorization: 'B' }, undefined, undefined]);
    expect(get.snapshot()).toMatchObject({ entries: 1, loads: 1 });
  });

  it('refuses to store a Response, told by tag or class, and says what to do instead', async () => {
    const theirs = { constructor: { name: 'Response' } };
    const tagged = { [Symbol.toStringTag]: 'Response' };
    for (const response of [new Response('body'), theirs, tagged]) {
      const get = pipe(wireOf<string, object>(response), cache({ ttlMs: 100, clock }));
      const error = await get('a').catch((error: unknown) => error);
      expect(isOptionError(error)).toBe(true);
      expect((error as Error).message).toMatch(/^cache: .* cache the parsed body/);
      expect(get.snapshot().entries).toBe(0);
    }
    const users = coalescingCache({ load: async () => new Response('body'), ttlMs: 100, clock });
    await expect(users.get('a')).rejects.toThrow(/parsed body/);
    expect(() => users.set('a', new Response('body'))).toThrow(/parsed body/);
  });
});
