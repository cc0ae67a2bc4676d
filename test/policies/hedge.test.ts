import { AsyncLocalStorage } from 'node:async_hooks';
import { getEventListeners } from 'node:events';
import {
  balance,
  bulkhead,
  type Classify,
  healthTracker,
  isTimeoutError,
  type ObserverEvent,
  pipe,
  random as pickRandom,
  retry,
  retryBudget,
  timeout,
  type Transport,
} from 'evenkeel';
import { hedge, type HedgeOptions, isLostRaceError } from 'evenkeel/policies';
import { fakeTransport, seededRandom, type VirtualClock, virtualClock } from 'evenkeel/testing';
import { describe, expect, it, vi } from 'vitest';

const boom = new Error('boom');
const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => ({ error }));
const busy = Object.assign(new Error('busy'), { retryAfterMs: 0 });

function setup(options: HedgeOptions = {}) {
  const clock = virtualClock();
  const events: ObserverEvent[] = [];
  const policy = hedge({ delayMs: 10, clock, observer: (event) => events.push(event), ...options });
  const wire = fakeTransport<string, string>();
  return { clock, events, policy, wire, call: pipe(wire, policy) };
}

/** A server that answers after so many milliseconds, by attempt, and heeds its signal. */
const after = (clock: VirtualClock, ms: (attempt: number) => number | Error) => {
  const aborted: unknown[] = [];
  const send = ({ signal, attempt }: { signal: AbortSignal; attempt: number }) =>
    new Promise<number>((resolve, reject) => {
      const said = ms(attempt);
      if (said instanceof Error) {
        reject(said);
        return;
      }
      clock.setTimeout(() => resolve(attempt), said);
      signal.addEventListener('abort', () => {
        aborted.push(signal.reason);
        reject(signal.reason);
      });
    });
  return { send, aborted };
};

describe('hedge', () => {
  it('sends nothing again when the answer comes within the delay, and leaves nothing behind', async () => {
    const { clock, call, wire, policy } = setup();
    const caller = new AbortController();
    const answer = call('x', { signal: caller.signal });
    await clock.advance(9);
    expect(clock.pendingTimers).toBe(1);
    wire.next().resolve('first');
    expect(await answer).toBe('first');
    expect(clock.pendingTimers).toBe(0);
    expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0);
    await clock.advance(60_000);
    expect(wire.requests).toEqual(['x']);
    expect(policy.snapshot()).toMatchObject({ hedges: 0, won: 0, withheld: 0, delayMs: 10 });
  });

  it('sends the request again after the delay, takes the first answer and aborts the other', async () => {
    const { clock, policy, events } = setup();
    const { send, aborted } = after(clock, (attempt) => (attempt === 1 ? 1000 : 5));
    const answer = policy.run(send);
    await clock.advance(15);
    expect(await answer).toBe(2);
    expect(aborted).toHaveLength(1);
    expect(isLostRaceError(aborted[0])).toBe(true);
    expect(policy.snapshot()).toMatchObject({ hedges: 1, won: 1 });
    expect(events).toMatchObject([
      { room: 'hedge', type: 'hedging', attempt: 2, why: 'delay' },
      { room: 'hedge', type: 'won', attempt: 2 },
    ]);
  });

  it('lets the first attempt win too, and then aborts the hedge', async () => {
    const { clock, policy } = setup();
    const { send, aborted } = after(clock, (attempt) => (attempt === 1 ? 12 : 1000));
    const answer = policy.run(send);
    await clock.advance(12);
    expect(await answer).toBe(1);
    expect(aborted).toHaveLength(1);
    expect(policy.snapshot()).toMatchObject({ hedges: 1, won: 0 });
  });

  it('does not abort the signal of the winner, nor any signal of a call that nobody hedged', async () => {
    const { clock, policy } = setup();
    const signals: AbortSignal[] = [];
    const answer = policy.run(async ({ signal, attempt }) => {
      signals.push(signal);
      await new Promise<void>((resolve) => void clock.setTimeout(resolve, attempt === 1 ? 50 : 1));
      return attempt;
    });
    await clock.advance(100);
    expect(await answer).toBe(2);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
  });

  it('hedges at once when the first fails, without waiting for the delay', async () => {
    const { clock, policy, events } = setup({ delayMs: 1000 });
    const { send } = after(clock, (attempt) => (attempt === 1 ? boom : 5));
    const answer = policy.run(send);
    await clock.advance(5);
    expect(await answer).toBe(2);
    expect(events[0]).toMatchObject({ type: 'hedging', why: 'failure' });
    expect(clock.pendingTimers).toBe(0);
  });

  it('ends as the first attempt did when all fail', async () => {
    const { clock, call, wire } = setup({ maxHedges: 2 });
    const answer = quiet(call('x'));
    await clock.advance(20);
    expect(wire.requests).toHaveLength(3);
    const [first, second, third] = [wire.next(), wire.next(), wire.next()];
    third.reject(new Error('third'));
    second.reject(new Error('second'));
    await clock.settle();
    first.reject(boom);
    expect(await answer).toEqual({ error: boom });
  });

  it('waits for those that are out when one has failed and no hedge is left', async () => {
    const { clock, call, wire } = setup();
    const answer = call('x');
    await clock.advance(10);
    const first = wire.next();
    wire.next().reject(new Error('the hedge'));
    await clock.settle();
    first.resolve('late, but here');
    expect(await answer).toBe('late, but here');
    expect(wire.requests).toHaveLength(2);
  });

  it('makes so many hedges and no more, each after another delay', async () => {
    const { clock, call, wire } = setup({ maxHedges: 3 });
    const answer = quiet(call('x'));
    const seen = [];
    for (let ms = 0; ms < 60; ms += 10) {
      seen.push(wire.requests.length);
      await clock.advance(10);
    }
    expect(seen).toEqual([1, 2, 3, 4, 4, 4]);
    wire.next().resolve('done');
    await answer;
    expect(clock.pendingTimers).toBe(0);
  });

  it('with a delay of 0 sends all at once, with Infinity only after a failure', async () => {
    const all = setup({ delayMs: 0, maxHedges: 2 });
    void quiet(all.call('x'));
    expect(all.wire.requests).toHaveLength(3);
    expect(all.clock.pendingTimers).toBe(0);
    const none = setup({ delayMs: Infinity });
    const answer = none.call('x');
    await none.clock.advance(1e9);
    expect(none.wire.requests).toHaveLength(1);
    none.wire.next().reject(boom);
    await none.clock.settle();
    none.wire.next().resolve('second');
    expect(await answer).toBe('second');
  });

  it('never hedges with maxHedges 0', async () => {
    const { clock, call, wire } = setup({ maxHedges: 0 });
    const answer = quiet(call('x'));
    expect(clock.pendingTimers).toBe(0);
    wire.next().reject(boom);
    expect(await answer).toEqual({ error: boom });
    expect(wire.requests).toHaveLength(1);
  });

  it.each([
    ['a POST', { method: 'POST' }, 1],
    ['a POST with an idempotency key', { method: 'POST', idempotencyKey: 'k' }, 2],
    ['a POST that is said to be idempotent', { method: 'POST', idempotent: true }, 2],
    ['a GET that is said not to be', { method: 'GET', idempotent: false }, 1],
    ['a PUT', { method: 'PUT' }, 2],
    ['a PUT of a stream', { method: 'PUT', body: new ReadableStream() }, 1],
    ['a call without a method', {}, 2],
  ])('hedges %s only if it may act twice', async (_, options, attempts) => {
    const { clock, policy } = setup();
    const wire = vi.fn(
      () => new Promise<string>((resolve) => void clock.setTimeout(() => resolve('late'), 50)),
    );
    const call = pipe(wire as unknown as Transport<string, string, RequestInit>, policy);
    const answer = call('x', options);
    await clock.advance(50);
    expect(await answer).toBe('late');
    expect(wire).toHaveBeenCalledTimes(attempts);
  });

  it('hands every attempt the same idempotency key, and its number', async () => {
    const { clock, policy } = setup();
    const wire = fakeTransport<string, string>();
    const answer = pipe(wire, policy)('x', { idempotencyKey: 'k' });
    await clock.advance(10);
    const [first, second] = [wire.next(), wire.next()];
    expect(first.options).toMatchObject({ idempotencyKey: 'k', attempt: 1 });
    expect(second.options).toMatchObject({ idempotencyKey: 'k', attempt: 2 });
    second.resolve('ok');
    await answer;
  });

  describe('under abort', () => {
    it.each([0, 5, 10, 15])('rejects at once, %i ms into the call, and sends nothing more', async (ms) => {
      const { clock, call, wire } = setup({ maxHedges: 5 });
      const caller = new AbortController();
      const answer = quiet(call('x', { signal: caller.signal }));
      await clock.advance(ms);
      const sent = wire.requests.length;
      caller.abort('left');
      expect(await answer).toEqual({ error: 'left' });
      await clock.advance(60_000);
      expect(wire.requests).toHaveLength(sent);
      expect([clock.pendingTimers, wire.waiting]).toEqual([0, 0]);
      expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0);
    });

    it('sends nothing more when the caller leaves in the tick in which the delay has passed', async () => {
      const { clock, call, wire } = setup();
      const caller = new AbortController();
      const fire = vi.spyOn(clock, 'setTimeout');
      const answer = quiet(call('x', { signal: caller.signal }));
      const [passed] = fire.mock.calls[0] ?? [];
      passed?.();
      caller.abort('left');
      expect(await answer).toEqual({ error: 'left' });
      await clock.settle();
      expect(wire.requests).toHaveLength(1);
    });

    it('sends nothing more when the answer comes in the tick in which the delay has passed', async () => {
      for (let step = 0; step < 8; step++) {
        const { clock, call, wire } = setup();
        const fire = vi.spyOn(clock, 'setTimeout');
        const answer = call('x');
        wire.next().resolve('here');
        for (let at = 0; at < step; at++) await Promise.resolve();
        const [passed] = fire.mock.calls[0] ?? [];
        passed?.();
        expect(await answer).toBe('here');
        await clock.settle();
        expect(wire.waiting).toBe(0);
      }
    });

    it('ends within an outer time limit, and its attempts see the same error', async () => {
      const { clock, policy } = setup();
      const { send, aborted } = after(clock, () => 1000);
      const answer = quiet(pipe(send as never, policy, timeout({ timeoutMs: 20, clock }))(undefined));
      const run = quiet(policy.run(send, { timeoutMs: 20 }));
      await clock.advance(20);
      await answer;
      const { error } = (await run) as { error: unknown };
      expect(isTimeoutError(error)).toBe(true);
      expect(aborted).toEqual([error, error]);
    });

    it('discards the answers that nobody gets any more', async () => {
      const discard = vi.fn();
      const { clock, policy } = setup({ discard, classify: () => 'failure' });
      const wire = fakeTransport<string, string>({ aborts: 'ignore' });
      const caller = new AbortController();
      const answer = quiet(pipe(wire, policy)('x', { signal: caller.signal }));
      wire.next().resolve('bad');
      await clock.settle();
      caller.abort('left');
      await answer;
      wire.next().resolve('late');
      await clock.settle();
      expect(discard.mock.calls).toEqual([['bad'], ['late']]);
    });

    it('lets outer guards hold on until all of its attempts have ended', async () => {
      const { clock, policy } = setup();
      const wire = fakeTransport<string, string>({ aborts: 'ignore' });
      const room = bulkhead({ maxConcurrent: 1, clock });
      const caller = new AbortController();
      const answer = quiet(pipe(wire, policy, room)('x', { signal: caller.signal }));
      await clock.advance(10);
      caller.abort('left');
      expect(await answer).toEqual({ error: 'left' });
      wire.next().resolve('one');
      await clock.settle();
      expect(room.snapshot().running).toBe(1);
      wire.next().reject(boom);
      await clock.settle();
      expect(room.snapshot().running).toBe(0);
    });
  });

  it('hands a time limit and the deadline on to each attempt', async () => {
    const { clock, policy } = setup();
    const left: number[] = [];
    const answer = quiet(
      policy.run(
        (context) => {
          left.push(context.remainingMs());
          return new Promise(() => {});
        },
        { timeoutMs: 100 },
      ),
    );
    await clock.advance(100);
    await answer;
    expect(left).toEqual([100, 90]);
  });

  describe('its budget', () => {
    it('bounds the load it adds, to a tenth of the calls and one a second', async () => {
      const { clock, policy } = setup();
      const { send } = after(clock, () => 20);
      const answers = [];
      for (let call = 0; call < 1000; call++) {
        answers.push(policy.run(send));
        await clock.advance(1);
      }
      await clock.advance(100);
      await Promise.all(answers);
      const { hedges, withheld, budget } = policy.snapshot();
      expect(hedges).toBeLessThanOrEqual(110);
      expect(hedges).toBeGreaterThanOrEqual(95);
      expect(hedges + withheld).toBe(1000);
      expect(budget).toBe(0);
    });

    it('never fails a call when it is spent', async () => {
      const { clock, policy, events } = setup({
        budget: retryBudget({ ratio: 0, reservePerSecond: 0 }),
      });
      const { send } = after(clock, () => 50);
      const answer = policy.run(send);
      await clock.advance(50);
      expect(await answer).toBe(1);
      expect(events).toMatchObject([{ type: 'withheld', reason: 'budget', why: 'delay', attempt: 2 }]);
    });

    it('can be shared with a retry, and then counts a call once', async () => {
      const clock = virtualClock();
      const budget = retryBudget({ ratio: 1, reservePerSecond: 0 });
      const wire = fakeTransport({ answer: async () => 'ok' });
      const call = pipe(wire, hedge({ budget, clock }), retry({ budget, clock }));
      for (let n = 0; n < 7; n++) await call('x');
      expect(budget.balance(clock.now())).toBe(7);
    });
  });

  describe('under overload', () => {
    it('does not hedge what was refused, and for a while no other call', async () => {
      const { clock, policy, events } = setup({ overloadPauseMs: 500 });
      const seen: number[] = [];
      const refuse = async ({ attempt }: { attempt: number }) => {
        seen.push(attempt);
        throw busy;
      };
      expect(await quiet(policy.run(refuse))).toEqual({ error: busy });
      expect(seen).toEqual([1]);
      const { send } = after(clock, () => 50);
      const during = policy.run(send);
      await clock.advance(499);
      expect(await during).toBe(1);
      expect(events).toMatchObject([{ type: 'withheld', reason: 'overload' }]);
      const later = policy.run(send);
      await clock.advance(50);
      await later;
      expect(policy.snapshot()).toMatchObject({ hedges: 1, withheld: 1 });
    });

    it('stops hedging a call whose hedge was refused', async () => {
      const { clock, call, wire } = setup({ maxHedges: 5, overloadPauseMs: 0 });
      const answer = call('x');
      await clock.advance(10);
      const first = wire.next();
      wire.next().reject(busy);
      await clock.advance(100);
      expect(wire.requests).toHaveLength(2);
      expect(clock.pendingTimers).toBe(0);
      first.resolve('served');
      expect(await answer).toBe('served');
    });
  });

  describe('its verdicts', () => {
    const classify: Classify = (settled) =>
      settled.status === 'rejected' || settled.value === 503 ? 'failure' : 'success';

    it('are the classifier’s: a bad answer is followed by a hedge, and discarded', async () => {
      const discard = vi.fn();
      const clock = virtualClock();
      const wire = fakeTransport<string, number>({ script: [503, 200] });
      expect(await pipe(wire, hedge({ classify, discard, clock }))('x')).toBe(200);
      expect(discard.mock.calls).toEqual([[503]]);
    });

    it('let a call resolve with the first bad answer when all are bad', async () => {
      const clock = virtualClock();
      const discard = vi.fn();
      const first = { status: 503 };
      const wire = fakeTransport<string, object>({ script: [first, { status: 500 }] });
      const bad: Classify = () => 'failure';
      expect(await pipe(wire, hedge({ classify: bad, discard, clock }))('x')).toBe(first);
      expect(discard.mock.calls).toEqual([[{ status: 500 }]]);
    });

    it('count a classifier that throws as a failed attempt', async () => {
      const clock = virtualClock();
      const wire = fakeTransport<string, number>({ script: [1, 2] });
      let calls = 0;
      const broken: Classify = () => {
        if (++calls === 1) throw new Error('classifier');
        return 'success';
      };
      expect(await pipe(wire, hedge({ classify: broken, clock }))('x')).toBe(2);
    });

    it('of one attempt are never taken for another’s, and that of the winner is handed outwards', async () => {
      const clock = virtualClock();
      // Both answer with the same value; only the second is said to be bad, and it is judged in between.
      const wire = fakeTransport<string, number>();
      let verdict: 'success' | 'overload' = 'success';
      const inner = retry({ maxAttempts: 1, clock, classify: () => verdict });
      const outer = vi.fn(() => 'success' as const);
      const retried = retry({ maxAttempts: 2, baseDelayMs: 1, clock, classify: outer });
      const answer = pipe(wire, inner, hedge({ delayMs: 10, clock }), retried)('x');
      await clock.advance(10);
      const [first, second] = [wire.next(), wire.next()];
      verdict = 'overload';
      second.resolve(7);
      await clock.settle();
      verdict = 'success';
      first.resolve(7);
      expect(await answer).toBe(7);
      // The winner's verdict stands: the outer retry asked nobody, and did not try again.
      expect(outer).not.toHaveBeenCalled();
      expect(wire.requests).toHaveLength(2);
    });

    it('hand a bad verdict outwards as well', async () => {
      const clock = virtualClock();
      const wire = fakeTransport<string, number>({ script: [503, 503, 200] });
      const call = pipe(
        wire,
        hedge({ classify, clock, maxHedges: 1 }),
        retry({ baseDelayMs: 1, clock, classify: () => 'success' }),
      );
      const answer = call('x');
      await clock.advance(10);
      expect(await answer).toBe(200);
    });

    it('end the call where an attempt says nothing about its endpoint, as a mistake of the program’s does', async () => {
      const { policy } = setup();
      const wrong = vi.fn(() => 42);
      expect(await quiet(policy.run(wrong as never))).toMatchObject({ error: { code: 'EVENKEEL_OPTION' } });
      expect(wrong).toHaveBeenCalledTimes(1);
    });
  });

  describe('the losers', () => {
    it('are handled when they reject later, and discarded when they answer', async () => {
      const discard = vi.fn(() => {
        throw new Error('discard');
      });
      const { clock, policy } = setup({ maxHedges: 2, discard });
      const wire = fakeTransport<string, string>({ aborts: 'ignore' });
      const answer = pipe(wire, policy)('x');
      await clock.advance(20);
      const [first, second, third] = [wire.next(), wire.next(), wire.next()];
      second.resolve('won');
      expect(await answer).toBe('won');
      first.reject(new Error('late'));
      third.resolve('late');
      await clock.settle();
      expect(discard.mock.calls).toEqual([['late']]);
    });

    it('go to another endpoint than the winner, and are not held against theirs', async () => {
      const clock = virtualClock();
      const sent: string[] = [];
      const balanced = balance({
        endpoints: ['slow', 'fast'],
        health: healthTracker({ clock }),
        clock,
        random: seededRandom(3),
        send: (host: string, _: void, { signal }) => {
          sent.push(host);
          return new Promise<string>((resolve, reject) => {
            clock.setTimeout(() => resolve(host), host === 'slow' ? 1000 : 5);
            signal.addEventListener('abort', () => reject(signal.reason));
          });
        },
      });
      const call = pipe(balanced, hedge({ delayMs: 10, budget: 'unlimited', clock }));
      for (let n = 0; n < 20; n++) {
        const answer = call();
        await clock.advance(30);
        expect(await answer).toBe('fast');
      }
      expect(sent.filter((host) => host === 'slow').length).toBeGreaterThan(0);
      const pairs = sent.join(' ').split('slow fast').length - 1;
      expect(pairs).toBe(sent.filter((host) => host === 'slow').length);
      expect(balanced.endpoints().map(({ status, pending }) => [status, pending])).toEqual([
        ['healthy', 0],
        ['healthy', 0],
      ]);
    });

    it('leave their endpoint to the next attempt’s avoidance, whatever the picker', async () => {
      const clock = virtualClock();
      const sent: string[] = [];
      const balanced = balance({
        endpoints: ['a', 'b', 'c'],
        pick: pickRandom(),
        random: () => 0,
        clock,
        send: (host: string) => {
          sent.push(host);
          return new Promise<string>((resolve) => void clock.setTimeout(() => resolve(host), 100));
        },
      });
      const answer = pipe(balanced, hedge({ delayMs: 10, maxHedges: 2, clock }))();
      await clock.advance(100);
      await answer;
      expect(new Set(sent)).toEqual(new Set(['a', 'b', 'c']));
    });

    it('are known to a retry outside: it goes where none of them has been', async () => {
      const clock = virtualClock();
      const sent: string[] = [];
      const balanced = balance({
        endpoints: ['a', 'b', 'c'],
        clock,
        send: async (host: string) => {
          sent.push(host);
          throw boom;
        },
      });
      const answer = quiet(
        pipe(balanced, hedge({ clock }), retry({ maxAttempts: 2, baseDelayMs: 1, clock }))(),
      );
      await clock.advance(100);
      await answer;
      expect(new Set(sent.slice(0, 3)).size).toBe(3);
    });
  });

  describe('its delay', () => {
    it('can be asked of a function, once a call', async () => {
      const delayMs = vi.fn(() => 25);
      const { clock, call, wire } = setup({ delayMs, maxHedges: 2 });
      const answer = quiet(call('x'));
      await clock.advance(24);
      expect(wire.requests).toHaveLength(1);
      await clock.advance(1 + 25);
      expect(wire.requests).toHaveLength(3);
      expect(delayMs).toHaveBeenCalledTimes(1);
      wire.next().resolve('x');
      await answer;
    });

    it.each([
      ['answers with no time', () => Number.NaN, 'OptionError'],
      ['answers below 0', () => -1, 'OptionError'],
    ])('rejects the call and sends nothing when the function %s', async (_, delayMs, name) => {
      const { call, wire } = setup({ delayMs });
      expect(await quiet(call('x'))).toMatchObject({ error: { name } });
      expect(wire.requests).toHaveLength(0);
    });

    it('rejects the call with what the function throws', async () => {
      const { call, wire } = setup({
        delayMs: () => {
          throw boom;
        },
      });
      expect(await quiet(call('x'))).toEqual({ error: boom });
      expect(wire.requests).toHaveLength(0);
    });

    it('as a quantile hedges nobody until enough is known, then those that are later than most', async () => {
      const clock = virtualClock();
      const policy = hedge({
        delayMs: { quantile: 0.95, windowMs: 60_000, minimumCalls: 100 },
        budget: 'unlimited',
        clock,
      });
      // From 0 to 100 ms, evenly; a hedge takes as long as any other.
      const random = seededRandom(7);
      const { send } = after(clock, () => 100 * random());
      const run = async () => {
        const answer = policy.run(send);
        await clock.advance(200);
        await answer;
      };
      for (let call = 0; call < 99; call++) await run();
      expect(policy.snapshot()).toMatchObject({ hedges: 0, delayMs: undefined });
      for (let call = 0; call < 1001; call++) await run();
      const { hedges, delayMs } = policy.snapshot();
      expect(delayMs).toBeGreaterThan(90);
      expect(delayMs).toBeLessThan(98);
      // About one in twenty, though those that were hedged were never seen to their end.
      expect(hedges).toBeGreaterThanOrEqual(35);
      expect(hedges).toBeLessThanOrEqual(75);
    });

    it('as a quantile learns from attempts that ran out of time, not from those that failed fast', async () => {
      const clock = virtualClock();
      const policy = hedge({ delayMs: { quantile: 0.5, minimumCalls: 1 }, maxHedges: 0, clock });
      await quiet(policy.run(() => Promise.reject(boom)));
      expect(policy.snapshot().delayMs).toBeUndefined();
      const hang = (): Promise<never> => new Promise(() => {});
      const answer = quiet(policy.run(hang, { timeoutMs: 80 }));
      await clock.advance(80);
      await answer;
      expect(policy.snapshot().delayMs).toBeCloseTo(80, -1);
      const inside = quiet(pipe(hang as never, timeout({ timeoutMs: 80, clock }), policy)(0));
      await clock.advance(80);
      await inside;
      expect(policy.snapshot().delayMs).toBeCloseTo(80, -1);
    });

    it('as a quantile learns from first attempts that were overtaken: they took that long, or longer', async () => {
      const clock = virtualClock();
      const policy = hedge({ delayMs: { quantile: 1, minimumCalls: 1 }, clock });
      const { send } = after(clock, () => 10);
      const first = policy.run(send);
      await clock.advance(10);
      await first;
      expect(policy.snapshot().delayMs).toBeCloseTo(10, 0);
      const slow = after(clock, (attempt) => (attempt === 1 ? 1000 : 30));
      const second = policy.run(slow.send);
      await clock.advance(100);
      expect(await second).toBe(2);
      expect(policy.snapshot().delayMs).toBeGreaterThan(38);
      expect(policy.snapshot().delayMs).toBeLessThan(42);
    });

    it('is never below a millisecond, however fast the calls', async () => {
      const clock = virtualClock();
      const policy = hedge({ delayMs: { quantile: 0.95, minimumCalls: 1 }, clock });
      await policy.run(async () => 'at once');
      let calls = 0;
      const answer = policy.run(() => {
        calls++;
        return new Promise<string>((resolve) => void clock.setTimeout(() => resolve('x'), 0.9));
      });
      await clock.advance(0.9);
      await answer;
      expect(calls).toBe(1);
    });
  });

  it('runs a hedge in its own caller’s async context', async () => {
    const store = new AsyncLocalStorage<string>();
    const { clock, policy } = setup();
    const seen: (string | undefined)[] = [];
    const answers = ['A', 'B'].map((name) =>
      store.run(name, () =>
        policy.run(async ({ attempt }) => {
          seen.push(store.getStore());
          await new Promise<void>((resolve) => void clock.setTimeout(resolve, attempt === 1 ? 100 : 1));
        }),
      ),
    );
    await clock.advance(100);
    await Promise.all(answers);
    expect(seen).toEqual(['A', 'B', 'A', 'B']);
  });

  it('shares nothing between instances, and schedules nothing while idle', async () => {
    const one = setup();
    const two = setup();
    void quiet(one.call('x'));
    await one.clock.advance(10);
    expect(one.policy.snapshot().hedges).toBe(1);
    expect(two.policy.snapshot().hedges).toBe(0);
    expect(two.clock.pendingTimers).toBe(0);
  });

  it('is not broken by a clock that jumps or a listener that throws', async () => {
    const clock = virtualClock();
    const policy = hedge({
      delayMs: { quantile: 0.5, minimumCalls: 1 },
      clock,
      observer: () => {
        throw new Error('listener');
      },
    });
    for (const jumpMs of [-500_000, 5_000_000, -1]) {
      const answer = policy.run(async ({ attempt }) => {
        if (attempt === 1) throw boom;
        return attempt;
      });
      clock.jump(jumpMs);
      expect(await answer).toBe(2);
    }
  });

  it.each([
    [{ delayMs: -1 }, 'delayMs'],
    [{ delayMs: Number.NaN }, 'delayMs'],
    [{ delayMs: '5' as never }, 'delayMs'],
    [{ delayMs: { quantile: 1.5 } }, 'delayMs.quantile'],
    [{ delayMs: { quantile: Number.NaN } }, 'delayMs.quantile'],
    [{ delayMs: { quantile: 0.5, windowMs: 0 } }, 'delayMs.windowMs'],
    [{ delayMs: { quantile: 0.5, minimumCalls: 0 } }, 'delayMs.minimumCalls'],
    [{ maxHedges: -1 }, 'maxHedges'],
    [{ maxHedges: Number.NaN }, 'maxHedges'],
    [{ overloadPauseMs: -1 }, 'overloadPauseMs'],
    [{ overloadPauseMs: Number.NaN }, 'overloadPauseMs'],
    [{ classify: 5 as never }, 'classify'],
    [{ discard: 5 as never }, 'discard'],
    [{ budget: 5 as never }, 'budget'],
  ])('refuses %o', (options, name) => {
    expect(() => hedge(options as HedgeOptions)).toThrow(new RegExp(`hedge: ${name} must be`));
  });
});

describe('a hedge that only observes', () => {
  it('withholds what it would have withheld: after an overload, and when its budget is spent', async () => {
    const clock = virtualClock();
    const told: string[] = [];
    const policy = hedge({
      delayMs: 10,
      mode: 'observe',
      budget: retryBudget({ ratio: 0, reservePerSecond: 0.1 }),
      clock,
      observer: ({ type, reason }) => void told.push(`${type} ${String(reason)}`),
    });
    const slow = async (error?: Error) => {
      const call = policy
        .run(
          () =>
            new Promise<void>((resolve, reject) => {
              clock.setTimeout(() => (error === undefined ? resolve() : reject(error)), 50);
            }),
        )
        .catch(() => {});
      await clock.advance(50);
      await call;
    };
    await slow();
    await slow();
    await slow(Object.assign(new Error('busy'), { retryAfterMs: 0 }));
    expect(told).toEqual(['would-hedge undefined', 'withheld budget', 'withheld overload']);
    expect(policy.snapshot()).toMatchObject({ hedges: 1, withheld: 2, won: 0 });
    expect(clock.pendingTimers).toBe(0);
  });
});
