/** What happens to a load when its callers leave, or when it is late. */
import { getEventListeners } from 'node:events';
import type { CallContext } from 'evenkeel';
import { timeout } from 'evenkeel';
import { describe, expect, it } from 'vitest';
import { bench, fill, standing } from './kit.ts';

const boom = new Error('boom');

describe('a load that is aborted when all have left', () => {
  const abort = { whenAbandoned: 'abort' as const };

  it('ends with the last caller, whose reason its signal has, and is no failure', async () => {
    const { clock, origin, users } = bench({ ...abort, errorTtlMs: 1000, refreshBackoffMs: 1000 });
    const [one, two] = [new AbortController(), new AbortController()];
    const answers = [users.get('a', { signal: one.signal }), users.lookup('a', { signal: two.signal })];
    const load = origin.next();
    const { signal } = load.options as CallContext;
    one.abort('one left');
    expect(await standing(answers[0] as Promise<unknown>)).toEqual({ rejected: 'one left' });
    expect(signal.aborted).toBe(false);
    two.abort('two left');
    expect(await standing(answers[1] as Promise<unknown>)).toEqual({ rejected: 'two left' });
    expect([signal.aborted, signal.reason]).toEqual([true, 'two left']);
    expect(users.snapshot()).toMatchObject({ abandoned: 1, failures: 0, loading: 0 });
    expect(clock.pendingTimers).toBe(0);
    await fill({ origin, users }, 'a', 'new');
    load.resolve('old');
    await clock.settle();
    expect(await users.get('a')).toBe('new');
  });

  it('goes on while one caller stays, also one without a signal', async () => {
    const { origin, users } = bench(abort);
    const caller = new AbortController();
    const left = users.get('a', { signal: caller.signal }).catch((error: unknown) => error);
    const stays = users.get('a');
    caller.abort('left');
    expect(await left).toBe('left');
    origin.next().resolve('one');
    expect(await stays).toBe('one');
    expect(users.snapshot().abandoned).toBe(0);
  });

  it('gives its place to whoever waits, and is withdrawn if it waits itself', async () => {
    const { clock, origin, users } = bench({ ...abort, maxLoads: 1 });
    const callers = ['a', 'b', 'c'].map((key) => {
      const caller = new AbortController();
      const answer = users.get(key, { signal: caller.signal }).catch((error: unknown) => error);
      return { caller, answer };
    });
    callers[1]?.caller.abort('left');
    await clock.settle();
    expect(users.snapshot()).toMatchObject({ loading: 1, queued: 1 });
    callers[0]?.caller.abort('left');
    await clock.settle();
    expect(origin.requests).toEqual(['a', 'c']);
    origin.next();
    origin.next().resolve('C');
    expect(await callers[2]?.answer).toBe('C');
    expect(users.snapshot()).toMatchObject({ loading: 0, queued: 0, abandoned: 2 });
  });

  it('heeds callers with a soft timeout and those within a longer call, and leaves no listener', async () => {
    const { clock, origin, users } = bench({ ...abort, staleIfErrorMs: 10_000, softTimeoutMs: 50 });
    await fill({ origin, users }, 'a', 'one');
    await clock.advance(100);
    const caller = new AbortController();
    const answer = timeout({ timeoutMs: 1000, clock }).run(
      (context) => users.get('a', context),
      { signal: caller.signal },
    ); // prettier-ignore
    expect(origin.waiting).toBe(1);
    caller.abort('left');
    expect(await standing(answer)).toEqual({ rejected: 'left' });
    expect(users.snapshot()).toMatchObject({ abandoned: 1, loading: 0 });
    expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0);
    expect(clock.pendingTimers).toBe(0);
  });

  it('leaves no hook on a longer call when its loads have ended', async () => {
    const { clock, origin, users } = bench({ ...abort, ttlMs: 0 });
    await timeout({ timeoutMs: 1000, clock }).run(async (context) => {
      const { scope } = context as unknown as { readonly scope: { readonly head: unknown } };
      const before = scope.head;
      for (let n = 0; n < 10; n++) {
        const answer = users.get('a', context);
        expect(scope.head).not.toBe(before);
        origin.next().resolve('v');
        await answer;
        await clock.settle();
      }
      expect(scope.head).toBe(before);
    });
  });

  it('does not end a refresh that nobody asked for', async () => {
    const { clock, origin, users } = bench({ ...abort, staleWhileRevalidateMs: 10, staleIfErrorMs: 1000 });
    await fill({ origin, users }, 'a', 'one');
    await clock.advance(100);
    await users.get('a');
    await clock.advance(50);
    const caller = new AbortController();
    const joined = users.get('a', { signal: caller.signal }).catch((error: unknown) => error);
    caller.abort('left');
    await joined;
    expect(users.snapshot()).toMatchObject({ abandoned: 0, loading: 1 });
    origin.next().resolve('two');
    await clock.settle();
    expect(await users.get('a')).toBe('two');
  });
});

describe('a load that brings a value after its hard timeout', () => {
  const late = { hardTimeoutMs: 200, staleIfErrorMs: 10_000 };

  const begin = async (said = {}) => {
    const kit = bench({ ...late, ...said });
    const answer = kit.users.get('a').catch((error: unknown) => error);
    await kit.clock.advance(200);
    expect(await answer).toMatchObject({ name: 'TimeoutError' });
    return { ...kit, load: kit.origin.next() };
  };

  it('is stored as old as it is: it goes on in the background', async () => {
    const { clock, users, load } = await begin({ ttlMs: 1000 });
    await clock.advance(50);
    load.resolve('late');
    await clock.settle();
    expect(await users.lookup('a')).toEqual({ value: 'late', state: 'fresh', ageMs: 250 });
    expect(users.snapshot()).toMatchObject({ failures: 1, late: 1, loads: 1 });
    expect(clock.pendingTimers).toBe(0);
  });

  it('takes the place of a remembered error, and ends the pauses', async () => {
    const { clock, users, load } = await begin({ ttlMs: 1000, errorTtlMs: 60_000 });
    load.resolve('late');
    await clock.settle();
    expect(await users.get('a')).toBe('late');
  });

  it.each([
    ['set', 'set'],
    ['delete', undefined],
    ['clear', undefined],
    ['invalidateTag', undefined],
  ] as const)('is not stored after a %s', async (change, left) => {
    const { clock, users, load } = await begin({ ttlMs: 1000, tags: () => ['t'] });
    if (change === 'set') users.set('a', 'set');
    else if (change === 'clear') users.clear();
    else if (change === 'delete') users.delete('a');
    else users.invalidateTag('t');
    load.resolve('late');
    await clock.settle();
    expect(users.peek('a')).toBe(left);
    expect(users.snapshot().late).toBe(0);
  });

  it('is not stored over what a younger load has brought, and does not stop one', async () => {
    const { clock, origin, users, load } = await begin({ ttlMs: 1000 });
    await clock.advance(10);
    const young = users.get('a');
    load.resolve('late');
    await clock.settle();
    expect(users.peek('a')).toBe('late');
    origin.next().resolve('young');
    expect(await young).toBe('young');
    expect(await users.get('a')).toBe('young');
    const second = await begin({ ttlMs: 1000 });
    await second.clock.advance(10);
    await fill(second, 'a', 'young');
    second.load.resolve('late');
    await second.clock.settle();
    expect(await second.users.get('a')).toBe('young');
  });

  it('is not stored if its key was changed before the time was over', async () => {
    const { clock, origin, users } = bench({ ...late, ttlMs: 1000 });
    const answer = users.get('a').catch((error: unknown) => error);
    users.delete('a');
    await clock.advance(200);
    await answer;
    origin.next().resolve('late');
    await clock.settle();
    expect(users.peek('a')).toBeUndefined();
  });

  it('is forgotten when it rejects, and when more are late than may load at once', async () => {
    const { clock, users, origin } = bench({ ...late, maxLoads: 2, ttlMs: 10_000 });
    for (const key of ['a', 'b', 'c']) {
      void users.get(key).catch(() => {});
      await clock.advance(200);
    }
    const [a, b, c] = [origin.next(), origin.next(), origin.next()];
    b.reject(boom);
    a.resolve('A');
    c.resolve('C');
    await clock.settle();
    expect([users.peek('a'), users.peek('b'), users.peek('c')]).toEqual([undefined, undefined, 'C']);
  });
});
