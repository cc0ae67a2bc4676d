/**
 * The scenarios of the MicroProfile Fault Tolerance TCK (4.1) that are about the breaker's windows and about pairs of
 * guards, as tables in our words. Its terms in ours: requestVolumeThreshold is `windowCalls` and `minimumCalls`,
 * failureRatio `rate`, delay `openMs`, successThreshold `probes`, failOn and retryOn `classify`, maxRetries + 1
 * `maxAttempts`. A retry is outside of the breaker, a timeout and a bulkhead inside, as there.
 */
import {
  bulkhead,
  circuitBreaker,
  type Classify,
  failureRate,
  isBulkheadFullError,
  isCircuitOpenError,
  isTimeoutError,
  pipe,
  retry,
  type RetryOptions,
  timeout,
} from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';

const boom = new Error('the service');

/** How a call ended: by itself, or refused or cut off by a guard. */
type End = 'ok' | 'failed' | 'open' | 'full' | 'late';

const endOf = async (call: Promise<unknown>): Promise<End> =>
  call.then(
    () => 'ok' as const,
    (error: unknown) =>
      error === boom
        ? ('failed' as const)
        : isCircuitOpenError(error)
          ? ('open' as const)
          : isBulkheadFullError(error)
            ? ('full' as const)
            : isTimeoutError(error)
              ? ('late' as const)
              : Promise.reject(error),
  );

const LETTERS = { s: 'ok', f: 'failed', o: 'open' } as const;

interface WindowCase {
  readonly name: string;
  readonly calls: number;
  readonly rate: number;
  readonly openMs: number;
  readonly successes?: number;
  /** How the service answers, one letter for each time it is really called: success or failure. */
  readonly service: string;
  /** How callers see it: success, failure, open; `.` is a wait for as long as it stays open. */
  readonly seen: string;
}

const windows: readonly WindowCase[] = [
  {
    name: 'opens when the window is full of failures',
    calls: 4,
    rate: 0.75,
    openMs: 50_000,
    service: 'ffff',
    seen: 'ffffooo',
  },
  {
    name: 'opens sooner by a smaller window',
    calls: 2,
    rate: 0.75,
    openMs: 50_000,
    service: 'ff',
    seen: 'ffooooo',
  },
  {
    name: 'closes by one success when its short time is over',
    calls: 4,
    rate: 0.75,
    openMs: 1,
    service: 'ffffsss',
    seen: 'ffff.sss',
  },
  {
    name: 'closes by one success, and counts anew',
    calls: 4,
    rate: 0.75,
    openMs: 1000,
    service: 'ffffsffff',
    seen: 'ffffo.sffffo',
  },
  {
    name: 'closes by three successes only',
    calls: 4,
    rate: 0.75,
    openMs: 1000,
    successes: 3,
    service: 'ffffssf',
    seen: 'ffffo.ssfo',
  },
  {
    name: 'closes by three successes, and counts anew',
    calls: 4,
    rate: 0.75,
    openMs: 1000,
    successes: 3,
    service: 'ffffsssfffs',
    seen: 'ffffo.sssfffso',
  },
  {
    name: 'looks at the last calls: half of the first four',
    calls: 4,
    rate: 0.5,
    openMs: 5000,
    successes: 2,
    service: 'sffs',
    seen: 'sffso',
  },
  {
    name: 'looks at the last calls: half of the second to the fifth',
    calls: 4,
    rate: 0.5,
    openMs: 5000,
    successes: 2,
    service: 'sfssf',
    seen: 'sfssfo',
  },
  {
    name: 'opens by a success that fills the window',
    calls: 4,
    rate: 0.75,
    openMs: 1000,
    service: 'fffssfffs',
    seen: 'fffso.sfffso',
  },
  {
    name: 'opens though the window began with a success',
    calls: 4,
    rate: 0.75,
    openMs: 1000,
    service: 'sfffssfff',
    seen: 'sfffo.ssfffo',
  },
  {
    name: 'does not open before the window is full',
    calls: 4,
    rate: 0.5,
    openMs: 1000,
    service: 'fffs',
    seen: 'fff',
  },
  {
    name: 'stays closed while fewer fail',
    calls: 4,
    rate: 0.75,
    openMs: 1000,
    service: 'ffssffssffss',
    seen: 'ffssffssffss',
  },
];

describe('the breaker’s window', () => {
  it.each(windows)('$name', async ({ calls, rate, openMs, successes = 1, service, seen }) => {
    const clock = virtualClock();
    let called = 0;
    const breaker = circuitBreaker({
      trip: failureRate({ windowCalls: calls, minimumCalls: calls, rate }),
      openMs,
      probes: successes,
      clock,
    });
    const call = () =>
      breaker.run(() => (service.charAt(called++) === 's' ? Promise.resolve() : Promise.reject(boom)));
    for (const letter of seen.split('')) {
      if (letter === '.') clock.jump(openMs);
      else expect(await endOf(call())).toBe(LETTERS[letter as keyof typeof LETTERS]);
    }
    expect(called).toBe(seen.replaceAll(/[o.]/g, '').length);
  });
});

/** A breaker over the last four calls, three of which must fail. */
function guarded(openMs: number, options: RetryOptions, attemptMs = Infinity) {
  const clock = virtualClock();
  let called = 0;
  let answer: () => Promise<string> = () => Promise.reject(boom);
  const call = pipe(
    () => {
      called++;
      return answer();
    },
    timeout({ timeoutMs: attemptMs, clock }),
    circuitBreaker({ trip: failureRate({ windowCalls: 4, minimumCalls: 4, rate: 0.75 }), openMs, clock }),
    retry({ baseDelayMs: 0, clock, ...options }),
  );
  return {
    clock,
    call,
    answers: (then: typeof answer) => void (answer = then),
    called: () => called,
    end: async () => {
      const end = endOf(call(undefined));
      await clock.advance(20_000);
      return end;
    },
  };
}

const hang = (): Promise<never> => new Promise(() => {});
const ignoring =
  (is: (error: unknown) => boolean): Classify =>
  (settled) =>
    settled.status === 'fulfilled' ? 'success' : is(settled.reason) ? 'ignored' : 'failure';

describe('a breaker inside a retry', () => {
  it.each([
    [
      'more attempts than it takes to open it: the last one is refused',
      { maxAttempts: 8 },
      Infinity,
      'open',
      4,
    ],
    ['fewer: the service’s own error', { maxAttempts: 3 }, Infinity, 'failed', 3],
    ['attempts that run out of time open it too', { maxAttempts: 8 }, 100, 'open', 4],
  ] as const)('%s', async (_, options, attemptMs, end, called) => {
    const pair = guarded(50_000, options, attemptMs);
    if (attemptMs < Infinity) pair.answers(hang);
    expect(await pair.end()).toBe(end);
    expect(pair.called()).toBe(called);
  });

  it('is waited for, and the call succeeds when it lets one through', async () => {
    const pair = guarded(1000, { maxAttempts: 1 });
    for (let n = 0; n < 4; n++) expect(await endOf(pair.call(undefined))).toBe('failed');
    const patient = pipe(pair.call, retry({ maxAttempts: 21, baseDelayMs: 100, clock: pair.clock }));
    pair.answers(async () => 'OK');
    const startMs = pair.clock.now();
    const answer = patient(undefined).then(() => pair.clock.now() - startMs);
    await pair.clock.advance(5000);
    expect(await answer).toBe(1000);
  });

  it.each([
    ['is no reason to retry', { classify: ignoring(isCircuitOpenError), maxAttempts: 21 }],
    [
      'ends a retry that gives up on it',
      { classify: ignoring((error) => error === boom || isCircuitOpenError(error)), maxAttempts: 21 },
    ],
  ])('%s, where it is told so', async (_, options) => {
    const pair = guarded(1000, { maxAttempts: 1 });
    for (let n = 0; n < 4; n++) await endOf(pair.call(undefined));
    pair.answers(async () => 'OK');
    const impatient = pipe(pair.call, retry({ baseDelayMs: 200, clock: pair.clock, ...options }));
    expect(await endOf(impatient(undefined))).toBe('open');
    expect(pair.clock.pendingTimers).toBe(0);
  });
});

describe('a timeout inside a breaker', () => {
  const trip = failureRate({ windowCalls: 2, minimumCalls: 2, rate: 0.75 });
  it.each([
    ['opens it', undefined, ['late', 'late', 'open']],
    ['does not, where it counts for nothing', ignoring(isTimeoutError), ['late', 'late', 'late']],
  ] as const)('%s', async (_, classify, ends) => {
    const clock = virtualClock();
    const breaker = circuitBreaker({ trip, openMs: 50_000, clock, ...(classify && { classify }) });
    const call = pipe(hang, timeout({ timeoutMs: 500, clock }), breaker);
    for (const end of ends) {
      const seen = endOf(call(undefined));
      await clock.advance(1000);
      expect(await seen).toBe(end);
    }
  });
});

describe('a bulkhead inside a breaker', () => {
  const trip = failureRate({ windowCalls: 3, minimumCalls: 3, rate: 1 });
  it.each([
    ['opens it by refusing', 0, undefined, ['full', 'full', 'full', 'open', 'open']],
    [
      'opens it by refusing what does not find a place in the queue',
      1,
      undefined,
      ['full', 'full', 'full', 'open', 'open'],
    ],
    [
      'does not, where refusing counts for nothing',
      1,
      ignoring(isBulkheadFullError),
      ['full', 'full', 'full', 'full', 'full'],
    ],
  ] as const)('%s', async (_, maxQueue, classify, ends) => {
    const clock = virtualClock();
    const breaker = circuitBreaker({ trip, openMs: 1000, clock, ...(classify && { classify }) });
    const gates: (() => void)[] = [];
    const work = (): Promise<void> => new Promise((resolve) => gates.push(resolve));
    const call = pipe(work, bulkhead({ maxConcurrent: 1, maxQueue, queueTimeoutMs: 10_000, clock }), breaker);
    const held = Array.from({ length: 1 + maxQueue }, () => endOf(call(undefined)));
    for (const end of ends) expect(await endOf(call(undefined))).toBe(end);
    for (let n = 0; n <= maxQueue; n++) {
      gates[n]?.();
      await clock.settle();
    }
    expect(await Promise.all(held)).toEqual(held.map(() => 'ok'));
  });
});

describe('a timeout inside a retry', () => {
  it.each([
    ['is tried again', 1000, {}, 'late', 2],
    ['leaves alone what fails in time, which is tried again as well', 10, {}, 'failed', 2],
    ['is not, where it is no reason to', 1000, { classify: ignoring(isTimeoutError) }, 'late', 1],
  ] as const)('%s', async (_, takesMs, options, end, calls) => {
    const clock = virtualClock();
    let called = 0;
    const work = async (): Promise<never> => {
      called++;
      await new Promise<void>((resolve) => void clock.setTimeout(() => resolve(), takesMs));
      throw boom;
    };
    const call = pipe(work, timeout({ timeoutMs: 500, clock }), retry({ maxAttempts: 2, clock, ...options }));
    const seen = endOf(call(undefined));
    await clock.advance(5000);
    expect(await seen).toBe(end);
    expect(called).toBe(calls);
  });
});
