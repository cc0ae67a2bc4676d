import {
  circuitBreaker,
  consecutiveFailures,
  failureRate,
  isCircuitOpenError,
  type ObserverEvent,
  pipe,
  timeout,
} from 'evenkeel';
import { fakeTransport, virtualClock } from 'evenkeel/testing';
import { describe, expect, it, vi } from 'vitest';

const boom = new Error('boom');
const fail = () => Promise.reject(boom);
const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);
const trip = consecutiveFailures({ failures: 2 });

describe('circuitBreaker', () => {
  it('opens after failures in a row, refuses at once, and lets one probe through when its time is over', async () => {
    const clock = virtualClock();
    const breaker = circuitBreaker({ trip, openMs: 100, clock });
    expect(breaker.state).toBe('closed');
    await quiet(breaker.run(fail));
    await quiet(breaker.run(async () => 'resets the row'));
    await quiet(breaker.run(fail));
    expect(breaker.state).toBe('closed');
    await quiet(breaker.run(fail));
    expect(breaker.state).toBe('open');
    const called = vi.fn(async () => 1);
    const refused = await quiet(breaker.run(called));
    expect(isCircuitOpenError(refused)).toBe(true);
    expect(refused).toMatchObject({ retryAfterMs: 100, code: 'EVENKEEL_CIRCUIT_OPEN' });
    expect(called).not.toHaveBeenCalled();
    clock.jump(100);
    expect(breaker.state).toBe('half-open');
    expect(clock.pendingTimers).toBe(0);
    let answer: (value: string) => void = () => {};
    const probe = breaker.run(() => new Promise<string>((resolve) => (answer = resolve)));
    expect(isCircuitOpenError(await quiet(breaker.run(called)))).toBe(true);
    answer('well');
    expect(await probe).toBe('well');
    expect(breaker.state).toBe('closed');
  });

  it('opens again when the probe fails, for the whole time', async () => {
    const clock = virtualClock();
    const breaker = circuitBreaker({ trip: consecutiveFailures({ failures: 1 }), openMs: 100, clock });
    await quiet(breaker.run(fail));
    clock.jump(100);
    await quiet(breaker.run(fail));
    expect(breaker.snapshot()).toMatchObject({
      state: 'open',
      retryAfterMs: 100,
      opened: 2,
      reason: 'the probe failed',
    });
  });

  it('does not let late news change anything: what began closed and fails in half-open', async () => {
    const clock = virtualClock();
    const breaker = circuitBreaker({ trip: consecutiveFailures({ failures: 1 }), openMs: 100, clock });
    let failLate: (error: Error) => void = () => {};
    const late = quiet(breaker.run(() => new Promise((_, reject) => (failLate = reject))));
    await quiet(breaker.run(fail));
    clock.jump(100);
    let answer: (value: string) => void = () => {};
    const probe = breaker.run(() => new Promise<string>((resolve) => (answer = resolve)));
    failLate(boom);
    await late;
    expect(breaker.state).toBe('half-open');
    answer('well');
    await probe;
    expect(breaker.state).toBe('closed');
  });

  it('gets the permit of a probe back whose caller left, and calls that nobody’s failure', async () => {
    const clock = virtualClock();
    const breaker = circuitBreaker({ trip: consecutiveFailures({ failures: 1 }), openMs: 100, clock });
    await quiet(breaker.run(fail));
    clock.jump(100);
    const caller = new AbortController();
    const probe = quiet(breaker.run(() => new Promise(() => {}), { signal: caller.signal }));
    caller.abort('left');
    expect(await probe).toBe('left');
    expect(await breaker.run(async () => 'next probe')).toBe('next probe');
    expect(breaker.state).toBe('closed');
  });

  it('counts a timeout around it as a failure, though the wire hangs on', async () => {
    const clock = virtualClock();
    const breaker = circuitBreaker({ trip: consecutiveFailures({ failures: 1 }), clock });
    const call = pipe(fakeTransport({ aborts: 'ignore' }), breaker, timeout({ timeoutMs: 50, clock }));
    const answer = quiet(call('x'));
    await clock.advance(50);
    await answer;
    expect(breaker.state).toBe('open');
  });

  it('lets another probe through when one hangs for ever', async () => {
    const clock = virtualClock();
    const breaker = circuitBreaker({ trip: consecutiveFailures({ failures: 1 }), openMs: 100, clock });
    await quiet(breaker.run(fail));
    clock.jump(100);
    void breaker.run(() => new Promise(() => {}));
    expect(breaker.snapshot().retryAfterMs).toBe(100);
    clock.jump(100);
    expect(await breaker.run(async () => 'second')).toBe('second');
    expect(breaker.state).toBe('closed');
  });

  it('finds an outage after an hour of silence as fast as on the first day', async () => {
    const clock = virtualClock();
    const breaker = circuitBreaker({
      trip: failureRate({ windowMs: 5000, minimumCalls: 20, rate: 0.5 }),
      clock,
    });
    for (let call = 0; call < 500; call++) {
      await breaker.run(async () => call);
      clock.jump(10);
    }
    clock.jump(3_600_000);
    let failures = 0;
    while (breaker.state === 'closed') {
      await quiet(breaker.run(fail));
      failures++;
    }
    expect(failures).toBe(20);
  });

  it('passes through a thrown or rejected undefined as a failure', async () => {
    const breaker = circuitBreaker({ trip: consecutiveFailures({ failures: 1 }), clock: virtualClock() });
    // oxlint-disable-next-line prefer-promise-reject-errors
    await quiet(breaker.run(() => Promise.reject(undefined)));
    expect(breaker.state).toBe('open');
  });

  it('tells of each change and why', async () => {
    const clock = virtualClock();
    const events: ObserverEvent[] = [];
    const breaker = circuitBreaker({ trip, openMs: 10, clock, observer: (event) => events.push(event) });
    await quiet(breaker.run(fail));
    await quiet(breaker.run(fail));
    clock.jump(10);
    await breaker.run(async () => 1);
    expect(events.map(({ type, from, reason }) => [from, type, reason])).toEqual([
      ['closed', 'open', '2 failures in a row'],
      ['open', 'half-open', 'a probe is let through'],
      ['half-open', 'closed', 'the probe succeeded'],
    ]);
  });

  it.each([
    [{ openMs: 0 }, 'openMs'],
    [{ openMs: Number.NaN }, 'openMs'],
    [{ trip: {} as never }, 'trip'],
    [{ classify: 'x' as never }, 'classify'],
  ])('refuses %o', (options, name) => {
    expect(() => circuitBreaker(options)).toThrow(new RegExp(`circuitBreaker: ${name} must be`));
  });

  it.each([
    [() => consecutiveFailures({ failures: 0 }), 'failures'],
    [() => failureRate({ rate: 0 }), 'rate'],
    [() => failureRate({ rate: 1.1 }), 'rate'],
    [() => failureRate({ windowMs: 0 }), 'windowMs'],
    [() => failureRate({ minimumCalls: Number.NaN }), 'minimumCalls'],
  ])('refuses trip rules out of range', (make, name) => {
    expect(make).toThrow(new RegExp(`${name} must be`));
  });
});
