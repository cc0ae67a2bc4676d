import { AsyncLocalStorage } from 'node:async_hooks';
import { virtualClock } from 'evenkeel/testing';
import { describe, expect, it, vi } from 'vitest';
import { Call } from '../../src/core/call.ts';
import { Context } from '../../src/core/context.ts';
import { Gate, GateFullError } from '../../src/core/gate.ts';
import { Scope } from '../../src/core/scope.ts';

const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

/** Work under the test's hand: each call waits until it is let go. */
function works() {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const work = (name: string) => () => {
    begun.push(name);
    return new Promise<string>((resolve) => ends.set(name, () => resolve(name)));
  };
  return { begun, work, end: (name: string) => ends.get(name)?.() };
}

function caller() {
  const clock = virtualClock();
  const scope = new Scope(clock, Infinity);
  return { scope, context: new Context(new Call(clock, undefined), scope, 1, undefined) };
}

const settle = () => virtualClock().settle();

describe('the gate', () => {
  it('runs so many at once, lets so many wait in order, and refuses the rest', async () => {
    const gate = new Gate('test', { maxConcurrent: 2, maxQueue: 1 });
    const { begun, work, end } = works();
    const answers = ['a', 'b', 'c'].map((name) => gate.run(work(name)));
    const refused = await quiet(gate.run(work('d')));
    expect(refused).toBeInstanceOf(GateFullError);
    expect(refused).toMatchObject({ code: 'EVENKEEL_GATE_FULL', retryAfterMs: 0 });
    expect(begun).toEqual(['a', 'b']);
    expect([gate.running, gate.waiting]).toEqual([2, 1]);
    end('b');
    await settle();
    expect(begun).toEqual(['a', 'b', 'c']);
    expect([gate.running, gate.waiting]).toEqual([2, 0]);
    end('a');
    end('c');
    expect(await Promise.all(answers)).toEqual(['a', 'b', 'c']);
    await settle();
    expect([gate.running, gate.waiting]).toEqual([0, 0]);
  });

  it('lets a waiting caller leave at once, frees its place, and moves on past it', async () => {
    const gate = new Gate('test', { maxConcurrent: 1, maxQueue: 1 });
    const { begun, work, end } = works();
    const first = gate.run(work('first'));
    const { scope, context } = caller();
    const left = quiet(gate.run(work('left'), context));
    expect(gate.waiting).toBe(1);
    scope.abort('gone');
    expect(await left).toBe('gone');
    expect(gate.waiting).toBe(0);
    const third = gate.run(work('third'));
    expect(gate.waiting).toBe(1);
    end('first');
    await first;
    await settle();
    end('third');
    expect(await third).toBe('third');
    expect(begun).toEqual(['first', 'third']);
    expect(scope.head).toBeUndefined();
  });

  it('goes on counting right when many have left', async () => {
    const gate = new Gate('test', { maxConcurrent: 1, maxQueue: 3 });
    const { begun, work, end } = works();
    const first = gate.run(work('first'));
    for (let round = 0; round < 50; round++) {
      const { scope, context } = caller();
      const waiting = [1, 2, 3].map(() => quiet(gate.run(work('never'), context)));
      expect(gate.waiting).toBe(3);
      scope.abort('gone');
      expect(await Promise.all(waiting)).toEqual(['gone', 'gone', 'gone']);
    }
    expect(gate.waiting).toBe(0);
    end('first');
    await first;
    await settle();
    expect([gate.running, begun]).toEqual([0, ['first']]);
  });

  it('never begins the work of a caller that has left before', async () => {
    const gate = new Gate('test', { maxConcurrent: 1, maxQueue: 1 });
    const { scope, context } = caller();
    scope.abort('before');
    const work = vi.fn(async () => 1);
    expect(await quiet(gate.run(work, context))).toBe('before');
    expect(work).not.toHaveBeenCalled();
    expect([gate.running, gate.waiting]).toEqual([0, 0]);
  });

  it('leaves a running work to whoever it runs for: an abort then is not the gate’s', async () => {
    const gate = new Gate('test', { maxConcurrent: 1, maxQueue: 0 });
    const { work, end } = works();
    const { scope, context } = caller();
    const answer = gate.run(work('a'), context);
    await settle();
    scope.abort('late');
    end('a');
    expect(await answer).toBe('a');
    expect(scope.head).toBeUndefined();
  });

  it('hands on what the work rejects with or throws, and frees its place', async () => {
    const gate = new Gate('test', { maxConcurrent: 1, maxQueue: 1 });
    const boom = new Error('boom');
    expect(await quiet(gate.run(() => Promise.reject(boom)))).toBe(boom);
    const thrown = gate.run(() => {
      throw boom;
    });
    expect(await quiet(thrown)).toBe(boom);
    expect(await gate.run(async () => 'room')).toBe('room');
  });

  it('runs each work in its own caller’s async context, whoever freed the place', async () => {
    const store = new AsyncLocalStorage<string>();
    const gate = new Gate('test', { maxConcurrent: 1, maxQueue: 5 });
    const who = async () => {
      await Promise.resolve();
      return store.getStore();
    };
    const seen = ['A', 'B', 'C'].map((name) => store.run(name, () => gate.run(who)));
    expect(await Promise.all(seen)).toEqual(['A', 'B', 'C']);
  });

  it.each([
    [{ maxConcurrent: 0, maxQueue: 0 }, 'maxConcurrent'],
    [{ maxConcurrent: 1, maxQueue: -1 }, 'maxQueue'],
    [{ maxConcurrent: 1, maxQueue: Number.NaN }, 'maxQueue'],
  ])('refuses %o', (options, name) => {
    expect(() => new Gate('test', options)).toThrow(new RegExp(`test: ${name} must be`));
  });
});
