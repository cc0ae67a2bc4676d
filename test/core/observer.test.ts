import { observe, type ObserverEvent } from 'evenkeel';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Reporter } from '../../src/core/observer.ts';

const reporter = new Reporter('room', { name: 'mine' });
const stops: (() => void)[] = [];

/** An observer that writes its name down, and the function that stops it. */
function listen(name: string, told: string[]): () => void {
  const stop = observe(({ type }) => told.push(`${name}:${type}`));
  stops.push(stop);
  return stop;
}

afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

describe('the process-wide observer', () => {
  it('hears nothing before and after, and lets reporters know whether anybody listens', () => {
    const told: string[] = [];
    expect(reporter.on).toBe(false);
    reporter.tell('before', {});
    const stop = listen('a', told);
    expect(reporter.on).toBe(true);
    reporter.tell('while', {});
    stop();
    expect(reporter.on).toBe(false);
    reporter.tell('after', {});
    expect(told).toEqual(['a:while']);
  });

  it('does not take the place of an earlier one: both hear, the earlier first', () => {
    const told: string[] = [];
    listen('a', told);
    listen('b', told);
    reporter.tell('x', {});
    expect(told).toEqual(['a:x', 'b:x']);
  });

  it.each([
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ])('may be stopped in any order: %i, %i, %i', (...order) => {
    const told: string[] = [];
    const stop = ['a', 'b', 'c'].map((name) => listen(name, told));
    const left = new Set(['a', 'b', 'c']);
    for (const index of order) {
      stop[index]?.();
      left.delete('abc'.charAt(index));
      told.length = 0;
      reporter.tell('x', {});
      expect(told).toEqual([...left].map((name) => `${name}:x`));
    }
    expect(reporter.on).toBe(false);
  });

  it('stops only itself when it is stopped twice, also where one function was given twice', () => {
    const observer = vi.fn();
    const [first, second] = [observe(observer), observe(observer)];
    stops.push(first, second);
    reporter.tell('x', {});
    expect(observer).toHaveBeenCalledTimes(2);
    first();
    first();
    reporter.tell('x', {});
    expect(observer).toHaveBeenCalledTimes(3);
  });

  it('may stop, and start another, while it is being told', () => {
    const told: string[] = [];
    const stop = observe(() => {
      stop();
      told.push('once');
      listen('late', told);
    });
    listen('other', told);
    reporter.tell('x', {});
    reporter.tell('y', {});
    expect(told).toEqual(['once', 'other:x', 'other:y', 'late:y']);
  });

  it('may throw, and the others hear all the same', () => {
    const told: string[] = [];
    stops.push(
      observe(() => {
        throw new Error('observer');
      }),
    );
    listen('b', told);
    expect(() => reporter.tell('x', {})).not.toThrow();
    expect(told).toEqual(['b:x']);
  });

  it('is one for all copies of the package', async () => {
    vi.resetModules();
    const copy = await import('../../src/core/observer.ts');
    expect(copy.observe).not.toBe(observe);
    const told: string[] = [];
    listen('a', told);
    new copy.Reporter('other', {}).tell('x', {});
    expect(told).toEqual(['a:x']);
  });
});

describe('a reporter', () => {
  it('tells its own observer and the process-wide one, with room, type and name', () => {
    const events: ObserverEvent[] = [];
    const own = new Reporter('retry', { name: 'users', observer: (event) => events.push(event) });
    expect(own.on).toBe(true);
    stops.push(observe((event) => events.push(event)));
    own.tell('gave-up', { attempts: 3 });
    const event = { room: 'retry', type: 'gave-up', name: 'users', attempts: 3 };
    expect(events).toEqual([event, event]);
  });

  it('lets no fact pass for its room, type or name', () => {
    const events: ObserverEvent[] = [];
    const own = new Reporter('retry', { observer: (event) => events.push(event) });
    own.tell('x', { room: 'fake', type: 'fake', name: 'fake' });
    expect(events).toEqual([{ room: 'retry', type: 'x', name: undefined }]);
  });

  it('is not broken by its own observer, and the process-wide one hears', () => {
    const told: string[] = [];
    const own = new Reporter('retry', {
      observer: () => {
        throw new Error('observer');
      },
    });
    listen('a', told);
    own.tell('x', {});
    expect(told).toEqual(['a:x']);
  });
});
