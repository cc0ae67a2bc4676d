import { AsyncLocalStorage } from 'node:async_hooks';
import { getEventListeners } from 'node:events';
import { type CallOptions, type ObserverEvent, pipe, timeout } from 'evenkeel';
import {
  adaptiveLimit,
  type AdaptiveLimitOptions,
  aimd,
  gradient2,
  isLimitReachedError,
} from 'evenkeel/policies';
import { fakeTransport, seededRandom, virtualClock } from 'evenkeel/testing';
import { describe, expect, it, vi } from 'vitest';
import { mayRepeat } from '../../src/core/repeat.ts';

const busy = Object.assign(new Error('busy'), { retryAfterMs: 0 });
const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

function setup(options: AdaptiveLimitOptions = {}) {
  const clock = virtualClock();
  const guard = adaptiveLimit({ clock, algorithm: aimd({ initialLimit: 2 }), ...options });
  const wire = fakeTransport<string, string>();
  return { clock, guard, wire, call: pipe(wire, guard) };
}

describe('adaptiveLimit', () => {
  it('lets as many run as the limit says, and refuses the rest at once', async () => {
    const { guard, wire, call } = setup();
    const answers = [call('a'), call('b')];
    const error = await quiet(call('c'));
    expect(isLimitReachedError(error)).toBe(true);
    expect(error).toMatchObject({
      code: 'EVENKEEL_LIMIT_REACHED',
      reason: 'queue-full',
      limit: 2,
      retryAfterMs: 0,
    });
    expect(wire.requests).toEqual(['a', 'b']);
    expect(guard.snapshot()).toEqual({ limit: 2, running: 2, waiting: 0, refused: 1 });
    wire.next().resolve('A');
    wire.next().resolve('B');
    expect(await Promise.all(answers)).toEqual(['A', 'B']);
    expect(guard.snapshot().running).toBe(0);
    expect(mayRepeat('x', { method: 'POST' } as CallOptions, error)).toBe(true);
  });

  it('finds what a server carries, within a fifth, and follows it when that changes', async () => {
    const { clock, guard } = setup({ algorithm: aimd() });
    const random = seededRandom(4);
    let [capacity, running] = [60, 0];
    const send = async () => {
      if (running >= capacity) throw busy;
      running++;
      await new Promise<void>((resolve) => void clock.setTimeout(resolve, 15 + 10 * random()));
      running--;
    };
    const load = async (seconds: number) => {
      const limits: number[] = [];
      for (let ms = 0; ms < seconds * 1000; ms += 5) {
        for (let n = 0; n < 30; n++) void quiet(guard.run(send));
        await clock.advance(5);
        if (ms % 100 === 0) limits.push(guard.snapshot().limit);
      }
      return limits;
    };
    await load(3);
    const steady = await load(1);
    expect(Math.min(...steady)).toBeGreaterThanOrEqual(0.8 * 60);
    expect(Math.max(...steady)).toBeLessThanOrEqual(1.2 * 60);
    capacity = 25;
    await load(1);
    const fewer = await load(1);
    expect(Math.min(...fewer)).toBeGreaterThanOrEqual(0.8 * 25);
    expect(Math.max(...fewer)).toBeLessThanOrEqual(1.2 * 25);
  });

  it.each([
    ['a refusal', () => Promise.reject(busy), 9],
    ['a time limit', () => Promise.reject(Object.assign(new Error('late'), { name: 'TimeoutError' })), 9],
    ['another error', () => Promise.reject(new Error('500')), 10],
    ['a mistake of the program’s', () => 42 as never, 10],
  ])('learns from %s what it says', async (_, send, limit) => {
    const { guard } = setup({ algorithm: aimd({ initialLimit: 10 }) });
    await quiet(guard.run(send));
    expect(guard.snapshot().limit).toBe(limit);
  });

  it('learns nothing from a caller who leaves, and counts one whom an outer limit ends', async () => {
    const { clock, guard } = setup({ algorithm: aimd({ initialLimit: 10 }) });
    const wire = fakeTransport<string, string>();
    const caller = new AbortController();
    const left = quiet(pipe(wire, guard)('x', { signal: caller.signal }));
    caller.abort('left');
    expect(await left).toBe('left');
    expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0);
    expect(guard.snapshot()).toMatchObject({ limit: 10, running: 0 });
    const late = quiet(pipe(wire, guard, timeout({ timeoutMs: 10, clock }))('x'));
    await clock.advance(10);
    await late;
    expect(guard.snapshot()).toMatchObject({ limit: 9, running: 0 });
    expect(clock.pendingTimers).toBe(0);
  });

  it('holds a place until the work has ended, also after its caller has left', async () => {
    const { clock, guard } = setup({ algorithm: aimd({ initialLimit: 1 }) });
    const wire = fakeTransport<string, string>({ aborts: 'ignore' });
    const call = pipe(wire, guard, timeout({ timeoutMs: 10, clock }));
    const first = quiet(call('first'));
    await clock.advance(10);
    await first;
    expect(guard.snapshot().running).toBe(1);
    expect(isLimitReachedError(await quiet(call('second')))).toBe(true);
    wire.next().resolve('late');
    await clock.settle();
    expect(guard.snapshot().running).toBe(0);
  });

  it('queues so many, first come first served, for so long', async () => {
    const { clock, guard, wire, call } = setup({ maxQueue: 2, queueTimeoutMs: 50 });
    const answers = ['a', 'b', 'c', 'd'].map((name) => quiet(call(name)));
    expect(await quiet(call('e'))).toMatchObject({ reason: 'queue-full' });
    wire.next().reject(new Error('A'));
    await clock.settle();
    expect(wire.requests).toEqual(['a', 'b', 'c']);
    await clock.advance(50);
    expect(await answers[3]).toMatchObject({ reason: 'queue-timeout' });
    expect(guard.snapshot()).toEqual({ limit: 2, running: 2, waiting: 0, refused: 2 });
    expect(clock.pendingTimers).toBe(0);
  });

  it('lets as many in as a limit that has grown allows, and nobody in while one that has shrunk is exceeded', async () => {
    const { clock, guard, wire, call } = setup({
      algorithm: aimd({ initialLimit: 4, backoff: 0.25 }),
      maxQueue: 9,
    });
    const answers = Array.from({ length: 9 }, (_, n) => quiet(call(`${n}`)));
    wire.next().reject(busy);
    await clock.settle();
    // One in four is left, three are running.
    expect(guard.snapshot()).toMatchObject({ limit: 1, running: 3, waiting: 5 });
    wire.next().reject(new Error('500'));
    wire.next().reject(new Error('500'));
    await clock.settle();
    expect(guard.snapshot()).toMatchObject({ limit: 1, running: 1, waiting: 5 });
    wire.next().resolve('ok');
    await clock.settle();
    expect(guard.snapshot()).toMatchObject({ limit: 2, running: 2, waiting: 3 });
    for (let n = 0; n < 9; n++) {
      while (wire.waiting > 0) wire.next().resolve('ok');
      await clock.settle();
    }
    await Promise.all(answers);
    expect(guard.snapshot()).toMatchObject({ running: 0, waiting: 0 });
  });

  it('lets a caller leave the line at once, and gives back a place that came in the tick in which it left', async () => {
    const { clock, guard, wire, call } = setup({
      algorithm: aimd({ initialLimit: 1, maxLimit: 1 }),
      maxQueue: 5,
    });
    const callers = [new AbortController(), new AbortController()];
    const first = call('first');
    const [left, leaves] = callers.map(({ signal }) => quiet(call('never', { signal })));
    const last = call('last');
    callers[0]?.abort('left');
    expect(await left).toBe('left');
    wire.next().resolve('1');
    // The place is handed over in a reaction; leave between that and the next.
    for (let step = 0; step < 20 && guard.snapshot().waiting === 2; step++) await Promise.resolve();
    expect(guard.snapshot().waiting).toBe(1);
    callers[1]?.abort('left');
    expect(await leaves).toBe('left');
    await clock.settle();
    wire.next().resolve('2');
    expect(await Promise.all([first, last])).toEqual(['1', '2']);
    expect(wire.requests).toEqual(['first', 'last']);
    expect(guard.snapshot()).toMatchObject({ running: 0, waiting: 0 });
    expect(clock.pendingTimers).toBe(0);
  });

  it('only tells when it observes, and finds the limit all the same', async () => {
    const events: ObserverEvent[] = [];
    const { guard, wire, call, clock } = setup({
      mode: 'observe',
      observer: (event) => events.push(event),
      name: 'db',
      maxQueue: 1,
    });
    const answers = ['a', 'b', 'c'].map((name) => quiet(call(name)));
    expect(wire.requests).toHaveLength(3);
    expect(guard.snapshot()).toMatchObject({ running: 3, refused: 1 });
    wire.next().reject(busy);
    wire.next().resolve('ok');
    wire.next().resolve('ok');
    await Promise.all(answers);
    await clock.settle();
    expect(guard.snapshot()).toMatchObject({ limit: 2, running: 0 });
    expect(events).toMatchObject([
      { room: 'adaptive-limit', type: 'would-refuse', name: 'db', reason: 'wait', limit: 2 },
      { type: 'limit', from: 2, to: 1, running: 3 },
      { type: 'limit', from: 1, to: 2 },
    ]);
  });

  it('takes any rule, and is never stuck with one that answers with nonsense', async () => {
    for (const limit of [0, -5, Number.NaN]) {
      const record = vi.fn();
      const { guard } = setup({ algorithm: { create: () => ({ limit, record }) } });
      expect(guard.snapshot().limit).toBe(1);
      expect(await guard.run(async () => 'ok')).toBe('ok');
      expect(record).toHaveBeenCalledExactlyOnceWith(1_000_000, 1_000_000, 1, false);
    }
  });

  it('judges by its classifier, and survives one that throws', async () => {
    const { guard } = setup({ classify: () => 'overload', algorithm: aimd({ initialLimit: 10 }) });
    expect(await guard.run(async () => 503)).toBe(503);
    expect(guard.snapshot().limit).toBe(9);
    const broken = setup({
      classify: () => {
        throw new Error('classifier');
      },
    });
    expect(await broken.guard.run(async () => 'ok')).toBe('ok');
    expect(broken.guard.snapshot()).toMatchObject({ limit: 2, running: 0 });
  });

  it('runs queued work in its own caller’s async context', async () => {
    const store = new AsyncLocalStorage<string>();
    const { guard } = setup({ algorithm: aimd({ initialLimit: 1 }), maxQueue: 2 });
    const who = async () => {
      await Promise.resolve();
      return store.getStore();
    };
    const seen = await Promise.all(['A', 'B', 'C'].map((name) => store.run(name, () => guard.run(who))));
    expect(seen).toEqual(['A', 'B', 'C']);
  });

  it('shares nothing between instances that are given the same rule', async () => {
    const algorithm = aimd({ initialLimit: 10 });
    const [one, two] = [setup({ algorithm }), setup({ algorithm })];
    await quiet(one.guard.run(() => Promise.reject(busy)));
    expect([one.guard.snapshot().limit, two.guard.snapshot().limit]).toEqual([9, 10]);
  });

  it('survives a clock that jumps, ahead or back', async () => {
    const { clock, guard } = setup({ algorithm: gradient2({ windowMs: 10 }) });
    for (const jumpMs of [-1e9, 5, 3e9, -5]) {
      const answer = guard.run(async () => 'ok');
      clock.jump(jumpMs);
      expect(await answer).toBe('ok');
    }
    expect(guard.snapshot().limit).toBeGreaterThanOrEqual(1);
  });

  it.each([
    [{ algorithm: {} as never }, 'algorithm'],
    [{ maxQueue: -1 }, 'maxQueue'],
    [{ queueTimeoutMs: Number.NaN }, 'queueTimeoutMs'],
    [{ mode: 'off' as never }, 'mode'],
    [{ classify: 5 as never }, 'classify'],
  ])('refuses %o', (options, name) => {
    expect(() => adaptiveLimit(options)).toThrow(new RegExp(`adaptiveLimit: ${name} must be`));
  });

  it.each([
    [{ minLimit: 0 }, 'minLimit'],
    [{ maxLimit: Number.NaN }, 'maxLimit'],
    [{ minLimit: 10, maxLimit: 5 }, 'maxLimit'],
    [{ initialLimit: 0 }, 'initialLimit'],
    [{ initialLimit: 300 }, 'initialLimit'],
    [{ minLimit: 30, initialLimit: 20 }, 'initialLimit'],
    [{ backoff: 1 }, 'backoff'],
    [{ backoff: 0 }, 'backoff'],
    [{ tooSlowMs: 0 }, 'tooSlowMs'],
    [{ tolerance: 0.9 }, 'tolerance'],
    [{ tolerance: Number.NaN }, 'tolerance'],
    [{ windowMs: -1 }, 'windowMs'],
  ])('has rules that refuse %o', (options, name) => {
    const make = name === 'tolerance' || name === 'windowMs' ? gradient2 : aimd;
    expect(() => make(options)).toThrow(new RegExp(`${make.name}: ${name} must be`));
  });

  it('begins within bounds that leave out the default', () => {
    const limitOf = (bounds: { minLimit?: number; maxLimit?: number }) =>
      setup({ algorithm: aimd(bounds) }).guard.snapshot().limit;
    expect([limitOf({ maxLimit: 5 }), limitOf({ minLimit: 300 }), limitOf({})]).toEqual([5, 300, 20]);
  });
});
