/** All guards at once, in any order of calls, answers, aborts, waits and changes of options: what must hold whatever happens. */
import {
  consecutiveFailures,
  failureRate,
  isEvenkeelError,
  type ObserverEvent,
  resilient,
  retryBudget,
  retryThrottling,
} from 'evenkeel';
import { fakeTransport, seededRandom, virtualClock } from 'evenkeel/testing';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';

class Aborted extends Error {}
class Failed extends Error {}

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('call' as const),
      timeoutMs: fc.constantFrom(undefined, 5, 500),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      how: fc.constantFrom('ok', 'fails', 'busy'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('abort' as const), which: fc.nat(30) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(200) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('change' as const), n: fc.integer({ min: 1, max: 4 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('hand' as const), n: fc.nat(2) }) },
);

it('settles every call once, with an error that says who it is from, and leaves nothing behind', async () => {
  const budget = fc.constantFrom(
    () => retryBudget(),
    () => retryThrottling(),
    () => 'unlimited' as const,
  );
  const unhandled: unknown[] = [];
  const onUnhandled = (error: unknown): void => void unhandled.push(error);
  process.on('unhandledRejection', onUnhandled);
  await fc.assert(
    fc.asyncProperty(fc.nat(1000), budget, fc.array(step, { maxLength: 60 }), async (seed, budget, steps) => {
      const clock = virtualClock();
      const wire = fakeTransport<number, number>();
      const events: ObserverEvent[] = [];
      const guard = resilient({
        timeoutMs: 400,
        attemptTimeoutMs: 150,
        retry: { baseDelayMs: 10, budget: budget() },
        circuitBreaker: {
          trip: failureRate({ windowCalls: 6 }),
          openMs: 60,
          probes: 2,
          successes: 1,
          maxQueue: 2,
        },
        bulkhead: { maxConcurrent: 3, maxQueue: 3, queueTimeoutMs: 40 },
        hedge: { delayMs: 20, maxHedges: 1 },
        clock,
        random: seededRandom(seed + 1),
        observer: (event) => void events.push(event),
      });
      const call = guard(wire);
      const callers: AbortController[] = [];
      const ends: Promise<unknown>[] = [];
      const settled: number[] = [];
      let release: (() => void) | undefined;
      for (const [n, one] of steps.entries()) {
        if (one.kind === 'call') {
          const caller = new AbortController();
          const place = callers.push(caller) - 1;
          settled.push(0);
          const said = {
            signal: caller.signal,
            ...(one.timeoutMs !== undefined && { timeoutMs: one.timeoutMs }),
          };
          ends.push(
            call(n, said)
              .catch((error: unknown) => error)
              .finally(() => (settled[place] = (settled[place] ?? 0) + 1)),
          );
        } else if (one.kind === 'answer' && wire.waiting > 0) {
          const { how } = one;
          if (how === 'ok') wire.next().resolve(n);
          else
            wire
              .next()
              .reject(how === 'busy' ? Object.assign(new Failed(), { retryAfterMs: 5 }) : new Failed());
        } else if (one.kind === 'abort') callers[one.which]?.abort(new Aborted());
        else if (one.kind === 'wait') await clock.advance(one.ms);
        else if (one.kind === 'change') {
          guard.guards.bulkhead?.reconfigure({ maxConcurrent: one.n, maxQueue: 4 - one.n });
          guard.guards.retry.reconfigure({ maxAttempts: one.n });
          guard.guards.hedge?.reconfigure({ mode: one.n > 2 ? 'observe' : 'enforce' });
          guard.guards.circuitBreaker?.reconfigure({ trip: consecutiveFailures({ failures: one.n }) });
        } else if (one.kind === 'hand') {
          release?.();
          release = one.n === 0 ? guard.guards.circuitBreaker?.isolate() : undefined;
          if (one.n === 1) guard.guards.circuitBreaker?.reset();
        }
        await clock.settle();
        const { bulkhead, adaptiveLimit } = guard.snapshot();
        expect(bulkhead?.running).toBeLessThanOrEqual(4);
        expect(adaptiveLimit?.running).toBeGreaterThanOrEqual(bulkhead?.running ?? 0);
      }
      release?.();
      await clock.advance(1000);
      for (const end of await Promise.all(ends))
        expect(
          typeof end === 'number' || end instanceof Aborted || end instanceof Failed || isEvenkeelError(end),
        ).toBe(true);
      expect(settled.every((times) => times === 1)).toBe(true);
      expect(guard.snapshot()).toMatchObject({
        bulkhead: { running: 0, waiting: 0 },
        adaptiveLimit: { running: 0, waiting: 0 },
        circuitBreaker: { waiting: 0 },
      });
      expect(clock.pendingTimers).toBe(0);
      expect(wire.waiting).toBe(0);
    }),
    { numRuns: 200 },
  );
  await new Promise<void>((resolve) => void setImmediate(resolve));
  process.off('unhandledRejection', onUnhandled);
  expect(unhandled).toEqual([]);
});
