import { observe, type ObserverEvent, pipe, retry, timeout } from 'evenkeel';
import { fakeTransport, virtualClock } from 'evenkeel/testing';
import { describe, expect, it, vi } from 'vitest';
import { metered, type MeteredOptions } from '../../src/telemetry/metered.ts';

const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

function meter(options: MeteredOptions = {}) {
  const clock = virtualClock();
  const events: ObserverEvent[] = [];
  const observer = (event: ObserverEvent) => void events.push(event);
  return { clock, events, observer, policy: metered({ clock, observer, ...options }) };
}

describe('metered', () => {
  it('tells of a call: how long it took and that it went well', async () => {
    const { clock, events, policy } = meter({ name: 'users' });
    const wire = fakeTransport<string, number>();
    const answer = policy(wire)('ping');
    await clock.advance(25);
    wire.next().resolve(7);
    expect(await answer).toBe(7);
    expect(events).toEqual([
      { room: 'metered', type: 'call', name: 'users', durationMs: 25, outcome: 'success' },
    ]);
  });

  it.each([
    [new TypeError('secret'), 'TypeError'],
    [Object.assign(new Error('secret'), { code: 'ECONNRESET' }), 'ECONNRESET'],
    [Object.assign(new Error('secret'), { code: 7, name: '' }), 'unknown'],
    [Object.assign(new RangeError('secret'), { code: '' }), 'RangeError'],
    ['secret', 'unknown'],
    [undefined, 'unknown'],
  ])('tells of %o by its code or its name, and never by its message', async (error, expected) => {
    const { events, policy } = meter();
    await quiet(policy.run(() => Promise.reject(error as Error)));
    expect(events).toMatchObject([{ outcome: 'failure', error: expected }]);
    expect(JSON.stringify(events)).not.toContain('secret');
  });

  it('tells of each attempt where it stands inside the retry, and of the call outside', async () => {
    const { clock, events, observer, policy } = meter({ as: 'attempt' });
    const wire = fakeTransport<string, number>();
    const call = pipe(
      wire,
      policy,
      retry({ clock, baseDelayMs: 100, random: () => 0.5 }),
      metered({ clock, observer }),
    );
    const answer = call('ping');
    await clock.advance(10);
    wire.next().reject(new Error('no'));
    await clock.advance(50);
    await clock.advance(20);
    wire.next().resolve(7);
    await answer;
    expect(events).toMatchObject([
      { type: 'attempt', attempt: 1, durationMs: 10, outcome: 'failure' },
      { type: 'attempt', attempt: 2, durationMs: 20, outcome: 'success' },
      { type: 'call', durationMs: 80, outcome: 'success' },
    ]);
    expect(events[2]).not.toHaveProperty('attempt');
  });

  it('takes over the verdict of a layer inside, and otherwise its own classifier’s', async () => {
    const { events, observer, policy } = meter({
      classify: () => ({ kind: 'success', retryAfterMs: 0, reason: 'denied' }),
    });
    await policy.run(async () => 403);
    const inner = retry({ classify: () => 'overload', maxAttempts: 1, budget: 'unlimited' });
    await pipe(async (code: number) => code, inner, metered({ observer }))(503);
    expect(events).toMatchObject([{ outcome: 'success', reason: 'denied' }, { outcome: 'overload' }]);
  });

  it('hears once of a call that ran out of time or was left, and at that moment', async () => {
    const { clock, events, policy } = meter();
    const call = pipe(() => new Promise<never>(() => {}), policy, timeout({ timeoutMs: 50, clock }));
    const controller = new AbortController();
    const answers = [quiet(call('late')), quiet(call('left', { signal: controller.signal }))];
    await clock.advance(20);
    controller.abort(new Error('left'));
    await clock.advance(30);
    await Promise.all(answers);
    expect(events).toMatchObject([
      { durationMs: 20, outcome: 'ignored', error: 'Error' },
      { durationMs: 50, outcome: 'failure', reason: 'timeout', error: 'EVENKEEL_TIMEOUT' },
    ]);
  });

  it('reads no clock while nobody listens, and listens from the next call on', async () => {
    const clock = virtualClock();
    const now = vi.spyOn(clock, 'now');
    const policy = metered({ clock });
    expect(await policy.run(async () => 1)).toBe(1);
    expect(now).not.toHaveBeenCalled();
    const told = vi.fn();
    const stop = observe(told);
    await policy.run(async () => 1);
    stop();
    expect(told).toHaveBeenCalledTimes(1);
  });

  it('refuses what it does not know', () => {
    expect(() => metered({ as: 'span' as never })).toThrow(/as must be/);
    expect(() => metered({ classify: 5 as never })).toThrow(/classify must be/);
  });
});
