/** Sources, leases, draining, explanations, completion: what a balancer does beside sending calls. */
import {
  balance,
  type BalanceOptions,
  type Endpoint,
  endpoint,
  type EndpointSource,
  type Follower,
  healthTracker,
  isDrainingError,
  isNoEndpointsError,
  leastPending,
  type ObserverEvent,
  p2c,
  peakEwma,
  pipe,
  reportedLoad,
  roundRobin,
  timeout,
  zones,
} from 'evenkeel';
import { seededRandom, virtualClock } from 'evenkeel/testing';
import { describe, expect, it, vi } from 'vitest';

const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

/** A source that is told by hand. */
function sourceByHand<E>() {
  const followers = new Set<Follower<E>>();
  const source: EndpointSource<E> = {
    follow: (follower) => {
      followers.add(follower);
      return () => followers.delete(follower);
    },
  };
  const each = (tell: (follower: Follower<E>) => void) => followers.forEach(tell);
  return {
    source,
    followers,
    find: (...addresses: (E | Endpoint<E>)[]) =>
      each((one) => one.found(addresses.map((address) => endpoint(address as E)))),
    fail: (error: unknown) => each((one) => one.failed(error)),
    lose: () => each((one) => one.lost()),
  };
}

function balanced(more: Partial<BalanceOptions<string, string, string>> = {}) {
  const clock = virtualClock();
  const events: ObserverEvent[] = [];
  const call = balance<string, string, string>({
    endpoints: ['a', 'b', 'c'],
    send: async (host, request) => `${host}:${request}`,
    clock,
    random: seededRandom(4),
    observer: (event) => events.push(event),
    ...more,
  });
  return { call, clock, events };
}

describe('a balancer over a source', () => {
  it('asks it at the first call, which waits for the first answer', async () => {
    const { source, followers, find } = sourceByHand<string>();
    const { call } = balanced({ endpoints: source });
    expect(followers.size).toBe(0);
    const answers = [call('1'), call('2')];
    expect(followers.size).toBe(1);
    find('found');
    expect(await Promise.all(answers)).toEqual(['found:1', 'found:2']);
  });

  it('sends in the caller’s own tick once endpoints are known', () => {
    const send = vi.fn(async (host: string) => host);
    void balanced({ send }).call('1');
    expect(send).toHaveBeenCalledTimes(1);
  });

  it('waits no longer than it may, and then says why', async () => {
    const { source, fail } = sourceByHand<string>();
    const { call, clock } = balanced({ endpoints: source, discoveryTimeoutMs: 500 });
    const answer = quiet(call('1'));
    fail(new Error('SERVFAIL'));
    await clock.advance(500);
    const error = await answer;
    expect(isNoEndpointsError(error)).toBe(true);
    expect(error).toMatchObject({ code: 'EVENKEEL_NO_ENDPOINTS', cause: new Error('SERVFAIL') });
    expect(clock.pendingTimers).toBe(0);
  });

  it('rejects a waiting call at once when its caller leaves, or its time is up, and sends nothing later', async () => {
    const { source, find } = sourceByHand<string>();
    const send = vi.fn(async (host: string) => host);
    const { call, clock } = balanced({ endpoints: source, send });
    const caller = new AbortController();
    const left = quiet(call('1', { signal: caller.signal }));
    const late = quiet(pipe(call, timeout({ timeoutMs: 50, clock }))('2'));
    caller.abort('left');
    expect(await left).toBe('left');
    await clock.advance(50);
    expect(await late).toMatchObject({ code: 'EVENKEEL_TIMEOUT' });
    find('a');
    await clock.advance(1);
    expect(send).not.toHaveBeenCalled();
    expect(clock.pendingTimers).toBe(0);
  });

  it('sends nothing for a caller who leaves in the very tick in which the endpoints come', async () => {
    const { source, find } = sourceByHand<string>();
    const send = vi.fn(async (host: string) => host);
    const { call, clock } = balanced({ endpoints: source, send });
    const caller = new AbortController();
    const answer = quiet(call('1', { signal: caller.signal }));
    find('a');
    caller.abort('left');
    expect(await answer).toBe('left');
    await clock.settle();
    expect(send).not.toHaveBeenCalled();
  });

  it('asks its tracker for news no longer than it waits for it', async () => {
    const clock = virtualClock();
    const health = healthTracker<string>({ probe: { check: async () => true }, clock });
    const stop = vi.fn();
    vi.spyOn(health, 'subscribe').mockImplementation(() => stop);
    const { call } = balanced({ health, clock });
    const late = quiet(call.ready({ timeoutMs: 10 }));
    await clock.advance(10);
    await late;
    expect(stop).toHaveBeenCalledTimes(1);
    call.dispose();
    health.dispose();
  });

  it('keeps the last answer while the source fails or finds nobody, and what is known of who stays', async () => {
    const { source, find, fail, followers } = sourceByHand<string>();
    const { call, events } = balanced({ endpoints: source, pick: roundRobin() });
    const first = call('1');
    find('a', 'b');
    await first;
    fail(new Error('down'));
    followers.forEach((one) => one.found([]));
    expect(call.endpoints().map((view) => view.endpoint)).toEqual(['a', 'b']);
    find('b', 'c');
    await call('2');
    await call('3');
    expect(call.endpoints().map((view) => view.endpoint)).toEqual(['b', 'c']);
    expect(call.endpoints().reduce((sum, { picked }) => sum + picked, 0)).toBeGreaterThanOrEqual(2);
    const types = events.map(({ type }) => type).filter((type) => !['picked', 'attempt'].includes(type));
    expect(types).toEqual(['source-failed', 'empty-update', 'updated']);
  });

  it('waits again once the answer is lost for its age', async () => {
    const { source, find, lose } = sourceByHand<string>();
    const { call } = balanced({ endpoints: source });
    const first = call('1');
    find('a');
    await first;
    lose();
    const second = call('2');
    find('b');
    expect(await second).toBe('b:2');
  });

  it('says what is wrong with a source that cannot even be followed', async () => {
    const source: EndpointSource<string> = {
      follow: () => {
        throw new Error('broken');
      },
    };
    const { call, clock } = balanced({ endpoints: source });
    const answer = quiet(call('1'));
    await clock.advance(10_000);
    expect(await answer).toMatchObject({ code: 'EVENKEEL_NO_ENDPOINTS', cause: new Error('broken') });
  });

  it('rejects the call whose picker throws, with options and without', async () => {
    const pick = {
      create: () => ({
        update() {},
        pick: () => {
          throw new Error('no idea');
        },
      }),
    };
    const { call } = balanced({ pick });
    expect(await quiet(call('1'))).toEqual(new Error('no idea'));
    expect(await quiet(call('1', { timeoutMs: 10 }))).toEqual(new Error('no idea'));
    expect(call.snapshot().inFlight).toBe(0);
    expect(() => balanced({ pick: { create: () => undefined as never } })).toThrow('pick');
  });

  it('is not broken by a source that lists one endpoint twice', async () => {
    const { source, find } = sourceByHand<string>();
    const { call, events } = balanced({ endpoints: source });
    const first = call('1');
    find('a');
    await first;
    expect(() => find('b', 'b')).not.toThrow();
    expect(await call('2')).toBe('a:2');
    expect(events.at(-3)?.type).toBe('source-failed');
  });

  it('is ready when enough are found', async () => {
    const { source, find } = sourceByHand<string>();
    const { call } = balanced({ endpoints: source });
    const ready = call.ready({ atLeast: 2 });
    find('a');
    find('a', 'b');
    await ready;
    expect(call.endpoints().length).toBe(2);
  });

  it('stops following when it is disposed of, and lets its tracker go', () => {
    const { source, followers, find } = sourceByHand<string>();
    const health = healthTracker<string>();
    const { call } = balanced({ endpoints: source, health });
    void quiet(call('1'));
    find('a');
    expect(health.snapshot().endpoints.length).toBe(1);
    call[Symbol.dispose]();
    expect(followers.size).toBe(0);
    expect(health.snapshot().endpoints.length).toBe(0);
    call.update(['b']);
    expect(health.snapshot().endpoints.length).toBe(0);
  });
});

describe('a lease', () => {
  it('counts until it is released, once', () => {
    const { call } = balanced({ cost: leastPending(), pick: p2c({ choices: 3 }) });
    const leases = [call.lease(), call.lease(), call.lease()];
    expect(new Set(leases.map((lease) => lease.endpoint)).size).toBe(3);
    leases[0]?.release();
    leases[0]?.release('failure');
    expect(call.lease().endpoint).toBe(leases[0]?.endpoint);
    expect(call.snapshot().inFlight).toBe(3);
  });

  it('does not take its length for a latency, but the time until it was answered', async () => {
    const { call, clock } = balanced({ endpoints: ['a'], cost: peakEwma() });
    const long = call.lease();
    await clock.advance(3_600_000);
    long.release();
    expect(call.endpoints()[0]?.latencyMs).toBeUndefined();
    const opened = call.lease();
    await clock.advance(20);
    opened.answered();
    opened.answered();
    await clock.advance(1000);
    opened.release();
    expect(call.endpoints()[0]?.latencyMs).toBeCloseTo(20 * Math.exp(-0.1), 5);
  });

  it('does not make its endpoint look as if it hung', async () => {
    const { call, clock } = balanced({ endpoints: ['a', 'b'], pick: roundRobin() });
    for (let n = 0; n < 4; n++) await call('1');
    call.update(['a']);
    call.lease();
    await clock.advance(60_000);
    // The floor of a millisecond, times one in flight and the next; a call that hung would cost 60 000.
    expect(call.explain().cost).toBe(2);
  });

  it('tells health how it went', () => {
    const health = healthTracker<string>();
    const { call } = balanced({ endpoints: ['a'], health });
    for (let n = 0; n < 5; n++) call.lease().release('failure');
    expect(health.status('a')).toBe('unhealthy');
  });

  it('ends with the block it was made in', () => {
    const { call } = balanced();
    {
      using lease = call.lease();
      expect(['a', 'b', 'c']).toContain(lease.endpoint);
      expect(call.snapshot().inFlight).toBe(1);
    }
    expect(call.snapshot().inFlight).toBe(0);
  });

  it('is refused while nobody is known, and after draining', async () => {
    const { source } = sourceByHand<string>();
    expect(() => balanced({ endpoints: source }).call.lease()).toThrow('await ready()');
    const { call } = balanced();
    await call.drain();
    expect(() => call.lease()).toThrow('draining');
  });
});

describe('draining', () => {
  it('refuses new calls, and waits for calls and leases, those on removed endpoints included', async () => {
    const waiting: ((value: string) => void)[] = [];
    const { call } = balanced({
      send: () => new Promise<string>((resolve) => waiting.push(resolve)),
    });
    const answer = call('1');
    const lease = call.lease();
    call.update(['z']);
    let left: number | undefined;
    void call.drain().then((count) => (left = count));
    expect(isDrainingError(await quiet(call('2')))).toBe(true);
    waiting[0]?.('done');
    expect(await answer).toBe('done');
    expect(left).toBeUndefined();
    lease.release();
    await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    expect(left).toBe(0);
  });

  it('gives up in time, and says how many are left', async () => {
    const { call, clock } = balanced({ send: () => new Promise<string>(() => {}) });
    void call('1');
    const drained = call.drain({ timeoutMs: 100 });
    await clock.advance(100);
    expect(await drained).toBe(1);
    expect(clock.pendingTimers).toBe(0);
  });

  it('is what await using does', async () => {
    const { call } = balanced();
    await call[Symbol.asyncDispose]();
    expect(isDrainingError(await quiet(call('1')))).toBe(true);
  });

  it('lets calls that wait for a source go', async () => {
    const { source } = sourceByHand<string>();
    const { call, clock } = balanced({ endpoints: source });
    const answer = quiet(call('1'));
    await call.drain();
    expect(isDrainingError(await answer)).toBe(true);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('an explanation', () => {
  it('tells who was compared, with what result, and which choices came before', () => {
    const { call, events } = balanced({
      endpoints: [
        endpoint('http://u:secret@a', { zone: 'x' }),
        endpoint('b', { zone: 'x' }),
        endpoint('c', { zone: 'y' }),
      ],
      narrow: [zones({ local: 'x' })],
    });
    const why = call.explain();
    expect(why).toMatchObject({ type: 'picked', status: 'healthy', pending: 0, steps: ['zone x'] });
    expect(why.considered.map((one) => one.endpoint).sort()).toEqual(['b', 'http://a']);
    expect(why.considered[0]).toEqual({
      endpoint: expect.any(String),
      status: 'healthy',
      tried: false,
      pending: 0,
      cost: 1,
    });
    expect(call.snapshot().inFlight).toBe(0);
    void call('1');
    expect(events.at(-1)).toMatchObject({ room: 'balancer', type: 'picked', attempt: 1, steps: ['zone x'] });
    expect(JSON.stringify(events)).not.toContain('secret');
  });
});

it('tells endpoints that are objects apart by their identity', () => {
  const addresses = ['10.0.0.1:80', '10.0.0.2:80'].map((id) => endpoint({ host: id }, { id }));
  const call = balance({ endpoints: addresses, send: async ({ host }) => host, pick: p2c({ choices: 2 }) });
  expect(
    call
      .explain()
      .considered.map((one) => one.endpoint)
      .sort(),
  ).toEqual(['10.0.0.1:80', '10.0.0.2:80']);
});

describe('shares', () => {
  it('tell of the last seconds, not of the whole past', async () => {
    const { call, clock } = balanced({ endpoints: ['a', 'b'], pick: roundRobin() });
    for (let n = 0; n < 10; n++) await call('1');
    expect(call.endpoints().map(({ share }) => share)).toEqual([0.5, 0.5]);
    call.update(['a']);
    for (let turn = 0; turn < 3; turn++) {
      await clock.advance(10_000);
      await call('1');
    }
    call.update(['a', 'b']);
    expect(call.endpoints().map(({ share }) => share)).toEqual([1, 0]);
  });
});

describe('completion', () => {
  const streaming = (latency: 'answer' | 'completion') => {
    const dones: ((outcome?: 'success' | 'failure') => void)[] = [];
    const firsts: (() => void)[] = [];
    const kit = balanced({
      endpoints: ['a'],
      cost: peakEwma(),
      latency,
      completion: (_response, done) => {
        dones.push(done);
        firsts.push(done.answered);
      },
    });
    return { ...kit, dones, firsts };
  };

  it('counts the latency to the answer, or to the first token, or to the end, as it is told', async () => {
    const answer = streaming('answer');
    await answer.call('1');
    await answer.clock.advance(100);
    answer.dones[0]?.();
    expect(answer.call.endpoints()[0]?.latencyMs).toBe(0);

    const token = streaming('completion');
    await token.call('1');
    await token.clock.advance(30);
    token.firsts[0]?.();
    await token.clock.advance(0);
    expect(token.call.endpoints()[0]).toMatchObject({ latencyMs: 30, pending: 1 });
    token.dones[0]?.();
    expect(token.call.endpoints()[0]).toMatchObject({ latencyMs: 30, pending: 0 });

    const end = streaming('completion');
    await end.call('1');
    await end.clock.advance(70);
    end.dones[0]?.();
    end.firsts[0]?.();
    expect(end.call.endpoints()[0]?.latencyMs).toBe(70);
  });

  it('records a stream that broke as a failure, before or after its first token', async () => {
    for (const first of [false, true]) {
      const { call, dones, firsts } = streaming('completion');
      await call('1');
      if (first) firsts[0]?.();
      dones[0]?.('failure');
      dones[0]?.();
      expect(call.endpoints()[0]).toMatchObject({ latencyMs: 5000, pending: 0 });
    }
  });

  it('looks hung while no token has come', async () => {
    const { call, clock } = streaming('completion');
    call.update(['a', 'b']);
    await call('1');
    await clock.advance(5000);
    const why = call.explain();
    expect(Math.max(...why.considered.map(({ cost }) => cost))).toBeGreaterThanOrEqual(5000);
  });
});

describe('reportLoad', () => {
  it('takes an endpoint’s own word, by its identity', async () => {
    const { call } = balanced({
      endpoints: [endpoint('a', { id: 1 }), endpoint('b', { id: 2 })],
      cost: reportedLoad(),
    });
    call.reportLoad(1, 50);
    call.reportLoad(2, 3);
    call.reportLoad('nobody', 3);
    for (let n = 0; n < 20; n++) expect(await call('x')).toBe('b:x');
    expect(() => call.reportLoad(1, Number.NaN)).toThrow('load');
  });
});

describe('membership', () => {
  it('changes ten thousand endpoints without losing what is known, quickly', async () => {
    const hosts = Array.from({ length: 10_000 }, (_, n) => `host-${n}`);
    const { call } = balanced({ endpoints: hosts, observer: () => {} });
    for (let n = 0; n < 100; n++) await call('1');
    const picked = () => call.endpoints().reduce((sum, view) => sum + view.picked, 0);
    expect(picked()).toBe(100);
    call.update([...hosts.slice(1), 'new']);
    expect(call.endpoints().length).toBe(10_000);
    expect(picked()).toBeGreaterThanOrEqual(98);
  });

  it('refuses a latency that is no mode, and a wait that is none', () => {
    expect(() => balanced({ latency: 'later' as never })).toThrow('latency');
    expect(() => balanced({ discoveryTimeoutMs: 0 })).toThrow('discoveryTimeoutMs');
    expect(() => balanced({ endpoints: undefined as never })).toThrow('endpoints');
    expect(() => balanced({ narrow: zones({ local: 'a' }) as never })).toThrow('narrow');
    expect(() => balanced({ narrow: ['zones' as never] })).toThrow('narrow');
    expect(() => balanced({ pick: 'p2c' as never })).toThrow('pick');
    expect(() => balanced({ cost: {} as never })).toThrow('cost');
    expect(() => balanced({ endpoints: [] })).toThrow('endpoints');
  });
});
