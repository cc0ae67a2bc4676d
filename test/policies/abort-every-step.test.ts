/** Each of the guards that wait or watch, aborted at every step of a call: nothing hangs, nothing is left behind. */
import { getEventListeners } from 'node:events';
import { balance, type CallOptions, pipe, retry, timeout } from 'evenkeel';
import {
  adaptiveLimit,
  admission,
  aimd,
  fallback,
  gradient2,
  hedge,
  rateLimit,
  throttle,
} from 'evenkeel/policies';
import { type VirtualClock, virtualClock } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';

type Call = (request: string, options?: CallOptions) => Promise<unknown>;

const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

/** A server that answers after 5 ms, fails every third time, and heeds its signal. */
function server(clock: VirtualClock): Call {
  let calls = 0;
  return async (_, options) => {
    await Promise.resolve();
    if (calls++ % 3 === 2) throw new Error('down');
    await new Promise<void>((resolve, reject) => {
      const timer = clock.setTimeout(resolve, 5);
      options?.signal?.addEventListener('abort', () => {
        clock.clearTimeout(timer);
        reject(options.signal?.reason);
      });
    });
    return 'ok';
  };
}

interface Guarded {
  readonly call: Call;
  /** What has to be nought when all is over. */
  readonly held: () => number;
}

const guards: Record<string, (wire: Call, clock: VirtualClock) => Guarded> = {
  hedge: (wire, clock) => {
    const policy = hedge({ delayMs: 2, maxHedges: 2, budget: 'unlimited', clock });
    return { call: pipe(wire, policy), held: () => 0 };
  },
  rateLimit: (wire, clock) => {
    const policy = rateLimit({ limit: 1, perMs: 3, maxQueue: 9, clock });
    return { call: pipe(wire, policy), held: () => policy.snapshot().waiting };
  },
  'rateLimit by a sliding window': (wire, clock) => {
    const policy = rateLimit({ limit: 1, perMs: 3, algorithm: 'sliding-window', maxQueue: 9, clock });
    return { call: pipe(wire, policy), held: () => policy.snapshot().waiting };
  },
  adaptiveLimit: (wire, clock) => {
    const policy = adaptiveLimit({ algorithm: aimd({ initialLimit: 1, maxLimit: 1 }), maxQueue: 9, clock });
    return {
      call: pipe(wire, policy),
      held: () => policy.snapshot().waiting + policy.snapshot().running,
    };
  },
  throttle: (wire, clock) => ({ call: pipe(wire, throttle({ clock })), held: () => 0 }),
  admission: (wire, clock) => ({ call: pipe(wire, admission({ clock })), held: () => 0 }),
  fallback: (wire, clock) => {
    const run = async () => {
      await new Promise<void>((resolve) => void clock.setTimeout(resolve, 3));
      return 'instead';
    };
    return { call: pipe(wire, fallback({ run, clock })), held: () => 0 };
  },
  'all of them': (wire, clock) => {
    const limit = adaptiveLimit({
      algorithm: gradient2({ initialLimit: 2, windowMs: 5 }),
      maxQueue: 9,
      clock,
    });
    const rate = rateLimit({ limit: 3, perMs: 10, burst: 1, maxQueue: 9, clock });
    const balanced = balance({
      endpoints: ['a', 'b', 'c'],
      send: (_host: string, request: string, context) => wire(request, context),
      clock,
      random: () => 0.5,
    });
    const call = pipe(
      balanced,
      timeout({ timeoutMs: 40, clock }),
      admission({ expectedMs: 1, clock }),
      limit,
      rate,
      hedge({ delayMs: 2, clock }),
      throttle({ clock, random: () => 0.5 }),
      retry({ maxAttempts: 3, baseDelayMs: 2, clock, random: () => 0.5 }),
      timeout({ timeoutMs: 200, clock }),
      fallback({ value: 'instead', clock }),
    );
    const held = () =>
      limit.snapshot().running +
      limit.snapshot().waiting +
      rate.snapshot().waiting +
      balanced.endpoints().reduce((sum, { pending }) => sum + pending, 0);
    return { call, held };
  },
};

/** A call among others, up to this step; whether it has settled by itself a moment later. */
async function play(make: (typeof guards)[string], step: number) {
  const clock = virtualClock();
  const { call, held } = make(server(clock), clock);
  const caller = new AbortController();
  const others = ['other', 'another'].map((name) => quiet(call(name)));
  let settled = false;
  const mine = quiet(call('mine', { signal: caller.signal })).finally(() => (settled = true));
  for (let at = 0; at < step; at++) await (at % 4 === 3 ? clock.advance(1) : Promise.resolve());
  return { clock, held, caller, others, mine, settled: () => settled };
}

const moment = async () => {
  for (let turn = 0; turn < 4; turn++) await Promise.resolve();
};

describe.each(Object.entries(guards))('%s', (_, make) => {
  it.each(Array.from({ length: 60 }, (_, step) => step))('is aborted at step %i', async (step) => {
    const unaborted = await play(make, step);
    await moment();
    const endsByItself = unaborted.settled();
    const { clock, held, caller, others, mine, settled } = await play(make, step);
    caller.abort('left');
    await moment();
    expect(settled()).toBe(true);
    if (!endsByItself) expect(await mine).toBe('left');
    await clock.advance(60_000);
    await Promise.all(others);
    expect(held()).toBe(0);
    expect(clock.pendingTimers).toBe(0);
    expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0);
    await unaborted.clock.advance(60_000);
  });
});
