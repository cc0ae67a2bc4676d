import { AsyncLocalStorage } from 'node:async_hooks';
import { getEventListeners } from 'node:events';
import { type CallOptions, type ObserverEvent, pipe, retry } from 'evenkeel';
import { isRateLimitedError, rateLimit, type RateLimitOptions } from 'evenkeel/policies';
import { fakeTransport, virtualClock } from 'evenkeel/testing';
import { describe, expect, expectTypeOf, it, vi } from 'vitest';
import { mayRepeat } from '../../src/core/repeat.ts';

const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);
const algorithms = ['token-bucket', 'sliding-window'] as const;

function setup(options: Partial<RateLimitOptions<string>> = {}) {
  const clock = virtualClock();
  const events: ObserverEvent[] = [];
  const policy = rateLimit<string>({
    limit: 2,
    perMs: 100,
    clock,
    observer: (event) => events.push(event),
    ...options,
  });
  const wire = fakeTransport<string, number>({ answer: () => clock.now() - 1_000_000 });
  return { clock, events, policy, wire, call: pipe(wire, policy) };
}

describe.each(algorithms)('rateLimit by %s', (algorithm) => {
  it('lets the limit through and refuses the rest at once, saying when there will be room', async () => {
    const { clock, call, wire, policy, events } = setup({ algorithm });
    expect(await Promise.all([call('a'), call('b')])).toEqual([0, 0]);
    const error = await quiet(call('c'));
    expect(isRateLimitedError(error)).toBe(true);
    const retryAfterMs = algorithm === 'token-bucket' ? 50 : 100;
    expect(error).toMatchObject({ code: 'EVENKEEL_RATE_LIMITED', reason: 'queue-full', retryAfterMs });
    expect(wire.requests).toEqual(['a', 'b']);
    expect(policy.snapshot()).toEqual({ limit: 2, waiting: 0, refused: 1, keys: 0 });
    expect(events).toEqual([
      { room: 'rate-limit', type: 'refused', name: undefined, reason: 'queue-full', retryAfterMs },
    ]);
    await clock.advance(retryAfterMs - 1);
    expect(isRateLimitedError(await quiet(call('d')))).toBe(true);
    await clock.advance(1);
    expect(await call('e')).toBe(retryAfterMs);
    expect(clock.pendingTimers).toBe(0);
  });

  it('lets those that wait through, first come first served, and nobody pass them', async () => {
    const { clock, call, policy, wire } = setup({ algorithm, maxQueue: 4 });
    const answers = ['a', 'b', 'c', 'd', 'e', 'f'].map((request) => call(request));
    expect(policy.snapshot()).toMatchObject({ waiting: 4, refused: 0 });
    expect(clock.pendingTimers).toBe(4 + 1);
    expect(await quiet(call('g'))).toMatchObject({ reason: 'queue-full' });
    await clock.advance(1000);
    expect(await Promise.all(answers)).toEqual(
      algorithm === 'token-bucket' ? [0, 0, 50, 100, 150, 200] : [0, 0, 100, 100, 200, 200],
    );
    expect(wire.requests).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    expect([clock.pendingTimers, policy.snapshot().waiting]).toEqual([0, 0]);
  });

  it('does not let a newcomer pass those that wait, though there is room for one', async () => {
    const { clock, call, wire } = setup({ algorithm, maxQueue: 5 });
    const answers = ['a', 'b', 'c'].map((request) => call(request));
    // The timer of the one that waits is late.
    clock.jump(1000);
    answers.push(call('d'));
    await clock.advance(1);
    await Promise.all(answers);
    expect(wire.requests).toEqual(['a', 'b', 'c', 'd']);
  });

  it('refuses at once a wait that would be too long, or end after the call’s deadline', async () => {
    const { call, policy } = setup({ algorithm, maxQueue: 100, queueTimeoutMs: 201 });
    const at = algorithm === 'token-bucket' ? [50, 100, 150, 200] : [100, 100, 200, 200];
    const answers = [call('a'), call('b')];
    expect(await quiet(call('x', { timeoutMs: at[0] as number }))).toMatchObject({
      reason: 'deadline',
      retryAfterMs: at[0],
    });
    answers.push(...at.map(() => call('c')));
    expect(await quiet(call('x'))).toMatchObject({ reason: 'queue-timeout' });
    expect(policy.snapshot()).toMatchObject({ waiting: 4, refused: 2 });
    void Promise.all(answers.map(quiet));
  });

  it('waits within a deadline that is long enough', async () => {
    const { clock, call } = setup({ algorithm, maxQueue: 1 });
    const answers = [call('a'), call('b'), call('c', { timeoutMs: 101 })];
    await clock.advance(101);
    expect(await Promise.all(answers)).toHaveLength(3);
  });

  it('lets a caller leave the line at once, and gives its turn to the next', async () => {
    const { clock, call, wire, policy } = setup({ algorithm, limit: 1, maxQueue: 3 });
    const first = call('first');
    const caller = new AbortController();
    const left = quiet(call('left', { signal: caller.signal }));
    const last = call('last');
    caller.abort('left');
    expect(policy.snapshot().waiting).toBe(1);
    expect(await left).toBe('left');
    expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0);
    await clock.advance(100);
    expect(await Promise.all([first, last])).toEqual([0, 100]);
    expect(wire.requests).toEqual(['first', 'last']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('has no timer left when the last one that waited has gone', async () => {
    const { clock, call } = setup({ algorithm, limit: 1, maxQueue: 3 });
    await call('first');
    const caller = new AbortController();
    const left = [1, 2].map(() => quiet(call('left', { signal: caller.signal })));
    caller.abort('left');
    expect(clock.pendingTimers).toBe(0);
    await Promise.all(left);
  });

  it('gives a turn back that came in the tick in which its caller left', async () => {
    const { clock, policy } = setup({ algorithm, limit: 1, maxQueue: 3 });
    const timers = vi.spyOn(clock, 'setTimeout');
    const ran: string[] = [];
    const run = (name: string, options?: CallOptions) =>
      quiet(policy.run(async () => ran.push(name), options ?? {}));
    await run('first');
    const caller = new AbortController();
    const left = run('left', { signal: caller.signal });
    const last = run('last');
    const turn = timers.mock.calls.find(([, ms]) => ms === 100)?.[0];
    clock.jump(100);
    turn?.();
    expect(policy.snapshot().waiting).toBe(1);
    caller.abort('left');
    await clock.settle();
    expect(await left).toBe('left');
    expect(clock.now()).toBe(1_000_100);
    await last;
    expect(ran).toEqual(['first', 'last']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('has a limit for each key, and forgets those not used for longest', async () => {
    const { call, policy } = setup({ algorithm, limit: 1, key: (request) => request, maxKeys: 2 });
    expect(await call('a')).toBe(0);
    expect(await call('b')).toBe(0);
    expect(isRateLimitedError(await quiet(call('a')))).toBe(true);
    expect(await call('c')).toBe(0);
    expect(policy.snapshot().keys).toBe(2);
    // b was forgotten, a was not.
    expect(isRateLimitedError(await quiet(call('a')))).toBe(true);
    expect(await call('b')).toBe(0);
  });

  it('keeps 100 000 keys within its bounds, and those that wait too', async () => {
    const { clock, call, policy } = setup({
      algorithm,
      limit: 1,
      key: (request) => request,
      maxKeys: 1000,
      maxQueue: 50,
    });
    const answers: Promise<unknown>[] = [];
    for (let n = 0; n < 100_000; n++) {
      answers.push(quiet(call(`key ${n}`)));
      if (n % 1000 === 0) answers.push(quiet(call(`key ${n}`)));
    }
    expect(policy.snapshot()).toMatchObject({ keys: 1000, waiting: 50, refused: 50 });
    await clock.advance(1000);
    await Promise.all(answers);
    expect(policy.snapshot()).toMatchObject({ keys: 1000, waiting: 0, refused: 50 });
    expect(clock.pendingTimers).toBe(0);
  });

  it('takes its part of a limit that a fleet shares, and follows the fleet', async () => {
    let members: number | undefined = 4;
    const { clock, call, policy } = setup({
      algorithm,
      limit: 8,
      fleet: () => {
        if (members === undefined) throw new Error('unknown');
        return members;
      },
    });
    const burst = async () => {
      const answers = await Promise.all(Array.from({ length: 20 }, () => quiet(call('x'))));
      await clock.advance(1000);
      return answers.filter((answer) => !isRateLimitedError(answer)).length;
    };
    expect(await burst()).toBe(2);
    members = 2;
    expect(await burst()).toBe(4);
    for (const odd of [undefined, Number.NaN, 0, -1, Infinity, '3' as never]) {
      members = odd;
      expect(await burst()).toBe(4);
    }
    members = 16;
    expect(policy.snapshot().limit).toBe(0.5);
    // Half a call in 100 ms: one in 200.
    expect(await call('x')).toBeGreaterThan(0);
    await clock.advance(199);
    expect(await quiet(call('x'))).toMatchObject({ reason: 'queue-full' });
    await clock.advance(1);
    expect(isRateLimitedError(await quiet(call('x')))).toBe(false);
  });

  it('starts with the whole limit while nobody knows the fleet', async () => {
    const { policy } = setup({ algorithm, fleet: () => Number.NaN });
    expect(policy.snapshot().limit).toBe(2);
  });

  it('only tells when it observes: nobody is refused, nobody waits', async () => {
    const { clock, call, policy, events } = setup({ algorithm, mode: 'observe', maxQueue: 1 });
    expect(await Promise.all(['a', 'b', 'c'].map((request) => call(request)))).toEqual([0, 0, 0]);
    expect(policy.snapshot()).toMatchObject({ refused: 1, waiting: 0 });
    expect(events).toMatchObject([{ type: 'would-refuse', reason: 'wait' }]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('survives a clock that jumps, ahead or back', async () => {
    const { clock, call } = setup({ algorithm, maxQueue: 1, queueTimeoutMs: Infinity });
    await Promise.all([call('a'), call('b')]);
    clock.jump(-1_000_000_000);
    const waiting = call('c');
    await clock.advance(100);
    await waiting;
    clock.jump(3_000_000_000);
    const after = await Promise.all([call('d'), call('e')].map(quiet));
    expect(after.filter(isRateLimitedError)).toEqual([]);
  });

  it('runs queued calls in their own callers’ async context', async () => {
    const store = new AsyncLocalStorage<string>();
    const { clock, policy } = setup({ algorithm, limit: 1, maxQueue: 2 });
    const who = async () => store.getStore();
    const answers = ['A', 'B', 'C'].map((name) => store.run(name, () => policy.run(who)));
    await clock.advance(1000);
    expect(await Promise.all(answers)).toEqual(['A', 'B', 'C']);
  });
});

describe('rateLimit', () => {
  it('lets a burst of its own size through', async () => {
    const { call } = setup({ limit: 2, burst: 5 });
    const answers = await Promise.all(Array.from({ length: 7 }, () => quiet(call('x'))));
    expect(answers.filter(isRateLimitedError)).toHaveLength(2);
    const one = setup({ limit: 100, burst: 1 });
    await one.call('x');
    expect(await quiet(one.call('x'))).toMatchObject({ retryAfterMs: 1 });
  });

  it('sets no timer for less than a millisecond, over and over', async () => {
    const { clock, call } = setup({ limit: 3, perMs: 100, burst: 1, maxQueue: 10 });
    const answers = Array.from({ length: 7 }, () => call('x'));
    await clock.advance(1000);
    expect(await Promise.all(answers)).toEqual([0, 34, 67, 100, 134, 167, 200]);
  });

  it('refuses one that waits too long after all, because the fleet has grown', async () => {
    let members = 1;
    const { clock, call, policy } = setup({
      limit: 1,
      maxQueue: 1,
      queueTimeoutMs: 150,
      fleet: () => members,
    });
    const answers = [call('a'), quiet(call('b'))];
    members = 4;
    await clock.advance(150);
    expect(await answers[1]).toMatchObject({ reason: 'queue-timeout' });
    expect(policy.snapshot()).toMatchObject({ waiting: 0, refused: 1 });
    await clock.advance(1000);
    expect(clock.pendingTimers).toBe(0);
  });

  it('hands the key function the request and the context', async () => {
    const seen: unknown[] = [];
    const policy = rateLimit({
      limit: 1,
      perMs: 100,
      key: (request: { tenant: string }, { affinityKey }) => {
        seen.push(affinityKey);
        return request.tenant;
      },
    });
    const call = pipe(async (request: { tenant: string }) => request.tenant, policy);
    expectTypeOf(call).parameter(0).toEqualTypeOf<{ tenant: string }>();
    expect(await call({ tenant: 'a' }, { affinityKey: 'k' })).toBe('a');
    expect(seen).toEqual(['k']);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('key');
      },
      { message: 'key' },
    ],
    ['answers with no string', () => 5 as never, { name: 'OptionError' }],
  ])('rejects the call and sends nothing when the key function %s', async (_, key, error) => {
    const { call, wire } = setup({ key });
    expect(await quiet(call('x'))).toMatchObject(error);
    expect(wire.requests).toEqual([]);
  });

  it('never shows a key', async () => {
    const { call, events } = setup({ key: () => 'secret', limit: 1 });
    await call('x');
    const error = await quiet(call('x'));
    expect(JSON.stringify([error, String(error), events])).not.toContain('secret');
  });

  it('refuses before anything is sent, so that even a POST may be tried again, when there is room', async () => {
    const { clock, call, wire } = setup({ limit: 1 });
    await call('first');
    const error = await quiet(call('second'));
    expect(mayRepeat('x', { method: 'POST' } as CallOptions, error)).toBe(true);
    const retried = pipe(call, retry({ clock, random: () => 0 }))('third');
    await clock.advance(99);
    expect(wire.requests).toEqual(['first']);
    await clock.advance(1);
    expect(await retried).toBe(100);
  });

  it('shares nothing between instances, and schedules nothing while idle', async () => {
    const [one, two] = [setup({ limit: 1 }), setup({ limit: 1 })];
    await one.call('x');
    expect(await two.call('x')).toBe(0);
    expect([one.clock.pendingTimers, two.clock.pendingTimers]).toEqual([0, 0]);
  });

  it.each([
    [{ limit: 0 }, 'limit'],
    [{ limit: 1.5 }, 'limit'],
    [{ limit: Number.NaN }, 'limit'],
    [{ limit: Infinity }, 'limit'],
    [{ perMs: 0 }, 'perMs'],
    [{ perMs: Number.NaN }, 'perMs'],
    [{ perMs: Infinity }, 'perMs'],
    [{ burst: 0 }, 'burst'],
    [{ burst: Number.NaN }, 'burst'],
    [{ burst: 5, algorithm: 'sliding-window' as const }, 'burst'],
    [{ algorithm: 'leaky-bucket' as never }, 'algorithm'],
    [{ maxQueue: -1 }, 'maxQueue'],
    [{ queueTimeoutMs: Number.NaN }, 'queueTimeoutMs'],
    [{ key: 'tenant' as never }, 'key'],
    [{ maxKeys: 0 }, 'maxKeys'],
    [{ maxKeys: Infinity }, 'maxKeys'],
    [{ fleet: 3 as never }, 'fleet'],
    [{ mode: 'off' as never }, 'mode'],
  ])('refuses %o', (options, name) => {
    expect(() => rateLimit({ limit: 1, perMs: 1, ...options })).toThrow(
      new RegExp(`rateLimit: ${name} must be`),
    );
  });
});

describe('a change of the limit', () => {
  it('lets those go on who wait, as soon as the new limit has room for them', async () => {
    const clock = virtualClock();
    const guard = rateLimit({ limit: 1, perMs: 60_000, maxQueue: 5, queueTimeoutMs: 300_000, clock });
    await guard.run(async () => 'first');
    const waiting = [1, 2].map((n) => guard.run(async () => n));
    await clock.advance(100);
    guard.reconfigure({ limit: 1000, perMs: 1000 });
    await clock.advance(10);
    expect(await Promise.all(waiting)).toEqual([1, 2]);
    expect(clock.pendingTimers).toBe(0);
  });

  it.each([{ algorithm: 'sliding-window' }, { key: () => 'a' }, { maxKeys: 5 }])(
    'is refused for what its keys were made by: %o',
    (changes) => {
      const guard = rateLimit({ limit: 1, perMs: 1000 });
      expect(() => guard.reconfigure(changes as never)).toThrow(/must be left as it is/);
    },
  );

  it('keeps an exact window exact when it is taken over', async () => {
    const clock = virtualClock();
    const make = () =>
      rateLimit({ limit: 2, perMs: 1000, algorithm: 'sliding-window', key: () => 'a', clock });
    const [one, other] = [make(), make()];
    await one.run(async () => 1);
    await clock.advance(400);
    await one.run(async () => 2);
    other.hydrate(JSON.parse(JSON.stringify(one.export())) as ReturnType<typeof one.export>, 100);
    const refused = await other.run(async () => 3).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'EVENKEEL_RATE_LIMITED', retryAfterMs: 500 });
    await clock.advance(500);
    expect(await other.run(async () => 3)).toBe(3);
  });
});
