/** What bounds a retry: the backoff it is given, the budget, and what guards inside and servers say. */
import {
  type CallContext,
  type CallOptions,
  type BackoffStep,
  circuitBreaker,
  type Classify,
  consecutiveFailures,
  decorrelatedJitter,
  hedge,
  isBudgetSpent,
  isCircuitOpenError,
  type ObserverEvent,
  pipe,
  retry,
  retryBudget,
  retryThrottling,
  tokenBudget,
} from 'evenkeel';
import { fakeTransport, virtualClock } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';

const boom = new Error('boom');
const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);
const busy = (retryAfterMs: number) => Object.assign(new Error('busy'), { retryAfterMs });
const draining = () => retryBudget({ ratio: 0, reservePerSecond: 0 });

describe('a backoff of one’s own', () => {
  it('is asked before each retry, is told what it needs, and is cut at maxDelayMs', async () => {
    const clock = virtualClock();
    const steps: BackoffStep[] = [];
    const atMs: number[] = [];
    const answer = quiet(
      retry({
        maxAttempts: 4,
        baseDelayMs: 10,
        maxDelayMs: 100,
        clock,
        random: () => 0.25,
        backoff: (step) => {
          steps.push(step);
          return 60 * step.retry;
        },
      }).run(() => {
        atMs.push(clock.now() - 1_000_000);
        return Promise.reject(boom);
      }),
    );
    await clock.advance(1000);
    expect(await answer).toBe(boom);
    expect(atMs).toEqual([0, 60, 160, 260]);
    const told = { draw: 0.25, baseDelayMs: 10, maxDelayMs: 100 };
    expect(steps).toEqual([
      { ...told, retry: 1, previousMs: 0 },
      { ...told, retry: 2, previousMs: 60 },
      { ...told, retry: 3, previousMs: 100 },
    ]);
  });

  it('may be the decorrelated one, which spreads callers also at the cap', async () => {
    const clock = virtualClock();
    const waits = new Set<number>();
    for (let n = 0; n < 20; n++) {
      const startMs = clock.now();
      let endMs = 0;
      const answer = quiet(
        retry({
          maxAttempts: 6,
          baseDelayMs: 10,
          maxDelayMs: 50,
          backoff: decorrelatedJitter,
          clock,
          random: () => n / 20,
        }).run(() => {
          endMs = clock.now();
          return Promise.reject(boom);
        }),
      );
      await clock.advance(1000);
      await answer;
      waits.add(endMs - startMs);
    }
    expect(waits.size).toBe(20);
  });

  it.each([Number.NaN, -1, '5', undefined])('that answers with %s rejects the call', async (wrong) => {
    const clock = virtualClock();
    const policy = retry({ backoff: () => wrong as number, clock });
    expect(await quiet(policy.run(() => Promise.reject(boom)))).toMatchObject({
      code: 'EVENKEEL_OPTION',
      option: 'backoff',
    });
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('what a server says', () => {
  it('begins the backoff anew: what fails next is another matter', async () => {
    const clock = virtualClock();
    const steps: number[] = [];
    const wire = fakeTransport<string, number>({ script: [boom, boom, busy(200), boom, 42] });
    const backoff = ({ retry }: BackoffStep): number => {
      steps.push(retry);
      return 10;
    };
    const answer = pipe(wire, retry({ maxAttempts: 5, backoff, clock }))('x');
    await clock.advance(1000);
    expect(await answer).toBe(42);
    expect(steps).toEqual([1, 2, 3, 1]);
  });

  it('is final when it says never', async () => {
    const clock = virtualClock();
    const classify: Classify = () => ({ kind: 'overload', retryAfterMs: Infinity });
    const wire = fakeTransport<string, number>({ script: [boom, 42] });
    expect(await quiet(pipe(wire, retry({ classify, clock }))('x'))).toBe(boom);
    expect(wire.requests).toHaveLength(1);
  });
});

describe('an open breaker', () => {
  const open = async (clock = virtualClock(), openMs = 100) => {
    const breaker = circuitBreaker({ trip: consecutiveFailures({ failures: 1 }), openMs, clock });
    await quiet(breaker.run(() => Promise.reject(boom)));
    return { clock, breaker };
  };

  it('burns no attempt and no budget: it is waited for, and the attempt made then is the first', async () => {
    const { clock, breaker } = await open();
    const budget = retryBudget({ ratio: 0, reservePerSecond: 0.1 });
    const attempts: number[] = [];
    const call = pipe(
      async (_request: string, options?: CallOptions) => {
        attempts.push((options as CallContext).attempt);
        if (attempts.length === 1) throw boom;
        return 42;
      },
      breaker,
      retry({ maxAttempts: 2, budget, maxDelayMs: 1000, clock }),
    );
    const answer = quiet(call('x'));
    await clock.advance(1000);
    expect(await answer).toBe(42);
    expect(attempts).toEqual([1, 2]);
    expect(budget.balance(clock.now())).toBe(0);
  });

  it('is waited for no more often than there are attempts', async () => {
    const { clock, breaker } = await open();
    void breaker.isolate();
    let waits = 0;
    const refusing = pipe(async () => 42, breaker);
    const call = pipe(
      (request: void) => refusing(request).catch(() => Promise.reject(Object.assign(shortly(), {}))),
      retry({ maxAttempts: 3, clock, observer: ({ type }) => void (type === 'retrying' && waits++) }),
    );
    // As of a breaker that says it will soon be over, and never is.
    function shortly(): Error {
      return Object.assign(circuitOpen(), { retryAfterMs: 1 });
    }
    const sample = await quiet(breaker.run(async () => 1));
    function circuitOpen(): Error {
      return Object.assign(Object.create(Object.getPrototypeOf(sample) as object) as Error, sample);
    }
    const answer = quiet(call());
    await clock.advance(10_000);
    expect(await answer).toBeDefined();
    expect(waits).toBeLessThanOrEqual(3);
  });
});

describe('a spent budget', () => {
  it('is told of the error, which is left as it is, and stops retries further out', async () => {
    const clock = virtualClock();
    const events: ObserverEvent[] = [];
    const wire = fakeTransport<string, number>({ answer: () => Promise.reject(boom) });
    const inner = pipe(wire, retry({ budget: draining(), clock }));
    // Another layer of the program, with a budget of its own that is not spent; it does not hand on the context.
    const outer = retry({ clock, observer: (event) => events.push(event) });
    expect(await quiet(outer.run(() => inner('x')))).toBe(boom);
    expect(isBudgetSpent(boom)).toBe(true);
    expect(wire.requests).toHaveLength(1);
    expect(events).toMatchObject([{ type: 'gave-up', attempts: 1, reason: 'budget of an inner layer' }]);
  });

  it('is told of a response as well', async () => {
    const clock = virtualClock();
    const response = { status: 503 };
    const classify: Classify = () => 'overload';
    const policy = retry({ budget: draining(), classify, clock });
    expect(await policy.run(async () => response)).toBe(response);
    expect(isBudgetSpent(response)).toBe(true);
    expect([isBudgetSpent(undefined), isBudgetSpent('boom'), isBudgetSpent({})]).toEqual([
      false,
      false,
      false,
    ]);
  });

  it('does not stop the retry of a later call that fails with the same error object', async () => {
    const clock = virtualClock();
    const shared = new Error('always the same');
    await quiet(retry({ budget: draining(), clock }).run(() => Promise.reject(shared)));
    let attempts = 0;
    const later = quiet(
      retry({ clock, maxAttempts: 3 }).run(() => {
        attempts++;
        return Promise.reject(shared);
      }),
    );
    await clock.advance(1000);
    await later;
    expect(attempts).toBe(3);
  });

  it('keeps three layers of three attempts from making 27', async () => {
    const clock = virtualClock();
    let sent = 0;
    const layers = [1, 2, 3].map(() =>
      retry({ clock, budget: retryBudget({ ratio: 0.2, reservePerSecond: 0 }) }),
    );
    const call = async (): Promise<void> => {
      let run = (): Promise<void> => {
        sent++;
        return Promise.reject(new Error('down'));
      };
      for (const layer of layers) {
        const inside = run;
        run = () => layer.run(inside);
      }
      await quiet(run());
    };
    for (let n = 0; n < 100; n++) {
      const done = call();
      await clock.advance(200);
      await done;
    }
    expect(sent).toBeLessThanOrEqual(100 * 1.2 + 16);
  });
});

describe('budgets of tokens', () => {
  it('pays from one for retries and hedges, and for each attempt once', async () => {
    const clock = virtualClock();
    const budget = retryThrottling({ maxTokens: 10, tokenRatio: 1 });
    const wire = fakeTransport<string, number>({ answer: () => Promise.reject(boom) });
    const call = pipe(
      wire,
      hedge({ delayMs: Infinity, maxHedges: 1, budget, clock }),
      retry({ maxAttempts: 2, budget, clock }),
    );
    const answer = quiet(call('x'));
    await clock.advance(1000);
    expect(await answer).toBe(boom);
    expect(wire.requests).toHaveLength(4);
    expect(budget.export?.(clock.now())).toEqual({ tokens: 6 });
  });

  it('gets back what the retry took when that succeeds, a timeout costing more', async () => {
    const clock = virtualClock();
    const budget = tokenBudget({ maxTokens: 20 });
    const late = Object.assign(new Error('late'), { name: 'TimeoutError' });
    const held: unknown[] = [];
    const run = async (script: (Error | number)[]) => {
      const wire = fakeTransport<string, number>({ script, answer: () => Promise.reject(boom) });
      const answer = quiet(pipe(wire, retry({ budget, clock }))('x'));
      await clock.advance(10_000);
      await answer;
      held.push(budget.export?.(clock.now()));
    };
    await run([boom, 1]);
    await run([late, boom, boom]);
    await run([1]);
    await run([late, 1]);
    expect(held).toEqual([{ tokens: 20 }, { tokens: 5 }, { tokens: 6 }, { tokens: 6 }]);
  });

  it.each([
    [() => tokenBudget({ maxTokens: 0 }), /tokenBudget: maxTokens/],
    [() => tokenBudget({ refund: -1 }), /tokenBudget: refund/],
    [() => retryThrottling({ tokenRatio: Number.NaN }), /retryThrottling: tokenRatio/],
    [() => retry({ budget: {} as never }), /retry: budget/],
  ])('refuses %s', (make, message) => {
    expect(make).toThrow(message);
  });
});

it('counts what an open breaker refused apart, when it is that all the time', async () => {
  const clock = virtualClock();
  const breaker = circuitBreaker({ trip: consecutiveFailures({ failures: 1 }), openMs: 10, clock });
  let sent = 0;
  const call = pipe(
    () => {
      sent++;
      return Promise.reject(boom);
    },
    breaker,
    retry({ maxAttempts: 3, baseDelayMs: 0, clock }),
  );
  const answer = quiet(call(undefined));
  await clock.advance(1000);
  expect(await answer).toSatisfy((error: unknown) => error === boom || isCircuitOpenError(error));
  // Three attempts that were sent, with a wait for the breaker before each of the later ones.
  expect(sent).toBe(3);
});
