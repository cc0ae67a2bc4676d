import { getEventListeners } from 'node:events';
import { type CallOptions, type Criticality, type ObserverEvent, pipe, retry, timeout } from 'evenkeel';
import { isThrottledError, throttle, type ThrottleOptions } from 'evenkeel/policies';
import { fakeTransport, seededRandom, virtualClock } from 'evenkeel/testing';
import { describe, expect, it, vi } from 'vitest';
import { mayRepeat } from '../../src/core/repeat.ts';

const busy = Object.assign(new Error('busy'), { retryAfterMs: 0 });
const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

function setup(options: ThrottleOptions = {}) {
  const clock = virtualClock();
  const guard = throttle({ clock, random: seededRandom(5), ...options });
  const refuse = (said?: CallOptions) => quiet(guard.run(() => Promise.reject(busy), said));
  const accept = (said?: CallOptions) => quiet(guard.run(async () => 'ok', said));
  return { clock, guard, refuse, accept };
}

/** So many of 1000 calls were refused by the guard itself. */
async function shed(call: () => Promise<unknown>): Promise<number> {
  let refused = 0;
  for (let n = 0; n < 1000; n++) if (isThrottledError(await call())) refused++;
  return refused;
}

describe('throttle', () => {
  it('refuses nothing while half of the calls are accepted', async () => {
    const { refuse, accept, guard } = setup();
    for (let n = 0; n < 500; n++) {
      expect(await accept()).toBe('ok');
      expect(await refuse()).toBe(busy);
    }
    expect(guard.snapshot()).toEqual({ requests: 1000, accepts: 500, rejection: 0, refused: 0 });
  });

  it('refuses, by chance, so many as the formula says, and counts those too', async () => {
    const { refuse, guard } = setup({ random: () => 0.5 });
    for (let n = 0; n < 5; n++) expect(await refuse()).toBe(busy);
    // The sixth: p = (5 − 2·0) / (5 + 1).
    const error = await refuse();
    expect(isThrottledError(error)).toBe(true);
    expect(error).toMatchObject({ code: 'EVENKEEL_THROTTLED', rejection: 5 / 6, retryAfterMs: 0 });
    expect(guard.snapshot()).toMatchObject({ requests: 6, accepts: 0, refused: 1 });
  });

  it('lets a tenth through, however bad it is, and so finds out that it is over', async () => {
    const { clock, refuse, accept, guard } = setup({ windowMs: 10_000 });
    const refused = await shed(refuse);
    expect(refused).toBeGreaterThan(850);
    expect(refused).toBeLessThan(930);
    expect(guard.snapshot().rejection).toBe(0.9);
    for (let second = 0; second < 11; second++) {
      for (let n = 0; n < 100; n++) await accept();
      await clock.advance(1000);
    }
    expect(guard.snapshot().rejection).toBe(0);
    expect(await shed(accept)).toBe(0);
  });

  it('does not take the burst with which a client starts for a refusal', async () => {
    const { clock, guard } = setup();
    const wire = fakeTransport<number, string>();
    const call = pipe(wire, guard);
    const answers = Array.from({ length: 200 }, (_, n) => quiet(call(n)));
    wire.next().resolve('ok');
    await clock.settle();
    answers.push(quiet(call(200)));
    expect(wire.requests).toHaveLength(201);
    while (wire.waiting > 0) wire.next().resolve('ok');
    expect(new Set(await Promise.all(answers))).toEqual(new Set(['ok']));
  });

  it('refuses the least critical first and most', async () => {
    const order: Record<Criticality, number[]> = { sheddable: [], default: [], critical: [] };
    for (const accepted of [1, 5, 3, 2]) {
      for (const criticality of Object.keys(order) as Criticality[]) {
        const { guard, refuse, accept } = setup();
        for (let n = 0; n < 500; n++)
          await (n % accepted === 0 ? accept : refuse)({ criticality: 'critical' });
        const before = guard.snapshot().refused;
        for (let n = 0; n < 200; n++) await refuse({ criticality });
        order[criticality].push(guard.snapshot().refused - before);
      }
    }
    order.default.forEach((refused, at) => {
      expect(order.sheddable[at]).toBeGreaterThanOrEqual(refused);
      expect(refused).toBeGreaterThanOrEqual(order.critical[at] ?? 0);
    });
    // One in two accepted: only what may be shed is.
    expect(order.sheddable[3]).toBeGreaterThan(order.default[3] ?? 0);
    expect(order.critical[3]).toBe(0);
  });

  it.each([
    ['ran out of time', () => Object.assign(new Error('late'), { name: 'TimeoutError' }), 0],
    ['never left', () => Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), 0],
    ['was refused', () => busy, 0],
    ['was answered with an error', () => new Error('500'), 1],
  ])('takes a call that %s for what it is', async (_, error, accepts) => {
    const { guard } = setup();
    await quiet(guard.run(() => Promise.reject(error())));
    expect(guard.snapshot()).toMatchObject({ requests: 1, accepts });
  });

  it('forgets a call whose caller left, and counts one that an outer limit ended', async () => {
    const { clock, guard } = setup();
    const hang = (): Promise<never> => new Promise(() => {});
    const caller = new AbortController();
    const left = quiet(guard.run(hang, { signal: caller.signal }));
    expect(guard.snapshot().requests).toBe(1);
    caller.abort('left');
    expect(await left).toBe('left');
    expect(guard.snapshot()).toMatchObject({ requests: 0, accepts: 0 });
    expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0);
    const late = quiet(pipe(hang, guard, timeout({ timeoutMs: 10, clock }))(undefined));
    await clock.advance(10);
    await late;
    expect(guard.snapshot()).toMatchObject({ requests: 1, accepts: 0 });
    expect(clock.pendingTimers).toBe(0);
  });

  it('only tells when it observes', async () => {
    const events: ObserverEvent[] = [];
    const { refuse, guard } = setup({
      mode: 'observe',
      random: () => 0,
      observer: (event) => events.push(event),
      name: 'users',
    });
    for (let n = 0; n < 6; n++) expect(await refuse({ criticality: 'sheddable' })).toBe(busy);
    expect(guard.snapshot().refused).toBe(1);
    expect(events).toEqual([
      { room: 'throttle', type: 'would-refuse', name: 'users', criticality: 'sheddable', rejection: 5 / 6 },
    ]);
  });

  it('takes a criticality that it does not know for the default', async () => {
    const { refuse, guard } = setup({ random: () => 0 });
    for (let n = 0; n < 6; n++) await refuse({ criticality: 'urgent' as never });
    expect(guard.snapshot().refused).toBe(1);
  });

  it('judges by its classifier, and survives one that throws', async () => {
    const classify = vi.fn(() => {
      throw new Error('classifier');
    });
    const { accept, guard } = setup({ classify });
    expect(await accept()).toBe('ok');
    expect(classify).toHaveBeenCalledTimes(1);
    expect(guard.snapshot()).toMatchObject({ requests: 1, accepts: 1 });
  });

  it('refuses before anything is sent, so that even a POST may be tried again', async () => {
    const { clock, refuse, guard } = setup({ random: () => 0 });
    for (let n = 0; n < 5; n++) await refuse();
    const wire = fakeTransport<string, string>();
    const error = await quiet(pipe(wire, guard, retry({ maxAttempts: 1, clock }))('x'));
    expect(isThrottledError(error)).toBe(true);
    expect(wire.requests).toHaveLength(0);
    expect(mayRepeat('x', { method: 'POST' } as CallOptions, error)).toBe(true);
  });

  it('survives a clock that jumps, ahead or back', async () => {
    const { clock, refuse, guard } = setup();
    for (let n = 0; n < 50; n++) await refuse();
    clock.jump(-1_000_000_000);
    expect(guard.snapshot().rejection).toBe(0.9);
    await refuse();
    clock.jump(2_000_000_000);
    expect(guard.snapshot()).toMatchObject({ requests: 0, accepts: 0, rejection: 0 });
  });

  it('shares nothing between instances', async () => {
    const [one, two] = [setup(), setup()];
    for (let n = 0; n < 50; n++) await one.refuse();
    expect(two.guard.snapshot()).toEqual({ requests: 0, accepts: 0, rejection: 0, refused: 0 });
  });

  it.each([
    [{ k: 0.9 }, 'k'],
    [{ k: Number.NaN }, 'k'],
    [{ k: Infinity }, 'k'],
    [{ windowMs: 0 }, 'windowMs'],
    [{ windowMs: Number.NaN }, 'windowMs'],
    [{ maxRejection: 1 }, 'maxRejection'],
    [{ maxRejection: -0.1 }, 'maxRejection'],
    [{ minimumRefused: 0 }, 'minimumRefused'],
    [{ mode: 'off' as never }, 'mode'],
    [{ classify: 5 as never }, 'classify'],
    [{ random: 5 as never }, 'random'],
  ])('refuses %o', (options, name) => {
    expect(() => throttle(options)).toThrow(new RegExp(`throttle: ${name} must be`));
  });
});
