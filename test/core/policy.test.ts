import { getEventListeners } from 'node:events';
import { AsyncLocalStorage } from 'node:async_hooks';
import { type CallContext, type CallOptions, isOptionError, isTimeoutError, pipe, timeout } from 'evenkeel';
import { fakeTransport, virtualClock } from 'evenkeel/testing';
import { describe, expect, it, vi } from 'vitest';

const settled = async (promise: Promise<unknown>): Promise<unknown> =>
  Promise.race([
    promise.catch((error: unknown) => ({ rejected: error })),
    new Promise((r) => setImmediate(r, 'pending')),
  ]);

describe('a policy', () => {
  it('hands its transport the request, and an answer back', async () => {
    const wire = fakeTransport<string, number>({ script: [42] });
    expect(await pipe(wire, timeout({ timeoutMs: 10 }))('ping')).toBe(42);
    expect(wire.requests).toEqual(['ping']);
  });

  it('rejects at once with the caller’s own reason, whatever the transport does', async () => {
    const clock = virtualClock();
    const wire = fakeTransport<string, number>({ aborts: 'ignore' });
    const caller = new AbortController();
    const answer = pipe(wire, timeout({ timeoutMs: 1000, clock }))('ping', { signal: caller.signal });
    const reason = { any: 'reason' };
    caller.abort(reason);
    expect(await settled(answer)).toEqual({ rejected: reason });
    expect(clock.pendingTimers).toBe(0);
    expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0);
  });

  it('does not call the transport under a signal that is aborted already', async () => {
    const wire = fakeTransport<string, number>();
    const answer = pipe(wire, timeout({ timeoutMs: 1000 }))('ping', { signal: AbortSignal.abort('gone') });
    expect(await settled(answer)).toEqual({ rejected: 'gone' });
    expect(wire.requests).toHaveLength(0);
  });

  it('keeps one listener on a signal for any number of calls, and none after them', async () => {
    const wire = fakeTransport<number, number>();
    const call = pipe(wire, timeout({ timeoutMs: 1000, clock: virtualClock() }));
    const caller = new AbortController();
    const answers = Array.from({ length: 20 }, (_, n) => call(n, { signal: caller.signal }));
    // One is evenkeel's; the others are the fake's own, each on its attempt's signal.
    expect(getEventListeners(caller.signal, 'abort')).toHaveLength(1);
    for (let n = 0; n < 20; n++) wire.next().resolve(n);
    await Promise.all(answers);
    expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0);
  });

  it('honours timeoutMs of the caller, with or without a timeout layer', async () => {
    const clock = virtualClock();
    const layer = timeout({ timeoutMs: 1000, clock });
    const slow = vi.fn(() => new Promise<number>(() => {}));
    const answer = layer.run(slow, { timeoutMs: 20 });
    const seen = settled(answer);
    await clock.advance(20);
    expect(
      isTimeoutError(
        ((await seen) as { rejected: unknown }).rejected ?? (await answer.catch((e: unknown) => e)),
      ),
    ).toBe(true);
    expect(clock.pendingTimers).toBe(0);
  });

  it('nests deadlines: the tighter wins, and an inner limit behind an outer one makes no timer', async () => {
    const clock = virtualClock();
    const timers = vi.spyOn(clock, 'setTimeout');
    let left = 0;
    const wire = (_: string, context?: CallOptions) => {
      left = (context as CallContext).remainingMs();
      return new Promise<number>(() => {});
    };
    const call = pipe(wire, timeout({ timeoutMs: 500, clock }), timeout({ timeoutMs: 100, clock }));
    const answer = call('ping').catch((error: unknown) => error);
    expect(left).toBe(100);
    expect(timers).toHaveBeenCalledTimes(1);
    await clock.advance(100);
    expect(await answer).toMatchObject({ name: 'TimeoutError', timeoutMs: 100 });
  });

  it('aborts the inner signal with the timeout, made only when it is read', async () => {
    const clock = virtualClock();
    const made = vi.fn();
    vi.stubGlobal(
      'AbortController',
      class extends AbortController {
        constructor() {
          super();
          made();
        }
      },
    );
    let late: CallContext | undefined;
    const call = timeout({ timeoutMs: 10, clock }).run((context) => {
      late = context;
      return new Promise(() => {});
    });
    const error = call.catch((error: unknown) => error);
    await clock.advance(10);
    expect(made).not.toHaveBeenCalled();
    expect(late?.signal.aborted).toBe(true);
    expect(late?.signal.reason).toBe(await error);
    vi.unstubAllGlobals();
  });

  it('leaves the signal of a settled call alone', async () => {
    const caller = new AbortController();
    let inner: AbortSignal | undefined;
    await timeout({ timeoutMs: 1000, clock: virtualClock() }).run(
      async ({ signal }) => void (inner = signal),
      { signal: caller.signal },
    );
    caller.abort();
    expect(inner?.aborted).toBe(false);
  });

  it('turns a throw before the promise into a rejection, and names what is no promise', async () => {
    const guard = timeout({ timeoutMs: 10, clock: virtualClock() });
    const thrown = new Error('early');
    await expect(
      guard.run(() => {
        throw thrown;
      }),
    ).rejects.toBe(thrown);
    const error = await guard.run((() => 42) as never).catch((error: unknown) => error);
    expect(isOptionError(error)).toBe(true);
    expect((error as Error).message).toContain('returns a promise, got 42');
    // oxlint-disable-next-line unicorn/no-thenable -- query builders are such objects
    const thenable = { then: (resolve: (value: number) => void) => resolve(7) };
    expect(await guard.run(() => thenable as never)).toBe(7);
  });

  it.each([Number.NaN, -1, '5' as never])('refuses timeoutMs %s at the call', async (timeoutMs) => {
    const call = timeout({ timeoutMs: 10 }).run(async () => 1, { timeoutMs });
    await expect(call).rejects.toThrow(/timeoutMs must be/);
  });

  it('rejects, and never throws, when it is told or given nonsense', async () => {
    const guard = timeout({ timeoutMs: 10, clock: virtualClock() });
    await expect(guard.run(async () => 1, null as never)).resolves.toBe(1);
    await expect(guard.run(async () => 1, 5 as never)).resolves.toBe(1);
    await expect(guard.run(async () => 1, { signal: {} as never })).rejects.toThrow(TypeError);
    await expect(guard.run(5 as never)).rejects.toThrow(/run: fn must be a function, got 5/);
  });

  it.each([0, '', false, Symbol('reason'), 5n, null])(
    'rejects with any reason, as it is: %s',
    async (reason) => {
      const caller = new AbortController();
      const answer = timeout({ timeoutMs: 10 }).run(() => new Promise(() => {}), { signal: caller.signal });
      const seen = answer.catch((error: unknown) => error);
      caller.abort(reason);
      expect(await seen).toBe(reason);
    },
  );

  it('forwards what the caller’s options hold beyond ours, on every context', async () => {
    const seen: unknown[] = [];
    const call = pipe(
      async (_: string, init?: { method?: string; signal?: AbortSignal | null }) => {
        seen.push(init?.method, init?.signal instanceof AbortSignal);
        return 1;
      },
      timeout({ timeoutMs: 10 }),
      timeout({ timeoutMs: 100 }),
    );
    await call('x', { method: 'PUT' });
    expect(seen).toEqual(['PUT', true]);
  });

  it('joins a call made inside it to its deadline and its abort, also through a spread copy', async () => {
    const clock = virtualClock();
    const inner = pipe(fakeTransport<string, number>(), timeout({ timeoutMs: 5000, clock }));
    for (const copy of [
      (c: CallContext) => c,
      (c: CallContext) => ({ ...c, signal: c.signal }),
      (c: CallContext) => ({ ...c, timeoutMs: 900 }),
    ]) {
      let seen: unknown;
      const outer = timeout({ timeoutMs: 50, clock }).run((context) => {
        const answer = inner('x', copy(context));
        answer.catch((error: unknown) => (seen = error));
        return answer;
      });
      const error = outer.catch((error: unknown) => error);
      await clock.advance(50);
      expect(await error).toMatchObject({ name: 'TimeoutError', timeoutMs: 50 });
      expect(seen).toBe(await error);
      expect(clock.pendingTimers).toBe(0);
    }
  });

  it('runs user code in the caller’s async context', async () => {
    const store = new AsyncLocalStorage<string>();
    const guard = timeout({ timeoutMs: 10 });
    const seen = await store.run('A', () => guard.run(async () => store.getStore()));
    expect(seen).toBe('A');
  });
});
