import { AsyncLocalStorage } from 'node:async_hooks';
import { endpoint, isTimeoutError, type ObserverEvent } from 'evenkeel';
import { type VirtualClock, virtualClock } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';
import {
  isEmptyAnswerError,
  isSourceStoppedError,
  polling,
  type PollingOptions,
} from '../../src/discovery/index.ts';
import { followed, idsOf, recorder } from './kit.ts';

type Answer = readonly string[] | Error;

/** A registry whose answers the test sets, and what it was asked. */
function registry(options: Partial<PollingOptions<string>> = {}) {
  const clock = (options.clock as VirtualClock | undefined) ?? virtualClock();
  const events: ObserverEvent[] = [];
  const asks: number[] = [];
  const state: { answer: unknown; signal: AbortSignal | undefined } = {
    answer: ['a', 'b'],
    signal: undefined,
  };
  const source = polling<string>({
    list: async ({ signal }) => {
      asks.push(clock.now());
      state.signal = signal;
      if (state.answer instanceof Error) throw state.answer;
      return (await state.answer) as Answer & readonly string[];
    },
    jitter: 0,
    clock,
    random: () => 0.5,
    observer: (event) => events.push(event),
    ...options,
  });
  const start = clock.now();
  const gaps = () => asks.map((at) => at - start);
  return { clock, events, state, source, asks, gaps };
}

describe('a source that is asked', () => {
  it('is asked by nobody before the first follower, nor after the last', async () => {
    const { clock, source, gaps } = registry();
    await clock.advance(60_000);
    expect(gaps()).toEqual([]);
    expect(source.snapshot()).toEqual({
      endpoints: [],
      ageMs: undefined,
      state: 'idle',
      lastError: undefined,
    });
    const [one, two] = [followed(source), followed(source)];
    expect(source.snapshot().state).toBe('waiting');
    await clock.advance(65_000);
    expect(gaps()).toEqual([60_000, 90_000, 120_000]);
    one.stop();
    one.stop();
    await clock.advance(30_000);
    expect(gaps()).toHaveLength(4);
    two.stop();
    expect(clock.pendingTimers).toBe(0);
    await clock.advance(100_000);
    expect(gaps()).toHaveLength(4);
    expect(source.snapshot()).toMatchObject({ state: 'idle', ageMs: 105_000 });
  });

  it('tells each follower once of what it found, newcomers at once', async () => {
    const { clock, source, state } = registry();
    const one = followed(source);
    await clock.advance(100_000);
    state.answer = ['b', 'a'];
    await clock.advance(100_000);
    expect(one.heard).toEqual(['a b']);
    const two = followed(source);
    expect(two.heard).toEqual(['a b']);
    state.answer = ['b', 'c'];
    await clock.advance(30_000);
    expect([one.heard, two.heard]).toEqual([
      ['a b', 'b c'],
      ['a b', 'b c'],
    ]);
    expect(source.snapshot()).toMatchObject({ state: 'fresh', lastError: undefined });
  });

  it('asks earlier by the jitter, never later', async () => {
    const draws = [0, 0.5, 0.999];
    const { clock, source, gaps } = registry({
      jitter: 0.2,
      intervalMs: 1000,
      random: () => draws.shift() ?? 0,
    });
    followed(source);
    await clock.advance(2800);
    expect(gaps().map(Math.round)).toEqual([0, 1000, 1900, 2700]);
  });

  it('keeps the last good answer when it fails, and asks again with backoff up to the interval', async () => {
    const { clock, source, state, gaps } = registry({
      intervalMs: 10_000,
      baseDelayMs: 1000,
      random: () => 0,
    });
    const one = followed(source);
    await clock.advance(0);
    state.answer = new Error('down');
    await clock.advance(40_000);
    // Half of 1, 2, 4, 8, 10, 10 seconds: the draw is 0.
    expect(gaps()).toEqual([0, 10_000, 10_500, 11_500, 13_500, 17_500, 22_500, 27_500, 32_500, 37_500]);
    expect(source.snapshot()).toMatchObject({ state: 'stale', ageMs: 40_000, lastError: state.answer });
    expect(idsOf(source)).toBe('a b');
    state.answer = ['a', 'b'];
    await clock.advance(2500);
    // That it is well again is told, though nothing has changed; and the backoff begins anew.
    expect(one.heard.at(-1)).toBe('a b');
    expect(source.snapshot()).toMatchObject({ state: 'fresh', lastError: undefined });
    state.answer = new Error('down');
    await clock.advance(10_600);
    expect(gaps().slice(-3)).toEqual([42_500, 52_500, 53_000]);
  });

  it('tells a newcomer that it fails', async () => {
    const { clock, source, state } = registry();
    state.answer = new Error('down');
    followed(source);
    await clock.advance(0);
    expect(followed(source).heard).toEqual(['! down']);
    expect(source.snapshot()).toMatchObject({ state: 'waiting', ageMs: undefined });
  });

  it('tells no one of an old failure when it begins again', async () => {
    const { clock, source, state } = registry();
    state.answer = new Error('down');
    const one = followed(source);
    await clock.advance(0);
    one.stop();
    expect(source.snapshot()).toMatchObject({ state: 'idle', lastError: state.answer });
    const again = followed(source);
    expect(again.heard).toEqual([]);
    await clock.settle();
    expect(again.heard).toEqual(['! down']);
  });

  it.each([
    ['an empty list', [], isEmptyAnswerError],
    ['no list', { a: 1 }, (error: unknown) => /must be a list/.test((error as Error).message)],
    ['nothing', undefined, (error: unknown) => /must be a list/.test((error as Error).message)],
  ])('follows no answer that is %s', async (_, answer, isRight) => {
    const { clock, source, state, events } = registry({ intervalMs: 10_000 });
    const one = followed(source);
    await clock.advance(0);
    state.answer = answer;
    await clock.advance(10_000);
    expect(source.snapshot()).toMatchObject({ state: 'stale' });
    expect(isRight(source.snapshot().lastError)).toBe(true);
    expect(idsOf(source)).toBe('a b');
    expect(one.heard).toHaveLength(2);
    expect(events.at(-1)).toMatchObject({ room: 'discovery', type: 'failed', known: 2, state: 'stale' });
  });

  it('gives up an ask that hangs, and asks again', async () => {
    const { clock, source, state, gaps } = registry({ timeoutMs: 2000, baseDelayMs: 1000 });
    state.answer = new Promise(() => {});
    followed(source);
    await clock.advance(1999);
    expect(state.signal?.aborted).toBe(false);
    await clock.advance(1);
    expect(isTimeoutError(state.signal?.reason)).toBe(true);
    expect(isTimeoutError(source.snapshot().lastError)).toBe(true);
    await clock.advance(750);
    expect(gaps()).toEqual([0, 2750]);
  });

  it('does not follow an answer that comes after it was given up', async () => {
    const { clock, source, state } = registry({ timeoutMs: 2000 });
    let answer: (list: string[]) => void = () => {};
    state.answer = new Promise<string[]>((resolve) => (answer = resolve));
    const one = followed(source);
    await clock.advance(2000);
    answer(['late']);
    await clock.settle();
    expect(one.heard).toEqual([expect.stringContaining('did not settle')]);
  });

  it('aborts the ask that is out when the last follower goes, and is deaf to its answer', async () => {
    const { clock, source, state } = registry();
    let answer: (list: string[]) => void = () => {};
    state.answer = new Promise<string[]>((resolve) => (answer = resolve));
    const one = followed(source);
    await clock.settle();
    one.stop();
    expect(isSourceStoppedError(state.signal?.reason)).toBe(true);
    answer(['late']);
    await clock.settle();
    expect(source.snapshot()).toMatchObject({ endpoints: [], state: 'idle' });
    expect(one.heard).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('aborts no signal of an ask that was answered', async () => {
    const { clock, source, state } = registry();
    const one = followed(source);
    await clock.advance(0);
    one.stop();
    expect(state.signal?.aborted).toBe(false);
  });

  it('is begun anew by who follows it again, with what it knew', async () => {
    const { clock, source, state, gaps } = registry();
    followed(source).stop();
    await clock.advance(0);
    expect(gaps()).toEqual([]);
    const one = followed(source);
    await clock.advance(10);
    one.stop();
    await clock.advance(5000);
    state.answer = ['c'];
    const again = followed(source);
    expect(again.heard).toEqual(['a b']);
    expect(source.snapshot().state).toBe('stale');
    await clock.advance(0);
    expect(again.heard).toEqual(['a b', 'c']);
    expect(gaps()).toEqual([0, 5010]);
  });

  it('is lost when it is older than it may be, and found again', async () => {
    const { clock, source, state, events } = registry({ maxAgeMs: 45_000 });
    const one = followed(source);
    await clock.advance(0);
    state.answer = new Error('down');
    await clock.advance(44_999);
    expect(source.snapshot().state).toBe('stale');
    await clock.advance(1);
    expect(source.snapshot()).toMatchObject({ state: 'lost', ageMs: 45_000 });
    expect(one.heard.filter((word) => word === 'lost')).toHaveLength(1);
    expect(events.filter(({ type }) => type === 'lost')).toMatchObject([{ ageMs: 45_000 }]);
    expect(followed(source).heard).toEqual(['lost', '! down']);
    await clock.advance(100_000);
    expect(one.heard.filter((word) => word === 'lost')).toHaveLength(1);
    state.answer = ['a', 'b'];
    await clock.advance(30_000);
    expect(one.heard.at(-1)).toBe('a b');
  });

  it('is lost also at a time that a sum of readings misses by a rounding', async () => {
    const clock = virtualClock(247_911.8758555218);
    expect(clock.now() + 20_000 - clock.now()).toBeLessThan(20_000);
    const { source } = registry({ maxAgeMs: 20_000, clock });
    const one = followed(source);
    await clock.advance(20_001);
    expect(one.heard).toEqual(['a b', 'lost']);
  });

  it('counts the age also while nobody follows it', async () => {
    const { clock, source } = registry({ maxAgeMs: 45_000 });
    const one = followed(source);
    await clock.advance(0);
    one.stop();
    expect(clock.pendingTimers).toBe(0);
    clock.jump(45_000);
    const again = followed(source);
    expect(again.heard).toEqual([]);
    expect(source.snapshot()).toMatchObject({ state: 'lost', ageMs: 45_000 });
    await clock.settle();
    expect(again.heard).toEqual(['a b']);
  });

  it('keeps who vanishes for a while, and tells of who is new at once', async () => {
    const { clock, source, state } = registry({ intervalMs: 1000, removalDelayMs: 2500 });
    const one = followed(source);
    await clock.advance(0);
    for (const answer of [['a', 'c'], ['b'], ['a', 'b', 'c']]) {
      state.answer = answer;
      await clock.advance(1000);
    }
    expect(one.heard).toEqual(
      ['a b', 'a c b', 'a b c'].map((ids, n) => (n === 1 ? 'a c b' : ids)).slice(0, 2),
    );
    state.answer = ['c'];
    await clock.advance(3499);
    expect(one.heard).toHaveLength(2);
    await clock.advance(1);
    expect(one.heard.at(-1)).toBe('c');
  });

  it('keeps the first of two endpoints with one identity, and tells the observer', async () => {
    const { clock, source, state, events } = registry();
    state.answer = [endpoint('http://u:secret@x', { id: 'http://u:secret@x' }), 'http://u:secret@x', 'b'];
    followed(source);
    await clock.advance(0);
    expect(source.snapshot().endpoints).toHaveLength(2);
    expect(events.filter(({ type }) => type === 'duplicates')).toMatchObject([
      { endpoint: 'http://x', duplicates: 1 },
    ]);
  });

  it('refuses an answer of more endpoints than it may hold', async () => {
    const { clock, source, state } = registry({ maxEndpoints: 2 });
    followed(source);
    await clock.advance(0);
    state.answer = ['a', 'b', 'c'];
    await clock.advance(30_000);
    expect(String(source.snapshot().lastError)).toMatch(/length of the answer must be at most 2, got 3/);
    expect(idsOf(source)).toBe('a b');
  });

  it('holds ten thousand endpoints', async () => {
    const { clock, source, state } = registry();
    state.answer = Array.from({ length: 10_000 }, (_, n) => `10.0.${n >> 8}.${n & 255}`);
    const one = followed(source);
    await clock.advance(30_000);
    expect(one.heard).toHaveLength(1);
    expect(source.snapshot().endpoints).toHaveLength(10_000);
  });

  it('is not disturbed by followers that throw', async () => {
    const { clock, source, state, events } = registry({ maxAgeMs: 100_000 });
    const boom = (): never => {
      throw new Error('of the follower');
    };
    source.follow({ found: boom, failed: boom, lost: boom });
    const one = followed(source);
    await clock.advance(0);
    state.answer = new Error('down');
    await clock.advance(31_000);
    expect(one.heard.slice(0, 2)).toEqual(['a b', '! down']);
    expect(events.filter(({ type }) => type === 'follower-threw')[0]).toMatchObject({ reason: 'Error' });
    expect(() => source.follow({ found: boom, failed: boom, lost: boom })).not.toThrow();
  });

  it('lets a follower stop, follow or dispose while it is told', async () => {
    const { clock, source, state } = registry();
    const [other, late] = [recorder<string>(), recorder<string>()];
    let stopOther: () => void = () => {};
    let news = 0;
    source.follow({
      found: () => {
        news++;
        if (news === 1) source.follow(late);
        if (news === 2) stopOther();
        if (news === 3) source.dispose();
      },
      failed: () => {},
      lost: () => {},
    });
    stopOther = source.follow(other);
    for (const answer of [['a'], ['b'], ['c'], ['d']]) {
      state.answer = answer;
      await clock.advance(30_000);
    }
    expect(other.heard).toEqual(['a']);
    expect(late.heard).toEqual(['a', 'b']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('lets all go when it is disposed of', async () => {
    const { clock, source, asks } = registry({ maxAgeMs: 50_000 });
    const one = followed(source);
    await clock.advance(0);
    source[Symbol.dispose]();
    expect(clock.pendingTimers).toBe(0);
    await clock.advance(100_000);
    expect([asks.length, one.heard.length]).toEqual([1, 1]);
    one.stop();
    source.dispose();
  });

  it('asks in the async context of its creator, and never twice at once', async () => {
    const store = new AsyncLocalStorage<string>();
    const clock = virtualClock();
    const seen: unknown[] = [];
    let out = 0;
    const source = store.run('creator', () =>
      polling<string>({
        list: async () => {
          expect(++out).toBe(1);
          seen.push(store.getStore());
          await Promise.resolve();
          seen.push(store.getStore());
          out--;
          return ['a'];
        },
        jitter: 0,
        maxAgeMs: 20_000,
        clock,
      }),
    );
    store.run('follower', () => followed(source));
    await store.run('clock', () => clock.advance(60_000));
    expect(seen.length).toBeGreaterThanOrEqual(6);
    expect(new Set(seen)).toEqual(new Set(['creator']));
  });

  it('tells what was added and removed, and no more than a code of an error', async () => {
    const { clock, source, state, events } = registry({ name: 'users' });
    followed(source);
    await clock.advance(0);
    state.answer = ['b', 'c', 'd'];
    await clock.advance(30_000);
    state.answer = Object.assign(new Error('http://user:secret@registry'), { code: 'ECONNREFUSED' });
    await clock.advance(30_000);
    expect(events).toEqual([
      { room: 'discovery', type: 'found', name: 'users', endpoints: 2, added: 2, removed: 0 },
      { room: 'discovery', type: 'found', name: 'users', endpoints: 3, added: 2, removed: 1 },
      { room: 'discovery', type: 'failed', name: 'users', reason: 'ECONNREFUSED', known: 3, state: 'stale' },
    ]);
  });

  it.each([
    [{ list: 1 }, /polling: list must be a function/],
    [{ intervalMs: 0 }, /polling: intervalMs must be milliseconds above 0/],
    [{ timeoutMs: 0 }, /polling: timeoutMs must be/],
    [{ baseDelayMs: -1 }, /polling: baseDelayMs must be/],
    [{ jitter: 1.5 }, /polling: jitter must be a number from 0 to 1/],
    [{ maxAgeMs: 0 }, /polling: maxAgeMs must be/],
    [{ removalDelayMs: -1 }, /polling: removalDelayMs must be/],
    [{ maxEndpoints: 0 }, /polling: maxEndpoints must be/],
  ])('refuses %j', (option, message) => {
    expect(() => polling({ list: async () => ['a'], ...(option as object) })).toThrow(message);
  });

  it('refuses a follower that is none', () => {
    expect(() => registry().source.follow({} as never)).toThrow(/follower must be something with found\(\)/);
  });

  it('asks once if it is told to, and again only after failures', async () => {
    const { clock, source, state, asks } = registry({ intervalMs: Infinity });
    state.answer = new Error('down');
    followed(source);
    await clock.advance(0);
    state.answer = ['a'];
    await clock.advance(1_000_000);
    expect(asks).toHaveLength(2);
    expect(clock.pendingTimers).toBe(0);
  });
});
