import {
  balance,
  endpoint,
  isTimeoutError,
  type ObserverEvent,
  p2c,
  peakEwma,
  pipe,
  retry,
  roundRobin,
  timeout,
} from 'evenkeel';
import { seededRandom, virtualClock } from 'evenkeel/testing';
import { describe, expect, it, vi } from 'vitest';

const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);
const hosts = ['a', 'b', 'c'];
const pendingOf = (call: { endpoints(): { pending: number }[] }) =>
  call.endpoints().map(({ pending }) => pending);

/** A send that is answered by hand, per host. */
function byHand() {
  const waiting: { host: string; resolve: (value: string) => void; reject: (error: unknown) => void }[] = [];
  const send = (host: string) =>
    new Promise<string>((resolve, reject) => waiting.push({ host, resolve, reject }));
  return { waiting, send };
}

describe('balance', () => {
  it('sends to one of the endpoints and shows them as plain objects', async () => {
    const clock = virtualClock();
    const call = balance({ endpoints: hosts, send: async (host, id: number) => `${host}${id}`, clock });
    expect(call.endpoints()).toContainEqual({
      endpoint: 'a',
      status: 'healthy',
      pending: 0,
      latencyMs: undefined,
      weight: 1,
      reason: undefined,
      picked: 0,
      share: 0,
    });
    expect(['a7', 'b7', 'c7']).toContain(await call(7));
  });

  it('sends each further attempt of a call to an endpoint it has not tried', async () => {
    const clock = virtualClock();
    const seen: string[] = [];
    const call = pipe(
      balance({
        endpoints: hosts,
        send: (host) => {
          seen.push(host);
          return Promise.reject(new Error(host));
        },
        clock,
        random: seededRandom(3),
      }),
      retry({ maxAttempts: 3, baseDelayMs: 1, clock }),
    );
    for (let round = 0; round < 20; round++) {
      seen.length = 0;
      const answer = quiet(call());
      await clock.advance(100);
      await answer;
      expect([...seen].sort()).toEqual(hosts);
    }
  });

  it('uses a tried endpoint again when no other is left', async () => {
    const clock = virtualClock();
    let calls = 0;
    const call = pipe(
      balance({
        endpoints: ['only'],
        send: async () => (++calls < 3 ? Promise.reject(new Error('x')) : calls),
        clock,
      }),
      retry({ maxAttempts: 3, baseDelayMs: 1, clock }),
    );
    const answer = call();
    await clock.advance(100);
    expect(await answer).toBe(3);
  });

  describe('releases the count of calls in flight', () => {
    it('when a call resolves or rejects', async () => {
      const { waiting, send } = byHand();
      const call = balance({ endpoints: ['a'], send, clock: virtualClock() });
      const answers = [call(), quiet(call())];
      expect(pendingOf(call)).toEqual([2]);
      waiting[0]?.resolve('ok');
      waiting[1]?.reject(new Error('no'));
      await Promise.all(answers);
      expect(pendingOf(call)).toEqual([0]);
    });

    it('when its caller leaves or its time is up, though the wire hangs on', async () => {
      const clock = virtualClock();
      const { waiting, send } = byHand();
      const balanced = balance({ endpoints: ['a'], send, clock });
      const call = pipe(balanced, timeout({ timeoutMs: 10, clock }));
      const caller = new AbortController();
      const answers = [quiet(call(undefined, { signal: caller.signal })), quiet(call())];
      expect(pendingOf(balanced)).toEqual([2]);
      caller.abort('left');
      expect(pendingOf(balanced)).toEqual([1]);
      await clock.advance(10);
      expect(pendingOf(balanced)).toEqual([0]);
      for (const { resolve } of waiting) resolve('late');
      await Promise.all(answers);
      expect(pendingOf(balanced)).toEqual([0]);
    });

    it('when send throws before it has a promise, or returns none', async () => {
      const clock = virtualClock();
      const throws = balance({
        endpoints: ['a'],
        clock,
        send: () => {
          throw new Error('early');
        },
      });
      expect(await quiet(throws())).toEqual(new Error('early'));
      expect(pendingOf(throws)).toEqual([0]);
      const wrong = balance({ endpoints: ['a'], clock, send: (() => 42) as never });
      expect(await quiet(wrong())).toMatchObject({ code: 'EVENKEEL_OPTION' });
      expect(pendingOf(wrong)).toEqual([0]);
    });

    it('when its endpoint is removed while it is busy', async () => {
      const { waiting, send } = byHand();
      const call = balance({ endpoints: ['a'], send, clock: virtualClock() });
      const answer = call();
      call.update(['b']);
      waiting[0]?.resolve('drained');
      expect(await answer).toBe('drained');
      expect(call.endpoints()).toMatchObject([{ endpoint: 'b', pending: 0, picked: 0 }]);
    });

    it('when completion says so, and not before', async () => {
      const clock = virtualClock();
      let done: (outcome?: 'failure') => void = () => {};
      const call = balance({
        endpoints: ['a'],
        send: async () => 'stream',
        completion: (_response, finished) => (done = finished),
        cost: peakEwma(),
        clock,
      });
      await call();
      expect(pendingOf(call)).toEqual([1]);
      done('failure');
      done();
      expect(call.endpoints()).toMatchObject([{ pending: 0, latencyMs: 5000 }]);
      const broken = balance({
        endpoints: ['a'],
        send: async () => 'stream',
        completion: () => {
          throw new Error('in completion');
        },
        clock,
      });
      expect(await broken()).toBe('stream');
      expect(pendingOf(broken)).toEqual([0]);
    });
  });

  it('learns no latency from who denies', async () => {
    const clock = virtualClock();
    const call = balance({
      endpoints: ['a'],
      send: async () => 403,
      classify: () => ({ kind: 'success', retryAfterMs: 0, reason: 'denied' }),
      clock,
    });
    await call();
    expect(call.endpoints()[0]).toMatchObject({ latencyMs: undefined, pending: 0 });
  });

  it('keeps what it knows of who stays, and starts anew with who comes back', async () => {
    const clock = virtualClock();
    const call = balance({
      endpoints: ['a', 'b'],
      send: async (host) => {
        clock.jump(20);
        return host;
      },
      pick: roundRobin(),
      clock,
    });
    for (let n = 0; n < 4; n++) await call();
    call.update(['a', 'c']);
    expect(call.endpoints()).toMatchObject([
      { endpoint: 'a', picked: 2 },
      { endpoint: 'c', picked: 0 },
    ]);
    expect(call.endpoints()[0]?.latencyMs).toBeGreaterThan(19);
    call.update(['b', 'c']);
    expect(call.endpoints()).toMatchObject([
      { endpoint: 'b', picked: 0, latencyMs: undefined },
      { endpoint: 'c' },
    ]);
  });

  it('knows an endpoint by its id, whatever its weight and address become', async () => {
    const call = balance({
      endpoints: [endpoint('10.0.0.1', { id: 'one' })],
      send: async (host) => host,
      clock: virtualClock(),
    });
    await call();
    call.update([endpoint('10.0.0.2', { id: 'one', weight: 3 })]);
    expect(call.endpoints()).toMatchObject([{ endpoint: '10.0.0.2', weight: 3, picked: 1 }]);
    expect(await call()).toBe('10.0.0.2');
  });

  it('does not follow an empty list, and says so', async () => {
    const events: ObserverEvent[] = [];
    const call = balance({
      endpoints: hosts,
      send: async (host) => host,
      observer: (event) => events.push(event),
    });
    call.update([]);
    expect(call.snapshot()).toMatchObject({ emptyUpdates: 1, endpoints: [{}, {}, {}] });
    expect(events).toMatchObject([{ room: 'balancer', type: 'empty-update', kept: 3 }]);
    expect(hosts).toContain(await call());
  });

  it('hands send a context with the endpoint, the attempt and the time left', async () => {
    const clock = virtualClock();
    const call = balance({
      endpoints: ['a'],
      send: async (_host, _request: void, context) => [
        context.endpoint,
        context.attempt,
        context.remainingMs(),
      ],
      clock,
    });
    expect(await call(undefined, { timeoutMs: 70 })).toEqual(['a', 1, 70]);
    expect(await call()).toEqual(['a', 1, Infinity]);
  });

  it('is ready at once without a tracker, and refuses to wait for more than there are', async () => {
    const call = balance({ endpoints: hosts, send: async (host) => host });
    await call.ready({ atLeast: 3 });
    await expect(call.ready({ atLeast: 4 })).rejects.toThrow(/atLeast must be at most 3/);
  });

  it('tells of each pick with its reason, without what a URL must not show', async () => {
    const events: ObserverEvent[] = [];
    const call = balance({
      endpoints: ['http://user:secret@10.0.0.1/'],
      send: async () => 1,
      observer: (event) => events.push(event),
      clock: virtualClock(),
    });
    await call();
    expect(events).toMatchObject([
      {
        room: 'balancer',
        type: 'picked',
        endpoint: 'http://10.0.0.1/',
        status: 'healthy',
        pending: 0,
        attempt: 1,
        cost: 1,
      },
      { room: 'balancer', type: 'attempt', endpoint: 'http://10.0.0.1/', attempt: 1, outcome: 'success' },
    ]);
  });

  it('makes no clock reading and no timer at construction', () => {
    const clock = virtualClock();
    const now = vi.spyOn(clock, 'now');
    const timer = vi.spyOn(clock, 'setTimeout');
    balance({ endpoints: hosts, send: async (host) => host, clock, cost: peakEwma(), pick: p2c() });
    expect(now).not.toHaveBeenCalled();
    expect(timer).not.toHaveBeenCalled();
  });

  it('avoids a server that hangs, before any call to it has ended', async () => {
    const clock = virtualClock();
    const random = seededRandom(7);
    const ten = Array.from({ length: 10 }, (_, n) => `h${n}`);
    const call = balance({
      endpoints: ten,
      send: (host) =>
        new Promise<string>((resolve) => {
          if (host !== 'h0') clock.setTimeout(() => resolve(host), 5);
        }),
      clock,
      random,
    });
    for (let n = 0; n < 1000; n++) {
      void call();
      await clock.advance(1);
    }
    expect(call.endpoints()[0]?.picked).toBeLessThanOrEqual(20);
  });

  it('does not let an endpoint that fails fast draw calls: black hole of ten', async () => {
    const clock = virtualClock();
    const random = seededRandom(11);
    const ten = Array.from({ length: 10 }, (_, n) => `h${n}`);
    let failed = 0;
    const call = balance({
      endpoints: ten,
      send: (host) =>
        new Promise<string>((resolve, reject) => {
          if (host === 'h0') clock.setTimeout(() => reject(new Error('black hole')), 1);
          else clock.setTimeout(() => resolve(host), 5 + 10 * random());
        }),
      clock,
      random,
    });
    const total = 5000;
    for (let n = 0; n < total; n++) {
      call().catch(() => failed++);
      await clock.advance(1);
    }
    await clock.advance(100);
    expect(failed / total).toBeLessThanOrEqual(0.001);
  });

  const send = async () => 1;
  const bad: [object, RegExp][] = [
    [{ endpoints: [], send }, /endpoints must be a list of at least one/],
    [
      { endpoints: ['a', 'b', 'a'], send },
      /endpoints must be a list in which each endpoint is there once, got 'a'/,
    ],
    [{ endpoints: 'abc', send }, /endpoints must be a list/],
    [{ endpoints: ['a'] }, /send must be a function, got undefined/],
    [{ endpoints: ['a'], send, pick: {} }, /pick must be/],
    [{ endpoints: ['a'], send, cost: 5 }, /cost must be/],
    [{ endpoints: ['a'], send, health: {} }, /health must be/],
    [{ endpoints: ['a'], send, classify: 1 }, /classify must be/],
  ];
  it.each(bad)('refuses bad options: %o', (options, message) => {
    expect(() => balance(options as never)).toThrow(message);
  });

  it.each([
    [() => p2c({ choices: 1 }), 'choices'],
    [() => p2c({ choices: 2.5 }), 'choices'],
    [() => peakEwma({ decayMs: 0 }), 'decayMs'],
    [() => peakEwma({ floorMs: Number.NaN }), 'floorMs'],
    [() => peakEwma({ penaltyMs: -1 }), 'penaltyMs'],
    [() => endpoint('a', { weight: 0 }), 'weight'],
    [() => endpoint('a', { weight: Number.NaN }), 'weight'],
    [() => endpoint('a', { priority: -1 }), 'priority'],
  ])('refuses options of its parts out of range', (make, name) => {
    expect(make).toThrow(new RegExp(`${name} must be`));
  });

  it('rejects with its caller’s reason when it leaves', async () => {
    const call = balance({ endpoints: ['a'], send: () => new Promise(() => {}) });
    const caller = new AbortController();
    const answer = quiet(call(undefined, { signal: caller.signal }));
    caller.abort('left');
    expect(await answer).toBe('left');
    expect(isTimeoutError(await quiet(call(undefined, { timeoutMs: 1 })))).toBe(true);
  });
});
