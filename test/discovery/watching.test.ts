import { AsyncLocalStorage } from 'node:async_hooks';
import { isTimeoutError } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { describe, expect, it, vi } from 'vitest';
import {
  isSourceEndedError,
  isSourceStoppedError,
  watching,
  type WatchingOptions,
} from '../../src/discovery/index.ts';
import { followed, idsOf } from './kit.ts';

/** A watch under the test's hand: what its iterator was asked and told. */
class Watch implements AsyncIterable<string[]>, AsyncIterator<string[]> {
  readonly signal: AbortSignal;
  returned = 0;
  #waiting: PromiseWithResolvers<IteratorResult<string[]>> | undefined = undefined;

  constructor(signal: AbortSignal) {
    this.signal = signal;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<string[]>> {
    let settle: Partial<PromiseWithResolvers<IteratorResult<string[]>>> = {};
    const promise = new Promise<IteratorResult<string[]>>(
      (resolve, reject) => (settle = { resolve, reject }),
    );
    this.#waiting = { ...settle, promise } as PromiseWithResolvers<IteratorResult<string[]>>;
    return promise;
  }

  return(): Promise<IteratorResult<string[]>> {
    this.returned++;
    return Promise.reject(new Error('of return'));
  }

  list(value: unknown): void {
    this.#waiting?.resolve({ done: false, value: value as string[] });
  }

  finish(): void {
    this.#waiting?.resolve({ done: true, value: undefined });
  }

  break(error: unknown): void {
    this.#waiting?.reject(error);
  }
}

interface PromiseWithResolvers<T> {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (error: unknown) => void;
}

function watched(options: Partial<WatchingOptions<string>> = {}) {
  const clock = virtualClock();
  const watches: Watch[] = [];
  const begun: number[] = [];
  const start = clock.now();
  const source = watching<string>({
    watch: ({ signal }) => {
      begun.push(clock.now() - start);
      watches.push(new Watch(signal));
      return watches.at(-1) as Watch;
    },
    clock,
    random: () => 0,
    ...options,
  });
  const last = (): Watch => watches.at(-1) as Watch;
  return { clock, source, watches, begun, last };
}

describe('a source that is watched', () => {
  it('tells of each list as it comes', async () => {
    const { clock, source, last, watches } = watched();
    expect(watches).toHaveLength(0);
    const one = followed(source);
    await clock.settle();
    for (const list of [['a'], ['a', 'b'], ['b', 'a'], ['b']]) {
      last().list(list);
      await clock.settle();
    }
    expect(one.heard).toEqual(['a', 'a b', 'b']);
    expect(watches).toHaveLength(1);
  });

  it.each([
    ['ends', (watch: Watch) => watch.finish(), isSourceEndedError],
    [
      'throws',
      (watch: Watch) => watch.break(new Error('boom')),
      (error: unknown) => /boom/.test(String(error)),
    ],
  ])('is begun again when it %s, and what it found stays', async (_, end, isRight) => {
    const { clock, source, last, begun } = watched();
    const one = followed(source);
    await clock.settle();
    last().list(['a']);
    await clock.settle();
    end(last());
    await clock.settle();
    expect(source.snapshot()).toMatchObject({ state: 'stale' });
    expect(isRight(source.snapshot().lastError)).toBe(true);
    expect(idsOf(source)).toBe('a');
    await clock.advance(500);
    expect(begun).toEqual([0, 500]);
    last().list(['a']);
    await clock.settle();
    expect(source.snapshot().state).toBe('fresh');
    expect(one.heard).toHaveLength(3);
  });

  it('is begun again ever later while it brings no list', async () => {
    const { clock, source, last, begun } = watched({ baseDelayMs: 1000, maxDelayMs: 4000 });
    followed(source);
    for (const delayMs of [500, 1000, 2000, 2000]) {
      await clock.settle();
      last().finish();
      await clock.advance(delayMs);
    }
    expect(begun).toEqual([0, 500, 1500, 3500, 5500]);
    last().list(['a']);
    await clock.settle();
    last().finish();
    await clock.advance(500);
    expect(begun.at(-1)).toBe(6000);
  });

  it.each([
    [
      'throws at once',
      () => {
        throw new Error('boom');
      },
      /boom/,
    ],
    ['gives what cannot be iterated', () => ({}) as never, /what watch returns must be an async iterable/],
    ['gives nothing', () => undefined as never, /what watch returns must be an async iterable/],
    [
      'gives an iterator without promises',
      () => ({ [Symbol.asyncIterator]: () => ({ next: () => ({ done: false, value: ['a'] }) }) }) as never,
      /returns a promise/,
    ],
  ])('bears a watch that %s', async (_, watch, message) => {
    const { clock, source } = watched({ watch });
    const one = followed(source);
    await clock.advance(500);
    expect(String(source.snapshot().lastError)).toMatch(message);
    expect(one.heard).toHaveLength(2);
  });

  it('passes over a list that cannot be used, and goes on', async () => {
    const { clock, source, last, begun } = watched();
    const one = followed(source);
    await clock.settle();
    for (const list of [['a'], [], 7, ['b']]) {
      last().list(list);
      await clock.settle();
    }
    expect(one.heard).toEqual([
      'a',
      '! watching: the answer holds no endpoint',
      expect.stringMatching(/list/),
      'b',
    ]);
    expect(begun).toEqual([0]);
  });

  it('gives up a watch that says nothing for too long, each list counts anew', async () => {
    const { clock, source, watches, last } = watched({ idleTimeoutMs: 1000 });
    followed(source);
    await clock.advance(900);
    last().list(['a']);
    await clock.advance(999);
    expect(watches[0]?.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(isTimeoutError(watches[0]?.signal.reason)).toBe(true);
    expect(watches[0]?.returned).toBe(1);
    expect(isTimeoutError(source.snapshot().lastError)).toBe(true);
    await clock.advance(500);
    expect(watches).toHaveLength(2);
    watches[0]?.list(['late']);
    await clock.settle();
    expect(idsOf(source)).toBe('a');
  });

  it('ends with the last follower: the signal aborts and return() is called, even if it hangs', async () => {
    const { clock, source, last } = watched();
    const one = followed(source);
    await clock.settle();
    last().list(['a']);
    await clock.settle();
    one.stop();
    await clock.settle();
    expect(isSourceStoppedError(last().signal.reason)).toBe(true);
    expect(last().returned).toBe(1);
    expect(clock.pendingTimers).toBe(0);
    expect(source.snapshot()).toMatchObject({ state: 'idle', lastError: undefined });
  });

  it('is not begun again once it is disposed of while it waits for that', async () => {
    const { clock, source, last, begun } = watched();
    followed(source);
    await clock.settle();
    last().finish();
    await clock.settle();
    source.dispose();
    expect(clock.pendingTimers).toBe(0);
    await clock.advance(100_000);
    expect(begun).toEqual([0]);
  });

  it('runs the clean-up of a generator', async () => {
    const clock = virtualClock();
    const cleaned = vi.fn();
    const source = watching<string>({
      watch: async function* ({ signal }) {
        try {
          yield ['a'];
          await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
        } finally {
          cleaned();
        }
      },
      clock,
    });
    const one = followed(source);
    await clock.settle();
    expect(cleaned).not.toHaveBeenCalled();
    one.stop();
    await clock.settle();
    expect(cleaned).toHaveBeenCalledTimes(1);
  });

  it('watches in the async context of its creator', async () => {
    const store = new AsyncLocalStorage<string>();
    const clock = virtualClock();
    const seen: unknown[] = [];
    const source = store.run('creator', () =>
      watching<string>({
        watch: async function* () {
          seen.push(store.getStore());
          yield ['a'];
        },
        clock,
      }),
    );
    store.run('follower', () => followed(source));
    await store.run('clock', () => clock.advance(5000));
    expect(seen.length).toBeGreaterThan(3);
    expect(new Set(seen)).toEqual(new Set(['creator']));
  });

  it.each([
    [{ watch: 1 }, /watching: watch must be a function/],
    [{ idleTimeoutMs: 0 }, /watching: idleTimeoutMs must be/],
    [{ baseDelayMs: 0 }, /watching: baseDelayMs must be/],
    [{ maxDelayMs: 0 }, /watching: maxDelayMs must be/],
  ])('refuses %j', (option, message) => {
    expect(() => watched(option as object)).toThrow(message);
  });
});
