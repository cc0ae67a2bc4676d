import {
  aimd,
  anyOf,
  type CallContext,
  type CallOptions,
  type Classify,
  circuitBreaker,
  consecutiveFailures,
  failureRate,
  isBulkheadFullError,
  isCircuitOpenError,
  isOptionError,
  isTimeoutError,
  type ObserverEvent,
  pipe,
  resilient,
  type ResilientOptions,
} from 'evenkeel';
import { fakeTransport, virtualClock } from 'evenkeel/testing';
import { describe, expect, expectTypeOf, it } from 'vitest';

const boom = new Error('boom');
const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

function setup<T = never>(options: ResilientOptions<T> = {}) {
  const clock = virtualClock();
  const events: ObserverEvent[] = [];
  const guard = resilient<T>({
    clock,
    random: () => 0.5,
    observer: (event) => void events.push(event),
    name: 'users',
    ...options,
  });
  return { clock, events, guard, rooms: () => events.map(({ room, type }) => `${room} ${type}`) };
}

describe('resilient', () => {
  it('tries again what failed and what hung, within the time of the whole call', async () => {
    const { clock, guard } = setup({ timeoutMs: 900 });
    const attempts: [number, number][] = [];
    const answer = guard.run((context) => {
      const { attempt } = context;
      attempts.push([attempt, context.remainingMs()]);
      if (attempt === 1) return Promise.reject(boom);
      return attempt === 2 ? new Promise(() => {}) : Promise.resolve('third');
    });
    await clock.advance(1000);
    expect(await answer).toBe('third');
    expect(attempts).toEqual([
      [1, 300],
      [2, 300],
      [3, 300],
    ]);
    expect(guard.snapshot()).toMatchObject({
      attemptTimeout: { timeouts: 1 },
      timeout: { timeouts: 0 },
      retry: { retries: 2 },
      adaptiveLimit: { running: 0 },
      circuitBreaker: undefined,
      bulkhead: undefined,
      hedge: undefined,
      fallback: undefined,
    });
    expect(clock.pendingTimers).toBe(0);
  });

  it('ends the call with its own limit when attempts and waits together take too long', async () => {
    const { clock, guard } = setup({ timeoutMs: 100, attemptTimeoutMs: 80 });
    const answer = quiet(guard.run(() => new Promise(() => {})));
    await clock.advance(100);
    expect(await answer).toSatisfy(isTimeoutError);
    expect(await answer).toMatchObject({ timeoutMs: 80 });
  });

  it('opens the breaker by what attempts did, hung ones too, and never by what was refused here', async () => {
    const { clock, guard } = setup({
      maxAttempts: 1,
      timeoutMs: 50,
      bulkhead: { maxConcurrent: 5 },
      circuitBreaker: {},
      adaptiveLimit: { maxQueue: 0, algorithm: aimd({ initialLimit: 100 }) },
    });
    const hang = ({ signal }: CallContext): Promise<never> =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    const hung = Array.from({ length: 30 }, () => quiet(guard.run(hang)));
    await clock.settle();
    expect(guard.snapshot()).toMatchObject({
      bulkhead: { refused: 25 },
      circuitBreaker: { state: 'closed' },
    });
    await clock.advance(50);
    const ends = await Promise.all(hung);
    expect(ends.filter(isBulkheadFullError)).toHaveLength(25);
    expect(guard.guards.circuitBreaker?.state).toBe('open');
    expect(await quiet(guard.run(async () => 1))).toSatisfy(isCircuitOpenError);
  });

  it('lets fewer calls through to a dependency that has no time, and more again when it has', async () => {
    const { clock, guard } = setup({ maxAttempts: 1, timeoutMs: 50 });
    const { adaptiveLimit } = guard.guards;
    for (let n = 0; n < 10; n++) {
      const answers = Array.from({ length: 30 }, () => quiet(guard.run(async () => 'well')));
      await clock.advance(1);
      await Promise.all(answers);
    }
    const before = adaptiveLimit.snapshot().limit;
    expect(before).toBeGreaterThan(25);
    const hang = ({ signal }: CallContext): Promise<never> =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    for (let n = 0; n < 20; n++) {
      const hung = Array.from({ length: 30 }, () => quiet(guard.run(hang)));
      await clock.advance(50);
      await Promise.all(hung);
    }
    expect(adaptiveLimit.snapshot().limit).toBeLessThan(before / 4);
    for (let n = 0; n < 200; n++) {
      const answers = Array.from({ length: 30 }, () => quiet(guard.run(async () => 'well')));
      await clock.advance(1);
      await Promise.all(answers);
    }
    expect(adaptiveLimit.snapshot().limit).toBeGreaterThan(25);
  });

  it('hedges and falls back where it is asked to', async () => {
    const { clock, guard, rooms } = setup({
      maxAttempts: 2,
      timeoutMs: 1000,
      hedge: { delayMs: 10 },
      fallback: { value: 'instead' },
    });
    const call = guard.run(() => Promise.reject(boom));
    expectTypeOf(call).toEqualTypeOf<Promise<string>>();
    await clock.advance(1000);
    expect(await call).toBe('instead');
    expect(rooms()).toEqual([
      'hedge hedging',
      'retry retrying',
      'hedge hedging',
      'retry gave-up',
      'fallback answered',
    ]);
  });

  it('guards transports with their types kept, and hands on what callers say', async () => {
    const { guard } = setup();
    const wire = async (id: number, options?: CallOptions) => ({ id, key: options?.idempotencyKey });
    const call = guard(wire);
    expectTypeOf(call).parameter(0).toEqualTypeOf<number>();
    expect(await pipe(wire, guard)(7, { idempotencyKey: 'k' })).toEqual({ id: 7, key: 'k' });
    expect(await quiet(guard.run(42 as never))).toSatisfy(isOptionError);
  });

  it('judges once, by the classifier it is given', async () => {
    const classify: Classify = (settled) =>
      settled.status === 'fulfilled' && (settled.value as { code: number }).code === 503
        ? 'failure'
        : 'success';
    const { clock, guard } = setup({ classify });
    const wire = fakeTransport<string, { code: number }>({ script: [{ code: 503 }, { code: 200 }] });
    const answer = pipe(wire, guard)('x');
    await clock.advance(1000);
    expect(await answer).toEqual({ code: 200 });
  });

  it.each([
    [{ timeoutMs: 0 }, /timeoutMs/],
    [{ attemptTimeoutMs: Number.NaN }, /attemptTimeoutMs/],
    [{ maxAttempts: 0 }, /maxAttempts/],
    [{ bulkhead: { maxConcurrent: 0 } }, /bulkhead: maxConcurrent/],
    [{ circuitBreaker: { openMs: -1 } }, /circuitBreaker: openMs/],
  ])('refuses %j', (options, message) => {
    expect(() => resilient(options)).toThrow(message);
  });
});

describe('a guarded client', () => {
  class Users {
    readonly calls: string[] = [];
    readonly #rows = new Map([[42, 'Ada']]);
    readonly region: string = 'eu';
    fails = 0;

    async find(id: number, _signal?: AbortSignal): Promise<string | undefined> {
      this.calls.push('find');
      if (this.fails-- > 0) throw boom;
      return this.#rows.get(id);
    }

    async rename(id: number, name: string): Promise<void> {
      this.calls.push('rename');
      if (this.fails-- > 0) throw boom;
      this.#rows.set(id, name);
    }

    async findTwice(id: number): Promise<(string | undefined)[]> {
      return [await this.find(id), await this.find(id)];
    }

    size(): number {
      return this.#rows.size;
    }
  }

  it('is the client with its types, its fields and its private state, every method guarded', async () => {
    const { clock, guard } = setup();
    const users = new Users();
    const client = guard.client(users, { repeatable: ['find'], methods: ['find', 'rename', 'findTwice'] });
    expectTypeOf(client).toEqualTypeOf<Users>();
    users.fails = 1;
    const found = client.find(42);
    await clock.advance(1000);
    expect(await found).toBe('Ada');
    expect(users.calls).toEqual(['find', 'find']);
    expect([client.region, client.size(), client instanceof Users, 'find' in client]).toEqual([
      'eu',
      1,
      true,
      true,
    ]);
    expect(Object.keys(client)).toEqual(Object.keys(users));
    expect(Reflect.get(client, 'find')).toBe(Reflect.get(client, 'find'));
    client.fails = 3;
    expect(users.fails).toBe(3);
  });

  it('sends again only what may act twice', async () => {
    const { clock, guard } = setup();
    const users = new Users();
    const client = guard.client(users, { repeatable: ['find'] });
    users.fails = 1;
    const renamed = quiet(client.rename(42, 'Grace'));
    await clock.advance(1000);
    expect(await renamed).toBe(boom);
    expect(users.calls).toEqual(['rename']);
  });

  it('does not guard a second time what a method calls of its own', async () => {
    const { guard } = setup({ bulkhead: { maxConcurrent: 1 } });
    expect(await guard.client(new Users()).findTwice(42)).toEqual(['Ada', 'Ada']);
  });

  it('hands the signal to methods that take one', async () => {
    const { clock, guard } = setup({ timeoutMs: 50, maxAttempts: 1 });
    const seen: (AbortSignal | undefined)[] = [];
    const client = guard.client(
      {
        slow: (signal?: AbortSignal): Promise<never> => {
          seen.push(signal);
          return new Promise(() => {});
        },
      },
      { args: (_method, _args, context: CallContext) => [context.signal] },
    );
    const answer = quiet(client.slow());
    await clock.advance(50);
    expect(await answer).toSatisfy(isTimeoutError);
    expect(seen[0]?.aborted).toBe(true);
  });

  it('guards a frozen client, and sees a method that is replaced', async () => {
    const { guard } = setup();
    const frozen = guard.client(Object.freeze({ get: async () => 'frozen' }));
    expect(await frozen.get()).toBe('frozen');
    expect(Object.getOwnPropertyDescriptor(frozen, 'get')).toMatchObject({ writable: false });
    const target = { get: async (): Promise<string> => 'before' };
    const client = guard.client(target);
    expect(await client.get()).toBe('before');
    target.get = async () => 'after';
    expect(await client.get()).toBe('after');
  });

  it.each([
    [() => resilient().client(42 as never), /client must be an object/],
    [() => resilient().client({ a: 1 } as never, { methods: ['a'] as never }), /methods must be/],
    [() => resilient().client({ a: async () => 1 }, { repeatable: ['b'] as never }), /repeatable must be/],
    [() => resilient().client({ a: async () => 1 }, { args: 1 as never }), /args must be/],
  ])('is refused: %s', (make, message) => {
    expect(make).toThrow(message);
  });
});

describe('anyOf', () => {
  it('trips by whichever rule does, and says which', async () => {
    const clock = virtualClock();
    const trip = anyOf(
      consecutiveFailures({ failures: 3 }),
      failureRate({ windowCalls: 6, minimumCalls: 6 }),
    );
    const trips = async (script: string) => {
      const breaker = circuitBreaker({ trip, clock });
      for (const [n, one] of script.split('').entries()) {
        await quiet(breaker.run(() => (one === 'f' ? Promise.reject(boom) : Promise.resolve())));
        if (breaker.state === 'open') return [n + 1, breaker.snapshot().reason];
      }
      return undefined;
    };
    expect(await trips('sfff')).toEqual([4, '3 failures in a row']);
    expect(await trips('fsfsfs')).toEqual([6, '3 of 6 calls failed']);
    expect(await trips('fsssssfsss')).toBeUndefined();
  });

  it('reads the clock only if one of them looks at time, and refuses what is no rule', () => {
    const calls = failureRate({ windowCalls: 5 });
    expect(anyOf(consecutiveFailures(), calls).timed).toBe(false);
    expect(anyOf(consecutiveFailures(), failureRate()).timed).toBe(true);
    expect(() => anyOf()).toThrow(/anyOf: rules/);
    expect(() => anyOf(calls, {} as never)).toThrow(/anyOf: rules/);
  });
});
