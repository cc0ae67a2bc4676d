import { consecutiveFailures, failureRate, type Outcome, type OutcomeKind, type TripRule } from 'evenkeel';
import { describe, expect, it } from 'vitest';
import { localErrors, serverErrors } from '../../src/core/failure-origin.ts';
import { slowCalls, type SlowCallsOptions } from '../../src/core/slow-calls.ts';
import { timedOut, tracked, unsent } from './kit.ts';

/** Which of these outcomes, one a millisecond, trips the rule; -1 if none. */
function tripsAt(rule: TripRule, outcomes: readonly (OutcomeKind | Outcome)[]): number {
  const counter = rule.counter();
  return outcomes.findIndex((outcome, at) => {
    const { kind, reason } = typeof outcome === 'string' ? { kind: outcome, reason: undefined } : outcome;
    return counter.record(kind, 1, at, reason);
  });
}

describe('local errors and server errors, apart', () => {
  const two = consecutiveFailures({ failures: 2 });
  const half = failureRate({ minimumCalls: 4, rate: 0.5 });

  it.each<[string, TripRule, (OutcomeKind | Outcome)[], number]>([
    ['local: in a row', localErrors(two), [unsent, timedOut], 1],
    ['local: none of the server’s', localErrors(two), ['failure', 'failure', 'failure'], -1],
    [
      'local: a server’s error is an answer, and ends the row',
      localErrors(two),
      [unsent, 'failure', unsent],
      -1,
    ],
    [
      'local: an overload is an answer too, and tells a row nothing',
      localErrors(two),
      [unsent, 'overload', unsent],
      2,
    ],
    ['local: as a rate', localErrors(half), ['failure', 'failure', unsent, unsent], 3],
    ['server: in a row', serverErrors(two), ['failure', 'failure'], 1],
    ['server: none of local origin', serverErrors(two), [unsent, timedOut, unsent], -1],
    ['server: whatever comes between', serverErrors(two), ['failure', unsent, 'failure'], 2],
    [
      'server: as a rate, of answers only',
      serverErrors(half),
      [unsent, unsent, 'failure', 'success', 'success'],
      -1,
    ],
    [
      'server: as a rate, once there are enough',
      serverErrors(half),
      [unsent, 'failure', 'failure', 'success', 'success'],
      4,
    ],
    ['both, without a filter', two, [unsent, 'failure'], 1],
  ])('%s', (_, rule, outcomes, at) => {
    expect(tripsAt(rule, outcomes)).toBe(at);
  });

  it('are as calm and as timed as the rule inside, and forget with it', () => {
    const counter = localErrors(two).counter();
    expect([counter.calm, localErrors(two).timed, serverErrors(half).timed]).toEqual([true, false, true]);
    counter.record('failure', 1, 0, 'unsent');
    expect(counter.calm).toBe(false);
    counter.reset();
    expect(counter.calm).toBe(true);
  });

  it('eject with their own reasons', () => {
    const { health, times } = tracked({ detectors: [localErrors(two), serverErrors(consecutiveFailures())] });
    times(2, 'a', unsent);
    times(4, 'b', 'failure');
    expect(health.snapshot().endpoints[0]?.reason).toBe('2 failures in a row, of local origin');
    expect(health.status('b')).toBe('healthy');
    times(1, 'b', 'failure');
    expect(health.snapshot().endpoints[1]?.reason).toBe('5 failures in a row, of its own');
  });

  it('refuse what is no rule', () => {
    expect(() => localErrors({} as never)).toThrow(/rule must be/);
    expect(() => serverErrors(5 as never)).toThrow(/rule must be/);
  });
});

describe('slowCalls', () => {
  /** Calls of these durations, `gapMs` apart; answers with the first that trips it. */
  function slowAt(options: SlowCallsOptions, durations: readonly number[], gapMs = 1): number {
    const counter = slowCalls(options).counter();
    return durations.findIndex((ms, at) => counter.record('success', ms, at * gapMs));
  }
  const times = (count: number, ms: number) => Array<number>(count).fill(ms);

  it('trips when a share of enough calls is slower than so many milliseconds', () => {
    const options = { slowMs: 100, minimumCalls: 10 };
    expect(slowAt(options, [...times(5, 1), ...times(5, 101)])).toBe(9);
    expect(slowAt(options, [...times(6, 1), ...times(5, 101)])).toBe(-1);
    expect(slowAt(options, times(9, 101))).toBe(-1);
    expect(slowAt(options, times(50, 100))).toBe(-1);
    expect(slowAt({ ...options, rate: 1 }, [1, ...times(20, 101)])).toBe(-1);
  });

  it('trips when a share is so many times slower than before', () => {
    const options = { factor: 3, minimumCalls: 20, windowMs: 1000 };
    // A second of calls of 10 ms, then 40 ms: half of the window is slow after half a window.
    const at = slowAt(options, [...times(100, 10), ...times(100, 40)], 10);
    expect(at).toBeGreaterThanOrEqual(145);
    expect(at).toBeLessThanOrEqual(150);
    expect(slowAt(options, [...times(100, 10), ...times(100, 29)], 10)).toBe(-1);
  });

  it('knows no normal before there were enough calls', () => {
    expect(slowAt({ factor: 2, minimumCalls: 20 }, [...times(10, 1), ...times(10, 50)])).toBe(-1);
  });

  it('takes what lasts for the new normal in the end', () => {
    const options = { factor: 3, minimumCalls: 20, windowMs: 1000 };
    const counter = slowCalls(options).counter();
    const record = (ms: number, at: number) => counter.record('success', ms, at * 10);
    for (let at = 0; at < 1000; at++) record(10, at);
    let last = 0;
    for (let at = 1000; at < 10_000; at++) if (record(50, at)) last = at;
    expect(last).toBeGreaterThan(1100);
    expect(last).toBeLessThan(3000);
  });

  it('counts failures that were slow, not those that were fast, and no refusals', () => {
    const counter = slowCalls({ slowMs: 100, minimumCalls: 4 }).counter();
    const all = [
      counter.record('failure', 500, 0),
      counter.record('overload', 500, 0),
      counter.record('ignored', 500, 0),
      counter.record('failure', 1, 0),
      counter.record('success', 500, 0),
    ];
    expect(all).toEqual([false, false, false, false, false]);
    expect(counter.record('success', 1, 0)).toBe(true);
    expect(counter.reason()).toBe('2 of 4 calls were slow');
  });

  it('keeps what is normal when it has tripped: coming back as slow is no recovery', () => {
    const counter = slowCalls({ factor: 3, minimumCalls: 10, windowMs: 1000 }).counter();
    const trips = (count: number, ms: number, fromMs: number) =>
      times(count, ms).findIndex((one, n) => counter.record('success', one, fromMs + 10 * n));
    trips(100, 10, 0);
    expect(trips(100, 50, 1000)).toBeGreaterThan(0);
    counter.reset();
    expect(trips(10, 50, 2000)).toBe(9);
  });

  it('takes no failure for what an answer takes', () => {
    const counter = slowCalls({ factor: 2, minimumCalls: 5 }).counter();
    for (let n = 0; n < 5; n++) counter.record('success', 100, n);
    for (let n = 0; n < 100; n++) counter.record('failure', 0, 5 + n);
    expect(times(100, 150).some((ms, n) => counter.record('success', ms, 200 + n))).toBe(false);
  });

  it.each([
    [{}, /slowMs must be given/],
    [{ slowMs: 1, factor: 2 }, /slowMs must be given/],
    [{ slowMs: 0 }, /slowMs must be/],
    [{ factor: 1 }, /factor must be above 1/],
    [{ factor: 0.5 }, /factor must be/],
    [{ slowMs: 1, rate: 0 }, /rate must be/],
    [{ slowMs: 1, windowMs: 0 }, /windowMs must be/],
    [{ slowMs: 1, minimumCalls: 0 }, /minimumCalls must be/],
  ])('refuses %o', (options, message) => {
    expect(() => slowCalls(options)).toThrow(message);
  });
});
