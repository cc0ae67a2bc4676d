import { AsyncLocalStorage } from 'node:async_hooks';
import {
  circuitBreaker,
  type Classify,
  consecutiveFailures,
  type ObserverEvent,
  pipe,
  timeout,
  type Transport,
} from 'evenkeel';
import { fallback } from 'evenkeel/policies';
import { fakeTransport, virtualClock } from 'evenkeel/testing';
import { describe, expect, expectTypeOf, it, vi } from 'vitest';

const boom = Object.assign(new Error('secret'), { code: 'E_BOOM' });
const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => ({ error }));
const fails = (error: unknown) => fakeTransport<string, number>({ answer: () => Promise.reject(error) });

describe('fallback', () => {
  it('answers with a value instead of an error, and leaves successes alone', async () => {
    const policy = fallback({ value: 'none' });
    const wire = fakeTransport<string, number>({ script: [7, boom] });
    const call = pipe(wire, policy);
    expect(await call('x')).toBe(7);
    expect(await call('x')).toBe('none');
    expect(policy.snapshot()).toEqual({ answered: 1, failed: 0 });
  });

  it('may answer with nothing at all', async () => {
    expect(await pipe(fails(boom), fallback({ value: undefined }))('x')).toBeUndefined();
    expect(await pipe(fails(undefined), fallback({ value: null }))('x')).toBeNull();
  });

  it('has the answer made from the error, the request and the context', async () => {
    const run = vi.fn(async (error: unknown, request: string, { attempt }: { attempt: number }) => [
      error,
      request,
      attempt,
    ]);
    expect(await pipe(fails(boom), fallback({ run }))('x')).toEqual([boom, 'x', 1]);
  });

  it('says in its type what else may be answered', () => {
    const call = pipe(fails(boom) as Transport<string, number>, fallback({ value: 'none' }));
    expectTypeOf(call).returns.resolves.toEqualTypeOf<number | string>();
    expectTypeOf(fallback({ run: async () => null }).run(async () => 5)).resolves.toEqualTypeOf<
      number | null
    >();
  });

  it('guards a single function too', async () => {
    expect(await fallback({ value: 0 }).run(() => Promise.reject(boom))).toBe(0);
  });

  it('masks an inner time limit and an open circuit, which retry-after or not are failures', async () => {
    const clock = virtualClock();
    const slow = pipe(
      () => new Promise<string>(() => {}),
      timeout({ timeoutMs: 10, clock }),
      fallback({ value: 'late', clock }),
    );
    const answer = slow(undefined);
    await clock.advance(10);
    expect(await answer).toBe('late');
    const breaker = circuitBreaker({ trip: consecutiveFailures({ failures: 1 }), clock });
    const broken = pipe(fails(boom), breaker, fallback({ value: 'open', clock }));
    expect([await broken('x'), await broken('x')]).toEqual(['open', 'open']);
    expect(breaker.snapshot().refused).toBe(1);
  });

  it('never answers for a caller’s own abort or time limit', async () => {
    const clock = virtualClock();
    const run = vi.fn(() => 'instead');
    const call = pipe(fakeTransport<string, string>(), fallback({ run, when: () => true, clock }));
    const caller = new AbortController();
    const left = quiet(call('x', { signal: caller.signal }));
    caller.abort('left');
    expect(await left).toEqual({ error: 'left' });
    const late = quiet(call('x', { timeoutMs: 10 }));
    await clock.advance(10);
    expect(await late).toMatchObject({ error: { name: 'TimeoutError' } });
    await clock.settle();
    expect(run).not.toHaveBeenCalled();
    expect(clock.pendingTimers).toBe(0);
  });

  it('rejects at once when its caller leaves while the answer is being made', async () => {
    const clock = virtualClock();
    const caller = new AbortController();
    const policy = fallback({ run: () => new Promise<never>(() => {}), clock });
    const answer = quiet(pipe(fails(boom), policy)('x', { signal: caller.signal }));
    await clock.settle();
    caller.abort('left');
    expect(await answer).toEqual({ error: 'left' });
  });

  it('does not mask a mistake of the program’s, nor what is said to be ignored', async () => {
    expect(await quiet(fallback({ value: 1 }).run((() => 42) as never))).toMatchObject({
      error: { code: 'EVENKEEL_OPTION' },
    });
    const ignored: Classify = () => 'ignored';
    expect(await quiet(pipe(fails(boom), fallback({ value: 1, classify: ignored }))('x'))).toEqual({
      error: boom,
    });
    expect(await pipe(async () => 'odd', fallback({ value: 1, classify: ignored }))(undefined)).toBe('odd');
  });

  it('answers instead of a response that was judged as bad, which it hands to run', async () => {
    const classify: Classify = (settled) =>
      settled.status === 'fulfilled' && settled.value === 503 ? 'overload' : 'success';
    const run = vi.fn((error: unknown) => error);
    const wire = fakeTransport<string, number>({ script: [503, 200] });
    const call = pipe(wire, fallback({ run, classify }));
    expect([await call('x'), await call('x')]).toEqual([503, 200]);
    expect(run).toHaveBeenCalledTimes(1);
    const untouched = fallback({ value: 0, classify, when: () => false });
    expect(await pipe(fakeTransport<string, number>({ script: [503] }), untouched)('x')).toBe(503);
  });

  it('asks when, with the outcome and the error', async () => {
    const when = vi.fn(
      (outcome: { kind: string }, error: unknown) => outcome.kind === 'failure' && error === boom,
    );
    const call = (error: unknown) => quiet(pipe(fails(error), fallback({ value: 'instead', when }))('x'));
    const busy = { retryAfterMs: 5 };
    expect(await call(boom)).toBe('instead');
    expect(await call(busy)).toEqual({ error: busy });
    expect(when.mock.calls[1]).toEqual([{ kind: 'overload', retryAfterMs: 5 }, busy]);
  });

  it.each([
    ['run', { run: () => Promise.reject(new Error('mine')) }],
    [
      'run, at once',
      {
        run: () => {
          throw new Error('mine');
        },
      },
    ],
    [
      'when',
      {
        value: 1,
        when: () => {
          throw new Error('mine');
        },
      },
    ],
  ])('rejects with what %s throws, as a catch block does', async (_, options) => {
    const policy = fallback<unknown>(options);
    expect(await quiet(pipe(fails(boom), policy)('x'))).toEqual({ error: new Error('mine') });
    expect(policy.snapshot()).toEqual({ answered: 0, failed: 1 });
  });

  it('tells the code of what it masks, and never its message', async () => {
    const events: ObserverEvent[] = [];
    const observer = (event: ObserverEvent) => events.push(event);
    const policy = fallback({ value: 0, observer, name: 'prices' });
    for (const error of [boom, new TypeError('secret'), 'secret', { name: 5 }, null])
      await pipe(fails(error), policy)('x');
    expect(events).toEqual(
      ['E_BOOM', 'TypeError', undefined, undefined, undefined].map((code) => ({
        room: 'fallback',
        type: 'answered',
        name: 'prices',
        kind: 'failure',
        code,
      })),
    );
  });

  it('makes the answer in its caller’s async context', async () => {
    const store = new AsyncLocalStorage<string>();
    const call = pipe(fails(boom), fallback({ run: async () => store.getStore() }));
    expect(await Promise.all(['A', 'B'].map((name) => store.run(name, () => call('x'))))).toEqual(['A', 'B']);
  });

  it.each([
    [{}, 'value'],
    [{ value: 1, run: () => 1 }, 'value'],
    [{ run: 5 }, 'run'],
    [{ value: 1, when: 5 }, 'when'],
    [{ value: 1, classify: 5 }, 'classify'],
  ])('refuses %o', (options, name) => {
    expect(() => fallback(options as never)).toThrow(new RegExp(`fallback: ${name} must be`));
  });
});
