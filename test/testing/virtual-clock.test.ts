import { isOptionError } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';

describe('a virtual clock', () => {
  it('fires timers in order of their time, and those of equal time in the order they were set', async () => {
    const clock = virtualClock();
    const fired: string[] = [];
    for (const [name, ms] of Object.entries({ a: 20, b: 10, c: 20, d: 10, e: 0 }))
      clock.setTimeout(() => fired.push(`${name}${clock.now() - 1_000_000}`), ms);
    await clock.advance(20);
    expect(fired).toEqual(['e0', 'b10', 'd10', 'a20', 'c20']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('fires in order whatever is set and cleared, never early and never twice', async () => {
    const timer = fc.record({ ms: fc.nat(50), clear: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(timer, { maxLength: 30 }), async (timers) => {
        const clock = virtualClock(0);
        const fired: [number, number][] = [];
        const handles = timers.map(({ ms }, index) =>
          clock.setTimeout(() => fired.push([clock.now(), index]), ms),
        );
        timers.forEach(({ clear }, index) => clear && clock.clearTimeout(handles[index]));
        const left = timers.flatMap(({ ms, clear }, index) =>
          clear ? [] : [[ms, index] as [number, number]],
        );
        expect(clock.pendingTimers).toBe(left.length);
        await clock.advance(60);
        expect(fired).toEqual(left.sort(([a, i], [b, j]) => a - b || i - j));
      }),
      { numRuns: 30 },
    );
  });

  it('fires what is set while it fires, if it is due by then', async () => {
    const clock = virtualClock();
    const fired: number[] = [];
    const tick = () => {
      fired.push(clock.now() - 1_000_000);
      clock.setTimeout(tick, 10);
    };
    clock.setTimeout(tick, 10);
    await clock.advance(35);
    expect(fired).toEqual([10, 20, 30]);
    expect([clock.now(), clock.pendingTimers]).toEqual([1_000_035, 1]);
  });

  it('does not fire what an earlier timer has cleared, and takes a second clearing as nothing', async () => {
    const clock = virtualClock();
    const never = vi.fn();
    const handle = clock.setTimeout(never, 10);
    clock.setTimeout(() => {
      clock.clearTimeout(handle);
      clock.clearTimeout(handle);
      clock.clearTimeout(undefined);
    }, 10 - 1);
    await clock.advance(20);
    expect(never).not.toHaveBeenCalled();
    expect(clock.pendingTimers).toBe(0);
  });

  it('lets a chain of a thousand promises run before, between and after timers', async () => {
    const clock = virtualClock();
    const done: string[] = [];
    const chain = async (name: string) => {
      for (let step = 0; step < 1000; step++) await Promise.resolve();
      done.push(name);
    };
    void chain('before');
    clock.setTimeout(() => {
      done.push('first');
      void chain('between');
    }, 1);
    clock.setTimeout(() => {
      done.push('second');
      void chain('after');
    }, 2);
    await clock.advance(2);
    expect(done).toEqual(['before', 'first', 'between', 'second', 'after']);
  });

  it('lets them run between any two of hundreds of timers, at equal times too', async () => {
    const clock = virtualClock();
    const log: string[] = [];
    for (let n = 0; n < 300; n++) {
      clock.setTimeout(() => {
        log.push(`timer ${n}`);
        void (async () => {
          for (let step = 0; step < 20; step++) await Promise.resolve();
          log.push(`promise ${n}`);
        })();
      }, n >> 1);
    }
    await clock.advance(150);
    expect(log).toEqual(Array.from({ length: 300 }, (_, n) => [`timer ${n}`, `promise ${n}`]).flat());
  });

  it('fires no more once a timer among hundreds has thrown', async () => {
    const clock = virtualClock();
    let fired = 0;
    for (let n = 0; n < 300; n++) {
      clock.setTimeout(() => {
        if (++fired === 100) throw new Error('the hundredth');
      }, n);
    }
    await expect(clock.advance(300)).rejects.toThrow('the hundredth');
    await new Promise((resolve) => setImmediate(resolve));
    expect(fired).toBe(100);
    expect(clock.pendingTimers).toBe(200);
  });

  it('refuses a second advance while one runs, and goes on after', async () => {
    const clock = virtualClock();
    const first = clock.advance(10);
    await expect(clock.advance(10)).rejects.toMatchObject({ code: 'EVENKEEL_TESTING' });
    await first;
    await clock.advance(10);
    expect(clock.now()).toBe(1_000_020);
  });

  it('may be advanced again after a timer has thrown', async () => {
    const clock = virtualClock();
    clock.setTimeout(() => {
      throw new Error('in a timer');
    }, 1);
    await expect(clock.advance(5)).rejects.toThrow('in a timer');
    await clock.advance(5);
    expect(clock.pendingTimers).toBe(0);
  });

  it('jumps without firing, and fires what is overdue at the next advance, at the time it is then', async () => {
    const clock = virtualClock();
    const seen: number[] = [];
    clock.setTimeout(() => seen.push(clock.now()), 10);
    clock.jump(60_000);
    await clock.settle();
    expect(seen).toEqual([]);
    await clock.advance(0);
    expect(seen).toEqual([1_060_000]);
  });

  it('settles without moving time', async () => {
    const clock = virtualClock(5);
    const fn = vi.fn();
    void Promise.resolve().then(fn);
    await clock.settle();
    expect(fn).toHaveBeenCalled();
    expect(clock.now()).toBe(5);
  });

  it.each([-1, Number.NaN])('refuses to advance by %d', async (ms) => {
    expect(
      isOptionError(
        await virtualClock()
          .advance(ms)
          .catch((error: unknown) => error),
      ),
    ).toBe(true);
  });

  it('refuses to advance by what is no length of time', async () => {
    const clock = virtualClock();
    for (const ms of [-1, Number.NaN, Infinity])
      await expect(clock.advance(ms)).rejects.toThrow(/ms must be/);
    expect(clock.now()).toBe(1_000_000);
  });
});
