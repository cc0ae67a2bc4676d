import { isTimeoutError, type ObserverEvent, pipe, retry, timeout } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';

const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);
const never = () => new Promise<never>(() => {});

function setup() {
  const clock = virtualClock();
  const events: ObserverEvent[] = [];
  const observer = (event: ObserverEvent): void => void events.push(event);
  return { clock, events, observer };
}

describe('timeout', () => {
  it('counts the calls that ran out of its time, and tells of each', async () => {
    const { clock, events, observer } = setup();
    const guard = timeout({ timeoutMs: 100, clock, observer, name: 'users' });
    const late = [quiet(guard.run(never)), quiet(guard.run(never))];
    expect(await guard.run(async () => 'in time')).toBe('in time');
    await clock.advance(100);
    for (const error of await Promise.all(late)) expect(error).toSatisfy(isTimeoutError);
    expect(guard.snapshot()).toEqual({ timeoutMs: 100, timeouts: 2 });
    expect(events).toMatchObject([
      { room: 'timeout', type: 'timed-out', name: 'users', timeoutMs: 100 },
      { type: 'timed-out' },
    ]);
  });

  it('counts none that ended for another reason: a caller’s own limit, an abort, a limit further out', async () => {
    const { clock, observer } = setup();
    const [attempt, whole] = [
      timeout({ timeoutMs: 100, clock, observer }),
      timeout({ timeoutMs: 150, clock, observer }),
    ];
    const controller = new AbortController();
    const ends = [
      quiet(attempt.run(never, { timeoutMs: 50 })),
      quiet(attempt.run(never, { signal: controller.signal })),
      quiet(pipe(never, attempt, retry({ clock, random: () => 0 }), whole)(undefined)),
    ];
    controller.abort();
    await clock.advance(1000);
    await Promise.all(ends);
    // Of the third, the first attempt ran out of its own time, and the second out of the whole call's.
    expect(attempt.snapshot().timeouts).toBe(1);
    expect(whole.snapshot().timeouts).toBe(1);
    expect(clock.pendingTimers).toBe(0);
  });

  it('has the time that is in force when a call begins', async () => {
    const { clock } = setup();
    const guard = timeout({ timeoutMs: 100, clock });
    const before = quiet(guard.run(never));
    guard.reconfigure({ timeoutMs: 300 });
    const after = quiet(guard.run(never));
    await clock.advance(100);
    expect(await before).toMatchObject({ timeoutMs: 100 });
    await clock.advance(200);
    expect(await after).toMatchObject({ timeoutMs: 300 });
  });

  it('only observing, lets a call take its time and leaves no timer behind', async () => {
    const { clock, events, observer } = setup();
    const guard = timeout({ timeoutMs: 100, mode: 'observe', clock, observer });
    let answer: (value: string) => void = () => {};
    const slow = guard.run(() => new Promise<string>((resolve) => (answer = resolve)));
    await clock.advance(100);
    expect(events).toMatchObject([{ type: 'would-time-out', timeoutMs: 100 }]);
    answer('late, and welcome');
    expect(await slow).toBe('late, and welcome');
    await guard.run(async () => 'fast');
    expect(guard.snapshot().timeouts).toBe(1);
    expect(clock.pendingTimers).toBe(0);
  });
});
