import {
  circuitBreaker,
  type CircuitBreakerOptions,
  type CircuitBreakerState,
  consecutiveFailures,
  failureRate,
  isCircuitOpenError,
  type ObserverEvent,
  pipe,
  retry,
  slowCalls,
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

describe('half-open', () => {
  const never = () => new Promise<never>(() => {});

  function open(options: Partial<CircuitBreakerOptions>) {
    const clock = virtualClock();
    const wire = fakeTransport<string, string>();
    const breaker = circuitBreaker({
      trip: consecutiveFailures({ failures: 1 }),
      openMs: 100,
      clock,
      ...options,
    });
    return { clock, wire, breaker, call: pipe(wire, breaker) };
  }

  async function halfOpen(options: Partial<CircuitBreakerOptions>) {
    const made = open(options);
    await quiet(made.breaker.run(fail));
    made.clock.jump(100);
    return made;
  }

  it('lets as many probes through as it is told, and closes when enough of them have succeeded', async () => {
    const { clock, wire, breaker, call } = await halfOpen({ probes: 3, successes: 2 });
    const answers = ['a', 'b', 'c', 'd'].map((name) => quiet(call(name)));
    expect(wire.requests).toEqual(['a', 'b', 'c']);
    expect(await answers[3]).toSatisfy(isCircuitOpenError);
    wire.next().resolve('A');
    await clock.settle();
    expect(breaker.state).toBe('half-open');
    wire.next().reject(boom);
    await clock.settle();
    expect(breaker.state).toBe('half-open');
    wire.next().resolve('C');
    await clock.settle();
    expect(breaker.state).toBe('closed');
  });

  it('opens again as soon as too many of them have failed, and what the others bring is late news', async () => {
    const { clock, wire, breaker, call } = await halfOpen({ probes: 3, successes: 2 });
    const answers = ['a', 'b', 'c'].map((name) => quiet(call(name)));
    wire.next().reject(boom);
    wire.next().reject(boom);
    await clock.settle();
    expect(breaker.state).toBe('open');
    clock.jump(100);
    wire.next().resolve('late');
    await Promise.all(answers);
    expect(breaker.state).toBe('half-open');
  });

  it('lets callers wait for what the probe finds out, as many as it is told, and for so long', async () => {
    const { clock, wire, breaker, call } = await halfOpen({ maxQueue: 2, queueTimeoutMs: 30 });
    const [probe, first, second, third] = ['probe', '1', '2', '3'].map((name) => quiet(call(name)));
    expect(await third).toSatisfy(isCircuitOpenError);
    expect(breaker.snapshot()).toMatchObject({ waiting: 2, refused: 1 });
    expect(wire.requests).toEqual(['probe']);
    wire.next().resolve('well');
    await clock.settle();
    expect(wire.requests).toEqual(['probe', '1', '2']);
    wire.next().resolve('one');
    wire.next().resolve('two');
    expect(await Promise.all([probe, first, second])).toEqual(['well', 'one', 'two']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('refuses who has waited when the probe fails, and who has waited too long', async () => {
    const { clock, wire, call } = await halfOpen({ maxQueue: 2, queueTimeoutMs: 30 });
    const [probe, late] = [quiet(call('probe')), quiet(call('late'))];
    await clock.advance(20);
    const waiting = quiet(call('waiting'));
    await clock.advance(10);
    expect(await late).toSatisfy(isCircuitOpenError);
    wire.next().reject(boom);
    expect(await probe).toBe(boom);
    expect(await waiting).toMatchObject({ code: 'EVENKEEL_CIRCUIT_OPEN', retryAfterMs: 100 });
    expect(wire.requests).toEqual(['probe']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('makes a probe of one who waits when the probe’s caller leaves', async () => {
    const { clock, wire, breaker, call } = await halfOpen({ maxQueue: 1 });
    const controller = new AbortController();
    const probe = quiet(call('probe', { signal: controller.signal }));
    const waiting = quiet(call('waiting'));
    controller.abort(new Error('left'));
    await clock.settle();
    expect(await probe).toEqual(new Error('left'));
    expect(wire.requests).toEqual(['probe', 'waiting']);
    wire.next().resolve('well');
    expect(await waiting).toBe('well');
    expect(breaker.state).toBe('closed');
  });

  it('lets who waits leave at once, and leaves nothing of it behind', async () => {
    const { clock, breaker, call } = await halfOpen({ maxQueue: 1 });
    void quiet(call('probe'));
    const controller = new AbortController();
    const waiting = quiet(call('waiting', { signal: controller.signal }));
    controller.abort('gone');
    expect(await waiting).toBe('gone');
    expect(breaker.snapshot().waiting).toBe(0);
    expect(clock.pendingTimers).toBe(0);
  });

  it('gives up probes that hang, and asks others', async () => {
    const { clock, breaker } = await halfOpen({ probes: 2 });
    void breaker.run(never);
    void breaker.run(never);
    expect(await quiet(breaker.run(async () => 1))).toSatisfy(isCircuitOpenError);
    clock.jump(100);
    await Promise.all([breaker.run(async () => 1), breaker.run(async () => 2)]);
    expect(breaker.state).toBe('closed');
  });
});

describe('the time it stays open', () => {
  it('grows with every opening in a row, up to maxOpenMs, and begins anew once it has closed', async () => {
    const clock = virtualClock();
    const breaker = circuitBreaker({
      trip: consecutiveFailures({ failures: 1 }),
      openMs: 100,
      maxOpenMs: 300,
      random: () => 1 - Number.EPSILON,
      clock,
    });
    const lengths: number[] = [];
    for (let n = 0; n < 4; n++) {
      await quiet(breaker.run(fail));
      lengths.push(Math.round(breaker.snapshot().retryAfterMs));
      await clock.advance(300);
    }
    expect(lengths).toEqual([100, 200, 300, 300]);
    await breaker.run(async () => 'well');
    await quiet(breaker.run(fail));
    expect(breaker.snapshot().retryAfterMs).toBe(100);
  });

  it('is as long as the server asks, up to maxOpenMs', async () => {
    const clock = virtualClock();
    const trip = failureRate({ windowCalls: 1, rate: 1 });
    const busy = (retryAfterMs: number) => Object.assign(new Error('busy'), { retryAfterMs });
    const length = async (hintMs: number) => {
      const breaker = circuitBreaker({ trip, openMs: 100, maxOpenMs: 5000, clock });
      await quiet(breaker.run(() => Promise.reject(busy(hintMs))));
      return breaker.snapshot().retryAfterMs;
    };
    expect([await length(0), await length(2000), await length(60_000)]).toEqual([100, 2000, 5000]);
  });
});

describe('by hand', () => {
  it('is held open by one or many, and goes on where it was when the last lets go', async () => {
    const clock = virtualClock();
    const breaker = circuitBreaker({ trip, clock });
    const [one, other] = [breaker.isolate(), breaker.isolate()];
    expect(breaker.state).toBe('open');
    const refused = await quiet(breaker.run(async () => 1));
    expect(refused).toMatchObject({ code: 'EVENKEEL_CIRCUIT_OPEN', retryAfterMs: Infinity });
    expect(String(refused)).not.toContain('Infinity');
    expect(breaker.snapshot()).toMatchObject({ isolated: true, state: 'open', retryAfterMs: Infinity });
    one();
    one();
    expect(breaker.snapshot().isolated).toBe(true);
    other();
    expect(breaker.state).toBe('closed');
    expect(await breaker.run(async () => 1)).toBe(1);
  });

  it('is closed at once, and nothing counted before counts any more', async () => {
    const clock = virtualClock();
    const breaker = circuitBreaker({ trip, clock });
    await quiet(breaker.run(fail));
    await quiet(breaker.run(fail));
    breaker.reset();
    expect(breaker.state).toBe('closed');
    await quiet(breaker.run(fail));
    expect(breaker.state).toBe('closed');
  });

  it('makes a retry give up at once, not wait', async () => {
    const clock = virtualClock();
    const breaker = circuitBreaker({ trip, clock });
    breaker.isolate();
    const call = pipe(async (n: number) => n, breaker, retry({ maxAttempts: 5, clock }));
    expect(await quiet(call(1))).toSatisfy(isCircuitOpenError);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('its state', () => {
  it('goes over to another process: open for as long as was left, however long the way took', async () => {
    const clock = virtualClock();
    const breaker = circuitBreaker({ trip, openMs: 1000, clock });
    await quiet(breaker.run(fail));
    await quiet(breaker.run(fail));
    await clock.advance(300);
    const state = JSON.parse(JSON.stringify(breaker.export())) as CircuitBreakerState;
    expect(state).toEqual({ state: 'open', remainingMs: 700, row: 1 });
    const later = virtualClock();
    const other = circuitBreaker({ trip, openMs: 1000, clock: later });
    other.hydrate(state, 200);
    expect(other.snapshot()).toMatchObject({ state: 'open', retryAfterMs: 500 });
    later.jump(500);
    expect(await other.run(async () => 'well')).toBe('well');
    expect(other.state).toBe('closed');
  });

  it.each([
    { state: 'ajar', remainingMs: 0, row: 0 },
    { state: 'open', remainingMs: Number.NaN, row: 0 },
    { state: 'open', remainingMs: 5, row: -1 },
  ])('is refused if it is none: %j', (state) => {
    expect(() => circuitBreaker().hydrate(state as CircuitBreakerState)).toThrow(/circuitBreaker.hydrate: /);
  });

  it.each([
    [{ probes: 0 }, 'probes'],
    [{ probes: 2, successes: 3 }, 'successes'],
    [{ openMs: 100, maxOpenMs: 50 }, 'maxOpenMs'],
    [{ maxQueue: -1 }, 'maxQueue'],
    [{ queueTimeoutMs: Number.NaN }, 'queueTimeoutMs'],
    [{ openMs: Infinity, maxOpenMs: 5 }, 'maxOpenMs'],
  ])('refuses %o', (options, name) => {
    expect(() => circuitBreaker(options)).toThrow(new RegExp(`circuitBreaker: ${name} must be`));
  });
});

describe('a change of options', () => {
  it('keeps what was counted by a rule that stays, and begins anew with another one', async () => {
    const clock = virtualClock();
    const breaker = circuitBreaker({ trip, clock });
    await quiet(breaker.run(fail));
    breaker.reconfigure({ openMs: 500 });
    await quiet(breaker.run(fail));
    expect(breaker.snapshot()).toMatchObject({ state: 'open', retryAfterMs: 500 });
    breaker.reset();
    await quiet(breaker.run(fail));
    breaker.reconfigure({ trip: consecutiveFailures({ failures: 2 }) });
    await quiet(breaker.run(fail));
    expect(breaker.state).toBe('closed');
  });

  it('takes calls that began under another rule for late news: nobody knows how long they took', async () => {
    const clock = virtualClock();
    const breaker = circuitBreaker({ clock });
    let answer: () => void = () => {};
    const call = breaker.run(() => new Promise<void>((resolve) => (answer = resolve)));
    breaker.reconfigure({ trip: slowCalls({ slowMs: 100, windowCalls: 1 }) });
    answer();
    await call;
    expect(breaker.state).toBe('closed');
  });
});

it('lets go of those who wait for a probe when somebody isolates it', async () => {
  const clock = virtualClock();
  const breaker = circuitBreaker({
    trip: consecutiveFailures({ failures: 1 }),
    openMs: 100,
    maxQueue: 1,
    clock,
  });
  await quiet(breaker.run(fail));
  clock.jump(100);
  void breaker.run(() => new Promise(() => {}));
  const waiting = quiet(breaker.run(async () => 1));
  breaker.isolate();
  expect(await waiting).toMatchObject({ code: 'EVENKEEL_CIRCUIT_OPEN', retryAfterMs: Infinity });
  expect(clock.pendingTimers).toBe(0);
});
