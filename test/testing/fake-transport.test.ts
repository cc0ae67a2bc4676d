import { getEventListeners } from 'node:events';
import { isEvenkeelError } from 'evenkeel';
import { fakeTransport, virtualClock } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';

const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

describe('a fake transport', () => {
  it('is answered by hand, the oldest call first', async () => {
    const wire = fakeTransport<string, number>();
    const answers = [wire('a'), quiet(wire('b'))];
    expect([wire.requests, wire.waiting]).toEqual([['a', 'b'], 2]);
    const first = wire.next();
    expect(first.request).toBe('a');
    first.resolve(1);
    const boom = new Error('boom');
    wire.next().reject(boom);
    expect(await Promise.all(answers)).toEqual([1, boom]);
    expect(wire.waiting).toBe(0);
  });

  it('says so when no call waits', () => {
    const wire = fakeTransport();
    try {
      wire.next();
      expect.unreachable();
    } catch (error) {
      expect(isEvenkeelError(error)).toBe(true);
      expect(String(error)).toMatch(/no call waits/);
    }
  });

  it('is answered by script, then by rule, in that order', async () => {
    const boom = new Error('boom');
    const wire = fakeTransport<number, number>({ script: [1, boom], answer: (request) => request * 10 });
    expect(await wire(5)).toBe(1);
    expect(await quiet(wire(6))).toBe(boom);
    expect(await wire(7)).toBe(70);
    expect(wire.requests).toEqual([5, 6, 7]);
  });

  it('takes undefined in a script as an answer', async () => {
    const wire = fakeTransport<number, undefined>({ script: [undefined] });
    expect(await wire(1)).toBeUndefined();
    expect(wire.waiting).toBe(0);
    void wire(2);
    expect(wire.waiting).toBe(1);
  });

  it('is answered by hand once its script is over', () => {
    const wire = fakeTransport<number, number>({ script: [1] });
    void wire(1);
    void wire(2);
    expect(wire.next().request).toBe(2);
  });

  it('rejects with what its rule throws, and hands it the options', async () => {
    const boom = new Error('boom');
    const seen: unknown[] = [];
    const wire = fakeTransport({
      answer: (_, options) => {
        seen.push(options);
        throw boom;
      },
    });
    const options = { idempotencyKey: 'k' };
    expect(await quiet(wire('x', options))).toBe(boom);
    expect(seen).toEqual([options]);
  });

  it('does not use up the array it was given', async () => {
    const script = [1, 2];
    await fakeTransport({ script })('x');
    expect(script).toEqual([1, 2]);
  });

  it('obeys an abort, also one from before, and leaves no listener', async () => {
    const wire = fakeTransport<string, number>();
    const caller = new AbortController();
    const [left, stays] = [quiet(wire('left', { signal: caller.signal })), new AbortController()];
    const answered = wire('answered', { signal: stays.signal });
    caller.abort('gone');
    expect(await left).toBe('gone');
    expect(wire.waiting).toBe(1);
    wire.next().resolve(1);
    await answered;
    expect(getEventListeners(stays.signal, 'abort')).toHaveLength(0);
    expect(await quiet(wire('late', { signal: caller.signal }))).toBe('gone');
    expect(wire.waiting).toBe(0);
  });

  it('hangs on after an abort where it is told to', async () => {
    const wire = fakeTransport<string, number>({ aborts: 'ignore' });
    const caller = new AbortController();
    const answer = wire('x', { signal: caller.signal });
    caller.abort();
    await virtualClock().settle();
    expect(wire.waiting).toBe(1);
    wire.next().resolve(1);
    expect(await answer).toBe(1);
  });

  it('refuses another word for aborts', () => {
    expect(() => fakeTransport({ aborts: 'maybe' as never })).toThrow(/aborts must be 'obey' or 'ignore'/);
  });
});
