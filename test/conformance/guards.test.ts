/**
 * What every guard keeps, whatever it guards against: it can be tried out (`mode: 'observe'`), changed while it works,
 * and taken over by another process; a listener, a clock or a caller that misbehaves breaks nothing.
 */
import {
  adaptiveLimit,
  admission,
  aimd,
  bulkhead,
  type CallOptions,
  circuitBreaker,
  type Clock,
  consecutiveFailures,
  fallback,
  type GuardOptions,
  hedge,
  isOptionError,
  type ObserverEvent,
  rateLimit,
  retry,
  retryBudget,
  throttle,
  timeout,
} from 'evenkeel';
import { seededRandom, type VirtualClock, virtualClock } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';

/** What all guards have, their own options left out. */
interface AnyGuard {
  run<T>(fn: () => Promise<T>, options?: CallOptions): Promise<T>;
  reconfigure(changes: object): void;
  snapshot(): object;
  export?(): object;
  hydrate?(state: object): void;
}

interface Guarded {
  readonly make: (options: GuardOptions) => AnyGuard;
  /** Brings it to where it acts on every further call of `act`. */
  readonly provoke: (guard: AnyGuard, clock: VirtualClock) => Promise<void>;
  /** A call that the guard acts on; alone, it would end with 'untouched'. */
  readonly act: (guard: AnyGuard, clock: VirtualClock) => Promise<unknown>;
  /** What it tells when it only observes. */
  readonly would: string;
  /** Good changes, and bad ones among good ones. */
  readonly good: object;
  readonly bad: object;
}

const busy = Object.assign(new Error('busy'), { retryAfterMs: 0 });
const untouched = async (): Promise<string> => 'untouched';
const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);
const nothing = async (): Promise<void> => {};
const never = (): Promise<never> => new Promise(() => {});
const take = async (guard: AnyGuard): Promise<unknown> => guard.run(untouched);

/** The clock, which shows another time. */
function shown(clock: VirtualClock, now: () => number): Clock {
  return {
    now,
    setTimeout: (fn, ms, kind) => clock.setTimeout(fn, ms, kind),
    clearTimeout: (timer) => clock.clearTimeout(timer),
  };
}

/** A call that takes 50 ms, and ends with what is left when nobody interferes. */
async function slow(guard: AnyGuard, clock: VirtualClock): Promise<unknown> {
  const call = quiet(
    guard.run(() => new Promise((resolve) => void clock.setTimeout(() => resolve('untouched'), 50))),
  );
  await clock.advance(100);
  return call;
}

/** A call that fails once it is made, and ends well if it is made again. */
async function failing(guard: AnyGuard, clock: VirtualClock): Promise<unknown> {
  let calls = 0;
  const call = quiet(guard.run(() => (++calls === 1 ? Promise.reject('untouched') : untouched())));
  await clock.advance(1000);
  return calls === 1 ? call : 'tried again';
}

const random = (): number => 0.5;

const guards: Record<string, Guarded> = {
  timeout: {
    make: (options) => timeout({ timeoutMs: 10, ...options }),
    provoke: nothing,
    act: slow,
    would: 'would-time-out',
    good: { timeoutMs: 500 },
    bad: { timeoutMs: Number.NaN },
  },
  retry: {
    make: (options) => retry({ random, baseDelayMs: 1, ...options }),
    provoke: nothing,
    act: failing,
    would: 'would-retry',
    good: { maxAttempts: 1 },
    bad: { maxAttempts: 1, baseDelayMs: -1 },
  },
  hedge: {
    make: (options) => hedge({ delayMs: 10, ...options }),
    provoke: nothing,
    act: async (guard, clock) => {
      let calls = 0;
      const call = quiet(
        guard.run(() => {
          if (++calls > 1) return Promise.resolve('hedged');
          return new Promise((resolve) => void clock.setTimeout(() => resolve('untouched'), 50));
        }),
      );
      await clock.advance(100);
      return call;
    },
    would: 'would-hedge',
    good: { delayMs: 500 },
    bad: { delayMs: 500, maxHedges: -1 },
  },
  circuitBreaker: {
    make: (options) => circuitBreaker({ trip: consecutiveFailures({ failures: 1 }), ...options }),
    provoke: async (guard) => void (await quiet(guard.run(() => Promise.reject(new Error('down'))))),
    act: take,
    would: 'would-refuse',
    good: { trip: consecutiveFailures({ failures: 9 }) },
    bad: { trip: consecutiveFailures({ failures: 9 }), openMs: 0 },
  },
  bulkhead: {
    make: (options) => bulkhead({ maxConcurrent: 1, ...options }),
    provoke: async (guard) => void quiet(guard.run(never)),
    act: take,
    would: 'would-refuse',
    good: { maxConcurrent: 9 },
    bad: { maxConcurrent: 9, queueTimeoutMs: Number.NaN },
  },
  rateLimit: {
    make: (options) => rateLimit({ limit: 1, perMs: 60_000, ...options }),
    provoke: async (guard) => void (await quiet(guard.run(untouched))),
    act: take,
    would: 'would-refuse',
    good: { limit: 1000, perMs: 1, burst: 9 },
    bad: { limit: 9, maxQueue: 1.5 },
  },
  adaptiveLimit: {
    make: (options) => adaptiveLimit({ algorithm: aimd({ initialLimit: 1, maxLimit: 1 }), ...options }),
    provoke: async (guard) => void quiet(guard.run(never)),
    act: take,
    would: 'would-refuse',
    good: { algorithm: aimd({ initialLimit: 9 }) },
    bad: { algorithm: aimd({ initialLimit: 9 }), maxQueue: -1 },
  },
  throttle: {
    make: (options) => throttle({ random: () => 0, ...options }),
    provoke: async (guard) => {
      for (let n = 0; n < 20; n++) await quiet(guard.run(() => Promise.reject(busy)));
    },
    act: take,
    would: 'would-refuse',
    good: { maxRejection: 0 },
    bad: { maxRejection: 0, k: 0.5 },
  },
  admission: {
    make: (options) => admission({ expectedMs: 200, ...options }),
    provoke: nothing,
    act: async (guard) => guard.run(untouched, { timeoutMs: 100 }),
    would: 'would-refuse',
    good: { expectedMs: 50 },
    bad: { expectedMs: -1 },
  },
  fallback: {
    make: (options) => fallback({ value: 'instead', ...options }) as unknown as AnyGuard,
    provoke: nothing,
    act: async (guard) => guard.run(() => Promise.reject('untouched')),
    would: 'would-answer',
    good: { when: () => false },
    bad: { when: 'always' },
  },
};

const stateful = ['circuitBreaker', 'rateLimit', 'adaptiveLimit', 'throttle', 'retry'];

function setup(name: string, options: GuardOptions = {}) {
  const guarded = guards[name] as Guarded;
  const clock = virtualClock();
  const events: ObserverEvent[] = [];
  const observer = (event: ObserverEvent): void => void events.push(event);
  const guard = guarded.make({ clock, observer, name: 'users', ...options });
  const act = (): Promise<unknown> => quiet(guarded.act(guard, clock));
  const types = (): string[] => events.map(({ type }) => type);
  return { ...guarded, guard, clock, events, act, types };
}

describe.each(Object.keys(guards))('%s', (name) => {
  it('acts on a call when it is meant to', async () => {
    const { guard, clock, provoke, act, types, would } = setup(name);
    await provoke(guard, clock);
    expect(await act()).not.toBe('untouched');
    expect(types()).not.toContain(would);
  });

  it('leaves every call alone when it only observes, and tells what it would have done', async () => {
    const { guard, clock, provoke, act, types, would } = setup(name, { mode: 'observe' });
    await provoke(guard, clock);
    const told = types().length;
    expect(await act()).toBe('untouched');
    expect(types().slice(told)).toContain(would);
  });

  it('can be changed while it works, and tells of it', async () => {
    const { guard, clock, provoke, act, events, good } = setup(name);
    await provoke(guard, clock);
    guard.reconfigure(good);
    expect(events.at(-1)).toMatchObject({ type: 'reconfigured', name: 'users', changed: Object.keys(good) });
    // A circuit that is open, and tokens that are spent, take their time: only the rules are others now.
    await clock.advance(10_000);
    expect(await act()).toBe('untouched');
    // What was changed before stays changed.
    guard.reconfigure({ mode: 'enforce' });
    await clock.advance(10_000);
    expect(await act()).toBe('untouched');
  });

  it('can be set to observe, and back', async () => {
    const { guard, clock, provoke, act } = setup(name);
    await provoke(guard, clock);
    guard.reconfigure({ mode: 'observe' });
    expect(await act()).toBe('untouched');
    guard.reconfigure({ mode: undefined });
    expect(await act()).not.toBe('untouched');
  });

  it('changes all that was asked for or nothing, and never where time and voice come from', async () => {
    const { guard, clock, provoke, act, types, bad } = setup(name);
    await provoke(guard, clock);
    for (const changes of [bad, { mode: 'maybe' }, { clock: virtualClock() }, { name: 'other' }]) {
      expect(() => guard.reconfigure(changes)).toThrow(expect.toSatisfy(isOptionError));
    }
    expect(types()).not.toContain('reconfigured');
    expect(await act()).not.toBe('untouched');
  });

  it('is not broken by a listener that throws', async () => {
    const observer = (): never => {
      throw new Error('the listener');
    };
    const { guard, clock, provoke, act, good } = setup(name, { observer });
    await provoke(guard, clock);
    expect(await act()).not.toMatchObject({ message: 'the listener' });
    guard.reconfigure(good);
  });

  it('rejects with the caller’s own reason, whatever that is, and calls nobody, when it has left before', async () => {
    for (const reason of ['gone', undefined, 0, new Error('gone'), { why: 'gone' }]) {
      const { guard } = setup(name);
      let called = false;
      const fn = async (): Promise<void> => void (called = true);
      const controller = new AbortController();
      controller.abort(reason);
      const rejected = await guard.run(fn, { signal: controller.signal }).then(
        () => 'resolved',
        (error: unknown) => ({ error }),
      );
      expect(rejected).toEqual({ error: controller.signal.reason });
      expect(called).toBe(false);
    }
  });

  it('refuses what is no function, and a function that returns no promise, without being hurt', async () => {
    for (const wrong of [42, undefined, () => 42, () => undefined]) {
      const { guard, good, clock } = setup(name);
      expect(await quiet(guard.run(wrong as never))).toSatisfy(isOptionError);
      guard.reconfigure(good);
      await clock.advance(1);
      expect(await guard.run(untouched)).toBe('untouched');
    }
  });

  it('schedules nothing while it is idle, and reads no clock when it is made', async () => {
    const clock = virtualClock();
    let readings = 0;
    const now = (): number => {
      readings++;
      return clock.now();
    };
    guards[name]?.make({ clock: shown(clock, now) });
    expect(readings).toBe(0);
    expect(clock.pendingTimers).toBe(0);
  });

  it('outlives a clock that jumps ahead by a day, and one that steps back', async () => {
    const { clock, provoke, make } = setup(name);
    let offsetMs = 0;
    const guard = make({ clock: shown(clock, () => clock.now() + offsetMs) });
    for (const jumpMs of [86_400_000, -86_400_000, -1000, 5000]) {
      offsetMs += jumpMs;
      await provoke(guard, clock);
    }
    await clock.advance(3_600_000);
    // An hour later all is well, but where calls are still under way.
    const held = ['bulkhead', 'adaptiveLimit'].includes(name);
    expect((await quiet(guard.run(untouched))) === 'untouched').toBe(!held);
  });
});

describe.each(stateful)('%s, which has a state', (name) => {
  it('is taken over by another as plain data', async () => {
    const { guard, clock, provoke, make } = setup(name);
    await provoke(guard, clock);
    const state = guard.export?.() as object;
    const other = make({ clock });
    expect(other.snapshot()).not.toBe(guard.snapshot());
    other.hydrate?.(JSON.parse(JSON.stringify(state)) as object);
    expect(other.export?.()).toEqual(state);
  });
});

it('retry takes over what its budget has spent', async () => {
  const clock = virtualClock();
  const make = () =>
    retry({ clock, budget: retryBudget({ ratio: 0, reservePerSecond: 1 }), random: seededRandom(1) });
  const [one, other] = [make(), make()];
  for (let n = 0; n < 4; n++) {
    const call = quiet(one.run(() => Promise.reject(new Error('down'))));
    await clock.advance(200);
    await call;
  }
  expect(one.snapshot().budget).toBe(2);
  other.hydrate(JSON.parse(JSON.stringify(one.export())));
  expect(other.snapshot().budget).toBe(2);
});
