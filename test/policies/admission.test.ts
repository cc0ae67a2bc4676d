import { getEventListeners } from 'node:events';
import { type CallOptions, type ObserverEvent, pipe, retry, timeout } from 'evenkeel';
import { admission, type AdmissionOptions, isTooLateError } from 'evenkeel/policies';
import { fakeTransport, virtualClock } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';
import { mayRepeat } from '../../src/core/repeat.ts';

const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

function setup(options: AdmissionOptions = {}) {
  const clock = virtualClock();
  const guard = admission({ clock, ...options });
  const wire = fakeTransport<number, string>();
  const takes = async (ms: number, said: CallOptions = {}) => {
    const answer = quiet(
      guard.run(() => new Promise<string>((resolve) => void clock.setTimeout(() => resolve('ok'), ms)), said),
    );
    await clock.advance(ms);
    return answer;
  };
  return { clock, guard, wire, takes, call: pipe(wire, guard) };
}

describe('admission', () => {
  it('refuses at once what has less time left than a call needs, and sends nothing', async () => {
    const { clock, guard, wire, call } = setup({ expectedMs: 100 });
    const error = await quiet(call(1, { timeoutMs: 99 }));
    expect(isTooLateError(error)).toBe(true);
    expect(error).toMatchObject({
      code: 'EVENKEEL_TOO_LATE',
      expectedMs: 100,
      remainingMs: 99,
      retryAfterMs: 0,
    });
    expect(wire.requests).toEqual([]);
    expect(guard.snapshot()).toEqual({ expectedMs: 100, refused: 1 });
    expect(clock.pendingTimers).toBe(0);
    expect(mayRepeat('x', { method: 'POST' } as CallOptions, error)).toBe(true);
  });

  it('admits what has just enough, and what has no deadline at all', async () => {
    const { wire, call } = setup({ expectedMs: 100 });
    const answers = [call(1, { timeoutMs: 100 }), call(2)];
    expect(wire.requests).toEqual([1, 2]);
    wire.next().resolve('ok');
    wire.next().resolve('ok');
    expect(await Promise.all(answers)).toEqual(['ok', 'ok']);
  });

  it('knows the deadline of whatever is around it, and asks again for each attempt', async () => {
    const { clock, guard } = setup({ expectedMs: 100 });
    const wire = fakeTransport<number, string>({ answer: () => Promise.reject(new Error('boom')) });
    const call = pipe(
      wire,
      guard,
      retry({ maxAttempts: 9, baseDelayMs: 100, maxDelayMs: 100, clock, random: () => 0.5 }),
      timeout({ timeoutMs: 240, clock }),
    );
    const answer = quiet(call(1));
    await clock.advance(1000);
    // At 0, 50 and 100 ms; at 150 there are only 90 left.
    expect(wire.requests).toHaveLength(3);
    expect(isTooLateError(await answer)).toBe(true);
  });

  it('admits everything until it has measured enough, and then goes by the quantile', async () => {
    const { takes, guard } = setup({ expectedMs: { quantile: 0.5, minimumCalls: 5, windowMs: 60_000 } });
    for (const ms of [10, 20, 30, 40]) await takes(ms);
    expect(guard.snapshot().expectedMs).toBeUndefined();
    expect(await takes(0, { timeoutMs: 1 })).toBe('ok');
    await takes(50);
    expect(guard.snapshot().expectedMs).toBeCloseTo(20, 0);
    expect(isTooLateError(await takes(0, { timeoutMs: 18 }))).toBe(true);
    expect(await takes(0, { timeoutMs: 25 })).toBe('ok');
  });

  it('measures calls that ran out of time by what they had, and no others that failed', async () => {
    const { clock, guard } = setup({ expectedMs: { quantile: 1, minimumCalls: 1 } });
    await quiet(guard.run(() => Promise.reject(new Error('boom'))));
    const caller = new AbortController();
    const left = quiet(guard.run(() => new Promise(() => {}), { signal: caller.signal }));
    await clock.advance(500);
    caller.abort('left');
    expect(await left).toBe('left');
    expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0);
    expect(guard.snapshot().expectedMs).toBeUndefined();
    const late = quiet(guard.run(() => new Promise(() => {}), { timeoutMs: 80 }));
    await clock.advance(80);
    await late;
    expect(guard.snapshot().expectedMs).toBeGreaterThan(78);
    expect(guard.snapshot().expectedMs).toBeLessThan(82);
    const inner = quiet(
      pipe(() => new Promise<string>(() => {}), timeout({ timeoutMs: 200, clock }), guard)(undefined),
    );
    await clock.advance(200);
    await inner;
    expect(guard.snapshot().expectedMs).toBeGreaterThan(195);
  });

  it('admits calls again when what it measured is out of date', async () => {
    const { clock, takes } = setup({ expectedMs: { quantile: 0.5, minimumCalls: 5, windowMs: 10_000 } });
    for (let n = 0; n < 5; n++) await takes(500);
    expect(isTooLateError(await takes(0, { timeoutMs: 100 }))).toBe(true);
    await clock.advance(10_000);
    expect(await takes(0, { timeoutMs: 100 })).toBe('ok');
  });

  it('only tells when it observes', async () => {
    const events: ObserverEvent[] = [];
    const { takes, guard } = setup({
      expectedMs: 100,
      mode: 'observe',
      observer: (event) => events.push(event),
      name: 'db',
    });
    expect(await takes(10, { timeoutMs: 50 })).toBe('ok');
    expect(guard.snapshot().refused).toBe(1);
    expect(events).toEqual([
      { room: 'admission', type: 'would-refuse', name: 'db', expectedMs: 100, remainingMs: 50 },
    ]);
  });

  it('judges by its classifier, and survives one that throws', async () => {
    const classify = () => {
      throw new Error('classifier');
    };
    const { takes, guard } = setup({ classify, expectedMs: { quantile: 0.5, minimumCalls: 1 } });
    expect(await takes(10)).toBe('ok');
    expect(guard.snapshot().expectedMs).toBeUndefined();
  });

  it('survives a clock that jumps, shares nothing, and schedules nothing', async () => {
    const [one, two] = [
      setup({ expectedMs: { quantile: 0.5, minimumCalls: 1 } }),
      setup({ expectedMs: { quantile: 0.5, minimumCalls: 1 } }),
    ];
    for (const jumpMs of [-1e9, 3e9, -5]) {
      const answer = one.guard.run(async () => 'ok');
      one.clock.jump(jumpMs);
      expect(await answer).toBe('ok');
    }
    expect(one.clock.pendingTimers).toBe(0);
    expect(two.guard.snapshot().expectedMs).toBeUndefined();
  });

  it.each([
    [{ expectedMs: -1 }, 'expectedMs'],
    [{ expectedMs: Number.NaN }, 'expectedMs'],
    [{ expectedMs: '5' as never }, 'expectedMs'],
    [{ expectedMs: { quantile: 2 } }, 'expectedMs.quantile'],
    [{ expectedMs: { quantile: 0.5, windowMs: Number.NaN } }, 'expectedMs.windowMs'],
    [{ mode: 'off' as never }, 'mode'],
    [{ classify: 5 as never }, 'classify'],
  ])('refuses %o', (options, name) => {
    expect(() => admission(options)).toThrow(new RegExp(`admission: ${name} must be`));
  });
});
