import { AsyncLocalStorage } from 'node:async_hooks';
import { bulkhead, isBulkheadFullError, pipe, timeout } from 'evenkeel';
import { fakeTransport, virtualClock } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';

const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

describe('bulkhead', () => {
  it('runs so many, queues so many, first come first served, and refuses the rest at once', async () => {
    const clock = virtualClock();
    const guard = bulkhead({ maxConcurrent: 2, maxQueue: 2, clock });
    const wire = fakeTransport<string, string>();
    const call = pipe(wire, guard);
    const answers = ['a', 'b', 'c', 'd'].map((name) => quiet(call(name)));
    const refused = await quiet(call('e'));
    expect(isBulkheadFullError(refused)).toBe(true);
    expect(refused).toMatchObject({ reason: 'queue-full' });
    expect(wire.requests).toEqual(['a', 'b']);
    expect(guard.snapshot()).toEqual({ running: 2, waiting: 2, refused: 1 });
    wire.next().resolve('A');
    await clock.settle();
    expect(wire.requests).toEqual(['a', 'b', 'c']);
    wire.next().resolve('B');
    wire.next().reject(new Error('C'));
    await clock.settle();
    wire.next().resolve('D');
    expect(await Promise.all(answers)).toEqual(['A', 'B', new Error('C'), 'D']);
    expect(guard.snapshot()).toEqual({ running: 0, waiting: 0, refused: 1 });
    expect(clock.pendingTimers).toBe(0);
  });

  it('lets nobody wait longer than queueTimeoutMs', async () => {
    const clock = virtualClock();
    const guard = bulkhead({ maxConcurrent: 1, maxQueue: 1, queueTimeoutMs: 50, clock });
    void guard.run(() => new Promise(() => {}));
    const waiting = quiet(guard.run(async () => 1));
    await clock.advance(50);
    expect(await waiting).toMatchObject({ code: 'EVENKEEL_BULKHEAD_FULL', reason: 'queue-timeout' });
    expect(guard.snapshot()).toEqual({ running: 1, waiting: 0, refused: 1 });
  });

  it('lets a caller leave the queue at once, without ever running it', async () => {
    const clock = virtualClock();
    const wire = fakeTransport<string, string>();
    const call = pipe(wire, bulkhead({ maxConcurrent: 1, maxQueue: 5, clock }));
    const first = call('first');
    const caller = new AbortController();
    const second = quiet(call('second', { signal: caller.signal }));
    const third = call('third');
    caller.abort('left');
    expect(await second).toBe('left');
    wire.next().resolve('1');
    await clock.settle();
    wire.next().resolve('3');
    expect(await Promise.all([first, third])).toEqual(['1', '3']);
    expect(wire.requests).toEqual(['first', 'third']);
  });

  it('gives a place back that came free in the tick in which its caller left', async () => {
    const clock = virtualClock();
    const guard = bulkhead({ maxConcurrent: 1, maxQueue: 5, clock });
    let end: () => void = () => {};
    const first = guard.run(() => new Promise<void>((resolve) => (end = resolve)));
    const caller = new AbortController();
    const second = quiet(guard.run(async () => 'never', { signal: caller.signal }));
    end();
    // The place is handed over in a reaction; leave between that and the next.
    await Promise.resolve();
    caller.abort('left');
    expect(await second).toBe('left');
    await first;
    expect(await guard.run(async () => 'room')).toBe('room');
    expect(guard.snapshot().running).toBe(0);
  });

  it('holds the place until the work has ended, also after its caller has left', async () => {
    const clock = virtualClock();
    const wire = fakeTransport<string, string>({ aborts: 'ignore' });
    const guard = bulkhead({ maxConcurrent: 1, clock });
    const call = pipe(wire, guard, timeout({ timeoutMs: 10, clock }));
    const first = quiet(call('first'));
    await clock.advance(10);
    expect(await first).toMatchObject({ name: 'TimeoutError' });
    expect(guard.snapshot().running).toBe(1);
    wire.next().resolve('late');
    await clock.settle();
    expect(guard.snapshot().running).toBe(0);
  });

  it('runs queued work in its own caller’s async context, not in that of whoever freed the place', async () => {
    const store = new AsyncLocalStorage<string>();
    const guard = bulkhead({ maxConcurrent: 1, maxQueue: 2 });
    const who = async () => {
      await Promise.resolve();
      return store.getStore();
    };
    const seen = await Promise.all(['A', 'B', 'C'].map((name) => store.run(name, () => guard.run(who))));
    expect(seen).toEqual(['A', 'B', 'C']);
  });

  it.each([
    [{ maxConcurrent: 0 }, 'maxConcurrent'],
    [{ maxConcurrent: Number.NaN }, 'maxConcurrent'],
    [{ maxConcurrent: 1, maxQueue: -1 }, 'maxQueue'],
    [{ maxConcurrent: 1, queueTimeoutMs: Number.NaN }, 'queueTimeoutMs'],
  ])('refuses %o', (options, name) => {
    expect(() => bulkhead(options)).toThrow(new RegExp(`bulkhead: ${name} must be`));
  });
});
