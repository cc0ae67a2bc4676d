import { getEventListeners } from 'node:events';
import {
  isTimeoutError,
  type ObserverEvent,
  pipe,
  retry,
  retryBudget,
  timeout,
  type Transport,
} from 'evenkeel';
import { fakeTransport, seededRandom, virtualClock } from 'evenkeel/testing';
import { describe, expect, it, vi } from 'vitest';

const boom = new Error('boom');
const kit = () => ({ clock: virtualClock(), random: () => 0.5 });
const outcome = async (promise: Promise<unknown>) => promise.catch((error: unknown) => ({ error }));

describe('retry', () => {
  it('runs the front page’s test', async () => {
    const clock = virtualClock();
    const wire = fakeTransport<string, number>();
    const answer = pipe(wire, retry({ maxAttempts: 2, clock, random: seededRandom(1) }))('ping');
    wire.next().reject(new Error('boom'));
    await clock.advance(1_000);
    wire.next().resolve(42);
    expect(await answer).toBe(42);
  });

  it('waits a jittered, doubling time, capped, before each further attempt', async () => {
    const { clock } = kit();
    const attempts: [number, number][] = [];
    const run = retry({ maxAttempts: 6, baseDelayMs: 100, maxDelayMs: 500, clock, random: () => 0.5 }).run(
      async ({ attempt }) => {
        attempts.push([attempt, clock.now() - 1_000_000]);
        throw boom;
      },
    );
    const seen = outcome(run);
    await clock.advance(10_000);
    expect(await seen).toEqual({ error: boom });
    expect(attempts).toEqual([
      [1, 0],
      [2, 50],
      [3, 150],
      [4, 350],
      [5, 600],
      [6, 850],
    ]);
  });

  it('rejects with the last attempt’s own error, untouched', async () => {
    const { clock, random } = kit();
    const errors = [new Error('first'), new Error('last')];
    const wire = fakeTransport({ script: errors });
    const answer = outcome(pipe(wire, retry({ maxAttempts: 2, clock, random }))('x'));
    await clock.advance(1000);
    expect(await answer).toEqual({ error: errors[1] });
  });

  it('rejects at once when its caller leaves during the backoff, and calls nobody again', async () => {
    const { clock, random } = kit();
    const wire = fakeTransport({ answer: () => Promise.reject(boom) });
    const caller = new AbortController();
    const answer = outcome(pipe(wire, retry({ clock, random }))('x', { signal: caller.signal }));
    await clock.settle();
    expect(clock.pendingTimers).toBe(1);
    caller.abort('left');
    expect(await answer).toEqual({ error: 'left' });
    await clock.advance(60_000);
    expect(wire.requests).toHaveLength(1);
    expect(clock.pendingTimers).toBe(0);
    expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0);
  });

  it('gives up at once when the backoff would pass the deadline', async () => {
    const { clock } = kit();
    const wire = fakeTransport({ answer: () => Promise.reject(boom) });
    const call = pipe(
      wire,
      retry({ baseDelayMs: 400, clock, random: () => 0.99 }),
      timeout({ timeoutMs: 300, clock }),
    );
    expect(await outcome(call('x'))).toEqual({ error: boom });
    expect(wire.requests).toHaveLength(1);
  });

  it('retries an attempt that timed out, within the time of the whole call', async () => {
    const { clock, random } = kit();
    const wire = fakeTransport<string, string>({ aborts: 'ignore' });
    const call = pipe(
      wire,
      timeout({ timeoutMs: 100, clock }),
      retry({ maxAttempts: 9, baseDelayMs: 10, clock, random }),
      timeout({ timeoutMs: 250, clock }),
    );
    const answer = outcome(call('x'));
    await clock.advance(1000);
    const { error } = (await answer) as { error: unknown };
    expect(isTimeoutError(error)).toBe(true);
    expect(error).toMatchObject({ timeoutMs: 250 });
    expect(wire.requests).toHaveLength(3);
    expect(clock.pendingTimers).toBe(0);
  });

  it.each([
    ['a POST', { method: 'POST' }, boom, 1],
    [
      'a POST that never left',
      { method: 'POST' },
      Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } }),
      3,
    ],
    [
      'a POST that was reset',
      { method: 'POST' },
      Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNRESET' } }),
      1,
    ],
    ['a POST with an idempotency key', { method: 'POST', idempotencyKey: 'k' }, boom, 3],
    ['a POST that is said to be idempotent', { method: 'post', idempotent: true }, boom, 3],
    ['a GET that is said not to be', { method: 'GET', idempotent: false }, boom, 1],
    ['a PUT', { method: 'PUT' }, boom, 3],
    ['a PUT of a stream', { method: 'PUT', body: new ReadableStream() }, boom, 1],
    ['a call without a method', {}, boom, 3],
    ['a PURGE', { method: 'PURGE' }, boom, 1],
    ['a remote procedure call', { method: 'eth_call' }, boom, 3],
    ['another one', { method: 'getUser' }, boom, 3],
    [
      'a POST whose connect timed out',
      { method: 'POST' },
      Object.assign(new Error('x'), { code: 'ETIMEDOUT', syscall: 'connect' }),
      3,
    ],
    [
      'a POST whose outcome is UNCERTAIN',
      { method: 'POST' },
      Object.assign(new Error('x'), { code: 'UNCERTAIN' }),
      1,
    ],
  ])('sends %s again only if it may', async (_, options, error, attempts) => {
    const { clock, random } = kit();
    const wire = vi.fn(() => Promise.reject(error)) as unknown as Transport<string, string, RequestInit>;
    const answer = outcome(pipe(wire, retry({ clock, random }))('x', options));
    await clock.advance(10_000);
    expect(await answer).toEqual({ error });
    expect(wire).toHaveBeenCalledTimes(attempts);
  });

  it('is not broken by a discard that throws', async () => {
    const { clock, random } = kit();
    const wire = fakeTransport<string, number>();
    const classify = (settled: PromiseSettledResult<unknown>) =>
      settled.status === 'fulfilled' && settled.value === 200 ? 'success' : 'failure';
    const discard = () => {
      throw new Error('tidying up');
    };
    const answer = pipe(wire, retry({ classify, discard, clock, random }))('x');
    wire.next().resolve(503);
    await clock.advance(1000);
    wire.next().resolve(200);
    expect(await answer).toBe(200);
  });

  it('judges responses by classify, discards what it replaces, and resolves with the last', async () => {
    const { clock, random } = kit();
    const wire = fakeTransport<string, number>({ script: [503, 503, 503] });
    const discard = vi.fn();
    const classify = (settled: PromiseSettledResult<unknown>) =>
      settled.status === 'fulfilled' && settled.value === 503 ? 'failure' : 'success';
    const answer = pipe(wire, retry({ classify, discard, clock, random }))('x');
    await clock.advance(1000);
    expect(await answer).toBe(503);
    expect(discard.mock.calls).toEqual([[503], [503]]);
  });

  it('takes the verdict of an inner layer over its own', async () => {
    const { clock, random } = kit();
    const wire = fakeTransport<string, number>({ script: [1, 2, 3] });
    const inner = retry({
      maxAttempts: 1,
      classify: (s) => (s.status === 'fulfilled' && s.value === 3 ? 'success' : 'failure'),
    });
    const answer = pipe(wire, inner, retry({ classify: () => 'success', clock, random }))('x');
    await clock.advance(1000);
    expect(await answer).toBe(3);
  });

  it('counts a classifier that throws as a failed attempt', async () => {
    const { clock, random } = kit();
    const wire = fakeTransport<string, number>({ script: [1, 2] });
    let calls = 0;
    const classify = () => {
      if (++calls === 1) throw new Error('bad classifier');
      return 'success' as const;
    };
    const answer = pipe(wire, retry({ classify, clock, random }))('x');
    await clock.advance(1000);
    expect(await answer).toBe(2);
  });

  it('waits as long as it was asked to, and gives up when that is too long', async () => {
    const { clock, random } = kit();
    const busy = Object.assign(new Error('busy'), { retryAfterMs: 700 });
    const wire = fakeTransport<string, number>({ script: [busy, 1] });
    const answer = pipe(wire, retry({ maxDelayMs: 1000, clock, random }))('x');
    await clock.advance(699);
    expect(wire.requests).toHaveLength(1);
    await clock.advance(1);
    expect(await answer).toBe(1);

    const long = Object.assign(new Error('busy'), { retryAfterMs: 60_000 });
    const other = fakeTransport({ script: [long] });
    expect(await outcome(pipe(other, retry({ maxDelayMs: 1000, clock, random }))('x'))).toEqual({
      error: long,
    });
  });

  it('is held by its budget: a fifth of the calls, and ten a second', async () => {
    const { clock, random } = kit();
    const policy = retry({ maxAttempts: 2, baseDelayMs: 1, clock, random });
    const wire = fakeTransport({ answer: () => Promise.reject(boom) });
    const call = pipe(wire, policy);
    const answers = Array.from({ length: 1000 }, () => outcome(call('x')));
    await clock.advance(100);
    await Promise.all(answers);
    // 1000 calls in one window of 10 s: 100 in reserve, and 0.2 of those stamped so far at each withdrawal.
    expect(policy.snapshot().retries).toBeLessThanOrEqual(300);
    expect(policy.snapshot().retries).toBeGreaterThanOrEqual(290);
    expect(policy.snapshot().budget).toBeLessThan(1);
    await clock.advance(20_000);
    expect(policy.snapshot().budget).toBe(100);
  });

  it('shares a budget it is given', async () => {
    const { clock, random } = kit();
    const budget = retryBudget({ ratio: 0, reservePerSecond: 0.1, windowMs: 10_000 });
    const calls = [1, 2].map(() => retry({ budget, clock, random }).run(() => Promise.reject(boom)));
    const answers = Promise.allSettled(calls);
    await clock.advance(1000);
    await answers;
    expect(budget.balance(clock.now())).toBe(0);
  });

  it('tells why it stops', async () => {
    const { clock, random } = kit();
    const events: ObserverEvent[] = [];
    const run = retry({
      maxAttempts: 2,
      clock,
      random,
      observer: (event) => events.push(event),
      name: 'users',
    }).run(() => Promise.reject(boom));
    const answer = outcome(run);
    await clock.advance(1000);
    await answer;
    expect(events).toMatchObject([
      { room: 'retry', type: 'retrying', name: 'users', attempt: 2, delayMs: 25 },
      { room: 'retry', type: 'gave-up', reason: 'attempts', attempts: 2 },
    ]);
  });

  it('does not repeat a mistake of the program’s: a function that returns no promise', async () => {
    const wrong = vi.fn(() => 42);
    const answer = outcome(retry({ clock: virtualClock() }).run(wrong as never));
    expect(await answer).toMatchObject({ error: { code: 'EVENKEEL_OPTION' } });
    expect(wrong).toHaveBeenCalledTimes(1);
  });

  it('is not broken by an observer that throws', async () => {
    const { clock, random } = kit();
    const observer = () => {
      throw new Error('observer');
    };
    const answer = outcome(
      retry({ maxAttempts: 1, clock, random, observer }).run(() => Promise.reject(boom)),
    );
    expect(await answer).toEqual({ error: boom });
  });

  it.each([
    [{ maxAttempts: 0 }, 'maxAttempts'],
    [{ maxAttempts: 1.5 }, 'maxAttempts'],
    [{ maxAttempts: Number.NaN }, 'maxAttempts'],
    [{ baseDelayMs: -1 }, 'baseDelayMs'],
    [{ maxDelayMs: Number.NaN }, 'maxDelayMs'],
    [{ classify: 5 as never }, 'classify'],
  ])('refuses %o', (options, name) => {
    expect(() => retry(options)).toThrow(new RegExp(`retry: ${name} must be`));
  });
});
