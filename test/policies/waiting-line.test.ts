/** Who is next, when many wait: seen through the bulkhead, whose line it is. */
import {
  adaptiveLimit,
  aimd,
  bulkhead,
  type BulkheadOptions,
  type CallOptions,
  isBulkheadFullError,
  pipe,
} from 'evenkeel';
import { fakeTransport, virtualClock } from 'evenkeel/testing';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);
type Criticality = NonNullable<CallOptions['criticality']>;

async function setup(options: Partial<BulkheadOptions> = {}) {
  const clock = virtualClock();
  const guard = bulkhead({ maxConcurrent: 1, maxQueue: 3, queueTimeoutMs: 10_000, clock, ...options });
  const wire = fakeTransport<string, string>();
  const call = pipe(wire, guard);
  const first = quiet(call('first'));
  const serve = async () => {
    while (wire.waiting > 0) {
      wire.next().resolve('served');
      await clock.settle();
    }
    return wire.requests.slice(1);
  };
  await clock.settle();
  return { clock, guard, wire, call, first, serve };
}

describe('the line', () => {
  it('lets the critical go before the others, and the sheddable after them', async () => {
    const { call, serve } = await setup({ maxQueue: 10 });
    const words = ['sheddable', 'default', undefined, 'critical', 'sheddable', 'critical', 'unheard-of'];
    for (const [n, criticality] of words.entries())
      void quiet(call(`${criticality ?? 'said nothing'} ${n}`, { criticality: criticality as Criticality }));
    expect(await serve()).toEqual([
      'critical 3',
      'critical 5',
      'default 1',
      'said nothing 2',
      'unheard-of 6',
      'sheddable 0',
      'sheddable 4',
    ]);
  });

  it('gives the place of a less critical call to a more critical one when it is full, the newest first', async () => {
    const { guard, call, serve } = await setup();
    const calls = (['sheddable', 'default', 'sheddable'] as const).map((criticality, n) =>
      quiet(call(`${criticality} ${n}`, { criticality })),
    );
    const refused = await quiet(call('one too many', { criticality: 'sheddable' }));
    expect(refused).toSatisfy(isBulkheadFullError);
    void quiet(call('critical', { criticality: 'critical' }));
    expect(await calls[2]).toMatchObject({ reason: 'queue-full' });
    void quiet(call('default too'));
    expect(await calls[0]).toMatchObject({ reason: 'queue-full' });
    expect(await quiet(call('and another'))).toSatisfy(isBulkheadFullError);
    expect(guard.snapshot()).toEqual({ running: 1, waiting: 3, refused: 4 });
    expect(await serve()).toEqual(['critical', 'default 1', 'default too']);
  });

  it('is served newest first once it has not been empty for a tenth of a second, and not before', async () => {
    const { clock, call, wire } = await setup({ maxQueue: 10, order: 'adaptive-lifo' });
    for (const name of ['a', 'b', 'c', 'd']) void quiet(call(name));
    await clock.advance(99);
    wire.next().resolve('');
    await clock.advance(1);
    wire.next().resolve('');
    await clock.settle();
    wire.next().resolve('');
    await clock.settle();
    expect(wire.requests).toEqual(['first', 'a', 'd', 'c']);
    wire.next().resolve('');
    await clock.settle();
    wire.next().resolve('');
    await clock.settle();
    // It was empty: a new line begins calmly.
    void quiet(call('busy'));
    for (const name of ['e', 'f']) void quiet(call(name));
    wire.next().resolve('');
    await clock.settle();
    expect(wire.requests.slice(5)).toEqual(['busy', 'e']);
  });

  it('turns away the oldest, whose turn would come last, when it serves the newest first', async () => {
    const { clock, call } = await setup({ order: 'adaptive-lifo' });
    const calls = ['a', 'b', 'c'].map((name) => quiet(call(name, { criticality: 'sheddable' })));
    await clock.advance(100);
    void quiet(call('critical', { criticality: 'critical' }));
    expect(await calls[0]).toMatchObject({ reason: 'queue-full' });
  });

  it('is the adaptive limit’s too', async () => {
    const clock = virtualClock();
    const wire = fakeTransport<string, string>();
    const algorithm = aimd({ initialLimit: 1, maxLimit: 1 });
    const call = pipe(wire, adaptiveLimit({ algorithm, maxQueue: 1, clock }));
    void quiet(call('first'));
    const sheddable = quiet(call('sheddable', { criticality: 'sheddable' }));
    void quiet(call('critical', { criticality: 'critical' }));
    expect(await sheddable).toMatchObject({ code: 'EVENKEEL_LIMIT_REACHED', reason: 'queue-full' });
    wire.next().resolve('');
    await clock.settle();
    expect(wire.requests).toEqual(['first', 'critical']);
  });

  it('lets in at once whom a larger limit has room for', async () => {
    const { guard, clock, call, wire } = await setup();
    for (const name of ['a', 'b', 'c']) void quiet(call(name));
    guard.reconfigure({ maxConcurrent: 3 });
    await clock.settle();
    expect(wire.requests).toEqual(['first', 'a', 'b']);
    expect(guard.snapshot()).toMatchObject({ running: 3, waiting: 1 });
    guard.reconfigure({ maxConcurrent: 1 });
    wire.next().resolve('');
    await clock.settle();
    expect(guard.snapshot()).toMatchObject({ running: 2, waiting: 1 });
  });

  it('never loses a call, never runs more than it may, and leaves nothing behind, whatever happens', async () => {
    const word = fc.constantFrom<Criticality>('critical', 'default', 'sheddable');
    const step = fc.oneof(
      fc.record({ kind: fc.constant('call' as const), word }),
      fc.record({ kind: fc.constant('answer' as const), fails: fc.boolean() }),
      fc.record({ kind: fc.constant('abort' as const), which: fc.nat(20) }),
      fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(120) }),
      fc.record({ kind: fc.constant('resize' as const), to: fc.integer({ min: 1, max: 4 }) }),
    );
    const order = fc.constantFrom('fifo' as const, 'adaptive-lifo' as const);
    await fc.assert(
      fc.asyncProperty(order, fc.array(step, { maxLength: 60 }), async (order, steps) => {
        const clock = virtualClock();
        const guard = bulkhead({ maxConcurrent: 2, maxQueue: 3, queueTimeoutMs: 150, order, clock });
        const wire = fakeTransport<number, number>({ aborts: 'ignore' });
        const call = pipe(wire, guard);
        const callers: AbortController[] = [];
        const ends: Promise<unknown>[] = [];
        let most = 2;
        for (const [n, one] of steps.entries()) {
          if (one.kind === 'call') {
            const caller = new AbortController();
            callers.push(caller);
            ends.push(quiet(call(n, { criticality: one.word, signal: caller.signal })));
          } else if (one.kind === 'answer' && wire.waiting > 0) {
            if (one.fails) wire.next().reject(new Error('failed'));
            else wire.next().resolve(n);
          } else if (one.kind === 'abort') callers[one.which]?.abort();
          else if (one.kind === 'wait') await clock.advance(one.ms);
          else if (one.kind === 'resize') {
            guard.reconfigure({ maxConcurrent: one.to });
            most = one.to;
          }
          await clock.settle();
          const { running, waiting } = guard.snapshot();
          expect(running).toBe(wire.waiting);
          expect(waiting).toBeLessThanOrEqual(3);
          if (waiting > 0) expect(running).toBeGreaterThanOrEqual(most);
        }
        while (wire.waiting > 0) {
          wire.next().resolve(0);
          await clock.settle();
        }
        await Promise.all(ends);
        expect(guard.snapshot()).toMatchObject({ running: 0, waiting: 0 });
        expect(clock.pendingTimers).toBe(0);
      }),
      { numRuns: 100 },
    );
  });
});
