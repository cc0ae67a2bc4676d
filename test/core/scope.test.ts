import { getEventListeners } from 'node:events';
import { isTimeoutError, timeout } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { describe, expect, it, vi } from 'vitest';
import { hookOf } from '../../src/core/abort.ts';
import { Scope } from '../../src/core/scope.ts';

const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;

describe('a scope', () => {
  it('ends once: the first of settle and abort decides', () => {
    const told = vi.fn();
    const settled = new Scope(virtualClock(), Infinity);
    settled.add(hookOf(told));
    expect(settled.settle()).toBe(true);
    settled.abort('late');
    expect([settled.settle(), settled.aborted, settled.reason]).toEqual([false, false, undefined]);
    expect(told).not.toHaveBeenCalled();

    const aborted = new Scope(virtualClock(), Infinity);
    aborted.add(hookOf(told));
    aborted.abort('first');
    aborted.abort('second');
    expect([aborted.settle(), aborted.aborted, aborted.reason]).toEqual([false, true, 'first']);
    expect(told.mock.calls).toEqual([['first']]);
  });

  it('rejects its caller first, then tells its hooks newest first, then aborts its signal', () => {
    const order: string[] = [];
    const scope = new Scope(virtualClock(), Infinity);
    scope.signal.addEventListener('abort', () => order.push('signal'));
    scope.rejectWith(() => order.push('caller'));
    scope.add(hookOf(() => order.push('older')));
    scope.add(hookOf(() => order.push('newer')));
    scope.abort('x');
    expect(order).toEqual(['caller', 'newer', 'older', 'signal']);
  });

  it('tells a hook at once that is added after the abort or during it, and none that is added after the end', () => {
    const told: string[] = [];
    const scope = new Scope(virtualClock(), Infinity);
    scope.add(hookOf(() => scope.add(hookOf((reason) => told.push(`during:${String(reason)}`)))));
    scope.abort('x');
    scope.add(hookOf((reason) => told.push(`after:${String(reason)}`)));
    expect(told).toEqual(['during:x', 'after:x']);

    const over = new Scope(virtualClock(), Infinity);
    over.settle();
    over.add(hookOf(() => told.push('never')));
    expect(told).toHaveLength(2);
  });

  it('gives the same signal each time, aborted already when it is first read after the abort', () => {
    const scope = new Scope(virtualClock(), Infinity);
    scope.abort('why');
    expect(scope.signal).toBe(scope.signal);
    expect([scope.signal.aborted, scope.signal.reason]).toEqual([true, 'why']);
  });

  it('ends with the scope around it, and tells it nothing of its own end', () => {
    const clock = virtualClock();
    const outer = new Scope(clock, Infinity);
    const [left, right] = [new Scope(clock, Infinity), new Scope(clock, Infinity)];
    outer.add(left);
    outer.add(right);
    left.abort('mine');
    expect([outer.aborted, right.aborted]).toEqual([false, false]);
    outer.abort('all');
    expect([left.reason, right.reason]).toEqual(['mine', 'all']);
    expect(outer.head).toBeUndefined();
    const late = new Scope(clock, Infinity);
    outer.add(late);
    expect(late.reason).toBe('all');
  });

  it('ends when its time is up, and leaves no timer when it ends before', async () => {
    const clock = virtualClock();
    const slow = new Scope(clock, clock.now() + 10);
    slow.expireIn(10);
    await clock.advance(9);
    expect(slow.aborted).toBe(false);
    await clock.advance(1);
    expect(isTimeoutError(slow.reason)).toBe(true);
    const fast = new Scope(clock, clock.now() + 10);
    fast.expireIn(10);
    fast.settle();
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('a scope inside another and under a signal of its own', () => {
  const both = () => {
    const clock = virtualClock();
    const caller = new AbortController();
    const outer = new Scope(clock, Infinity);
    const scope = new Scope(clock, Infinity);
    outer.add(scope);
    scope.under(caller.signal);
    return { caller, outer, scope };
  };

  it('is aborted by the signal, and leaves the outer one', () => {
    const { caller, outer, scope } = both();
    caller.abort('signal');
    expect([scope.reason, outer.aborted, outer.head]).toEqual(['signal', false, undefined]);
    expect(listeners(caller.signal)).toBe(0);
  });

  it('is aborted by the outer one, and leaves the signal', () => {
    const { caller, outer, scope } = both();
    expect(listeners(caller.signal)).toBe(1);
    outer.abort('outer');
    expect(scope.reason).toBe('outer');
    expect(listeners(caller.signal)).toBe(0);
    caller.abort('late');
    expect(scope.reason).toBe('outer');
  });

  it('leaves both when it settles', () => {
    const { caller, outer, scope } = both();
    scope.settle();
    expect(outer.head).toBeUndefined();
    expect(listeners(caller.signal)).toBe(0);
    outer.abort('x');
    expect(scope.aborted).toBe(false);
  });

  it('does not begin under a signal that is aborted already', () => {
    const scope = new Scope(virtualClock(), Infinity);
    scope.under(AbortSignal.abort('before'));
    expect(scope.reason).toBe('before');
  });

  it('serves a call inside a call that brings its own signal: either ends it, and no listener stays', async () => {
    for (const who of ['inner', 'outer'] as const) {
      const clock = virtualClock();
      const guard = timeout({ timeoutMs: 1000, clock });
      const callers = { inner: new AbortController(), outer: new AbortController() };
      let inside: Promise<unknown> = Promise.resolve();
      const whole = guard.run(
        (context) => {
          inside = guard
            .run(() => new Promise(() => {}), {
              ...context,
              signal: callers.inner.signal,
            })
            .catch((error: unknown) => `inside: ${String(error)}`);
          return inside;
        },
        { signal: callers.outer.signal },
      );
      const seen = whole.catch((error: unknown) => `whole: ${String(error)}`);
      callers[who].abort(who);
      expect(await seen).toBe(who === 'inner' ? 'inside: inner' : 'whole: outer');
      expect(await inside).toBe(`inside: ${who}`);
      expect([listeners(callers.inner.signal), listeners(callers.outer.signal)]).toEqual([0, 0]);
      expect(clock.pendingTimers).toBe(0);
    }
  });
});
