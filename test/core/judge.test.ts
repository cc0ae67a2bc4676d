import {
  circuitBreaker,
  type Classify,
  consecutiveFailures,
  type OutcomeKind,
  pipe,
  retry,
  TimeoutError,
} from 'evenkeel';
import { fakeTransport, virtualClock } from 'evenkeel/testing';
import { describe, expect, it, vi } from 'vitest';
import { Call } from '../../src/core/call.ts';
import { Context } from '../../src/core/context.ts';
import { judge } from '../../src/core/judge.ts';
import {
  FAILURE,
  IGNORED,
  outcomeOf,
  outcomeOfAbort,
  outcomeOfError,
  TIMED_OUT,
} from '../../src/core/outcome.ts';
import { Scope } from '../../src/core/scope.ts';

const contextIn = (scope?: Scope) => new Context(new Call(virtualClock(), undefined), scope, 1, undefined);
const always =
  (kind: OutcomeKind): Classify =>
  () =>
    kind;

describe('the verdict on an attempt', () => {
  it('is the innermost classifier’s, for the very value it was given', () => {
    const context = contextIn();
    const value = { status: 200 };
    expect(judge(context, always('overload'), false, value).kind).toBe('overload');
    expect(judge(context, always('success'), false, value).kind).toBe('overload');
    expect(judge(context, undefined, false, value).kind).toBe('overload');
    expect(judge(context, always('success'), false, { status: 200 }).kind).toBe('success');
  });

  it('is not an earlier layer’s where that one has no classifier', () => {
    const context = contextIn();
    expect(judge(context, undefined, false, 1).kind).toBe('success');
    expect(judge(context, always('failure'), false, 1).kind).toBe('failure');
  });

  it.each([undefined, null, Number.NaN, 0, '', 503])('is found again on the primitive %s', (value) => {
    const context = contextIn();
    const outer = vi.fn(always('success'));
    judge(context, always('overload'), false, value);
    expect(judge(context, outer, false, value).kind).toBe('overload');
    expect(outer).not.toHaveBeenCalled();
  });

  it('tells a rejection from an answer with the same value', () => {
    const context = contextIn();
    judge(context, always('success'), false, undefined);
    expect(judge(context, undefined, true, undefined)).toBe(FAILURE);
    const seen: unknown[] = [];
    const classify: Classify = (settled) => {
      seen.push(settled);
      return 'ignored';
    };
    expect(judge(context, classify, true, undefined).kind).toBe('ignored');
    expect(seen).toEqual([{ status: 'rejected', reason: undefined }]);
  });

  it('is failure where the classifier throws, and stays so for the layers outside', () => {
    const context = contextIn();
    const broken = () => {
      throw new Error('classifier');
    };
    expect(judge(context, broken, false, 1)).toBe(FAILURE);
    expect(judge(context, always('success'), false, 1)).toBe(FAILURE);
  });

  it('is the abort’s, not the classifier’s, when the call was aborted', () => {
    const clock = virtualClock();
    const [left, late] = [new Scope(clock, Infinity), new Scope(clock, Infinity)];
    left.abort('left');
    late.abort(new TimeoutError(5));
    expect(judge(contextIn(left), always('overload'), true, 'x')).toBe(IGNORED);
    expect(judge(contextIn(late), always('success'), true, 'x')).toBe(TIMED_OUT);
    expect(judge(contextIn(left), always('overload'), false, 'x').kind).toBe('overload');
  });

  it('keeps the hint of an outcome', () => {
    const hint = { kind: 'overload', retryAfterMs: 700 } as const;
    const context = contextIn();
    judge(context, () => hint, false, 1);
    expect(judge(context, undefined, false, 1)).toBe(hint);
  });

  it('is carried outwards: the breaker and the retry agree with the classifier inside', async () => {
    const clock = virtualClock();
    const wire = fakeTransport<string, number>({ script: [503, 503] });
    const inner = retry({
      maxAttempts: 1,
      clock,
      classify: (s) => (s.status === 'fulfilled' ? 'failure' : 'success'),
    });
    const breaker = circuitBreaker({
      trip: consecutiveFailures({ failures: 2 }),
      clock,
      classify: always('success'),
    });
    const answer = pipe(
      wire,
      inner,
      breaker,
      retry({ maxAttempts: 2, clock, classify: always('success') }),
    )('x');
    await clock.advance(1000);
    expect(await answer).toBe(503);
    expect(wire.requests).toHaveLength(2);
    expect(breaker.state).toBe('open');
  });
});

describe('the default verdict', () => {
  it.each([
    [new Error('boom'), 'failure', 0],
    [undefined, 'failure', 0],
    [null, 'failure', 0],
    ['text', 'failure', 0],
    [{ retryAfterMs: 0 }, 'overload', 0],
    [{ retryAfterMs: 50 }, 'overload', 50],
    [{ retryAfterMs: -1 }, 'failure', 0],
    [{ retryAfterMs: Number.NaN }, 'failure', 0],
    [{ retryAfterMs: '50' }, 'failure', 0],
  ])('on rejection with %j is %s', (error, kind, retryAfterMs) => {
    expect(outcomeOfError(error)).toEqual({ kind, retryAfterMs });
  });

  it.each(['success', 'failure', 'overload', 'ignored'] as const)(
    'has %s as one and the same object',
    (kind) => {
      expect(outcomeOf(kind)).toEqual({ kind, retryAfterMs: 0 });
      expect(outcomeOf(kind)).toBe(outcomeOf(kind));
    },
  );

  it('holds the endpoint to account for lost time, and for no other abort', () => {
    expect(outcomeOfAbort(new TimeoutError(1)).kind).toBe('failure');
    expect(outcomeOfAbort(new DOMException('late', 'TimeoutError')).kind).toBe('failure');
    for (const reason of [new DOMException('left', 'AbortError'), undefined, null, 'TimeoutError'])
      expect(outcomeOfAbort(reason).kind).toBe('ignored');
  });

  const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
  it.each([
    ['of the server’s', new Error('boom'), undefined],
    ['that was reset', Object.assign(new Error('reset'), { code: 'ECONNRESET' }), undefined],
    ['that never left', refused, 'unsent'],
    ['of fetch that never left', new TypeError('fetch failed', { cause: refused }), 'unsent'],
    ['for lack of time', new TimeoutError(5), 'timeout'],
    ['for lack of time, by the platform', new DOMException('late', 'TimeoutError'), 'timeout'],
    ['for lack of time, noticed a little late', new TimeoutError(5, 'the call', 499), 'timeout'],
    ['for lack of time, noticed much too late', new TimeoutError(5, 'the call', 500), 'stalled'],
  ])('tells the reason of a failure %s', (_, error, reason) => {
    expect(outcomeOfError(error)).toEqual({ kind: 'failure', retryAfterMs: 0, reason });
    const judged = judge(contextIn(undefined), () => 'failure', true, error);
    expect(judged).toEqual({ kind: 'failure', retryAfterMs: 0, reason });
  });

  it('tells no reason where a classifier says another', () => {
    const said = { kind: 'failure', retryAfterMs: 0, reason: 'denied' } as const;
    expect(judge(contextIn(undefined), () => said, true, refused)).toBe(said);
    expect(judge(contextIn(undefined), () => 'success', true, refused).reason).toBeUndefined();
    expect(judge(contextIn(undefined), () => 'failure', false, refused).reason).toBeUndefined();
  });

  it.each([
    [0, 0],
    [1200, 1200],
  ])('knows how late a timer rang: %d ms', async (heldMs, lateMs) => {
    const clock = virtualClock();
    const scope = new Scope(clock, clock.now() + 50);
    scope.expireIn(50);
    clock.jump(heldMs === 0 ? 0 : 50 + heldMs);
    await clock.advance(50);
    expect(scope.reason).toMatchObject({ timeoutMs: 50, lateMs });
  });
});
