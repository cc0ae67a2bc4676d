import { systemClock } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Deadlines, type Limited } from '../../src/cache/deadlines.ts';
import { bench, fill } from './kit.ts';

type Work = { -readonly [K in keyof Limited]: Limited[K] };
const work = (dueMs: number): Work => ({ dueMs, idle: false, ended: false, timer: undefined });

afterEach(() => vi.restoreAllMocks());

describe('hard timeouts', () => {
  it('on the system’s clock make one short timer for many loads, and one each for those that last', () => {
    const timers: { fn: () => void; ms: number; kind: string | undefined }[] = [];
    vi.spyOn(systemClock, 'now').mockReturnValue(1000);
    vi.spyOn(systemClock, 'setTimeout').mockImplementation((fn, ms, kind) => timers.push({ fn, ms, kind }));
    const expired: unknown[] = [];
    const deadlines = new Deadlines<Work>(systemClock, (late) => expired.push(late));
    const loads = [1500, 1500, Infinity].map(work);
    for (const load of loads) deadlines.watch(load);
    expect(timers).toMatchObject([{ ms: 1, kind: undefined }]);
    const [quick, slow] = loads as [Work, Work];
    quick.ended = true;
    timers[0]?.fn();
    expect(timers).toMatchObject([{ ms: 1 }, { ms: 500, kind: undefined }]);
    timers[1]?.fn();
    expect(expired).toEqual([slow]);
    deadlines.watch(work(1500));
    expect(timers).toHaveLength(3);
  });

  it('do not gather loads without end in a loop that holds up every timer', () => {
    vi.spyOn(systemClock, 'now').mockReturnValue(1000);
    const set = vi.spyOn(systemClock, 'setTimeout').mockImplementation(() => 1);
    const deadlines = new Deadlines<Work>(systemClock, () => {});
    for (let n = 0; n < 64; n++) deadlines.watch(work(1500));
    // The short one, and one for each load that is under way still.
    expect(set).toHaveBeenCalledTimes(65);
  });

  it('on a clock that was handed in are exact', async () => {
    const clock = virtualClock();
    const expired: unknown[] = [];
    const deadlines = new Deadlines<Work>(clock, (late) => expired.push(late));
    const load = work(clock.now() + 500);
    deadlines.watch(load);
    await clock.advance(499);
    expect(expired).toEqual([]);
    await clock.advance(1);
    expect(expired).toEqual([load]);
  });

  it.each([Infinity, 500])(
    'of a refresh do not keep the process alive until a caller waits',
    async (soft) => {
      const { clock, origin, users } = bench({
        staleWhileRevalidateMs: 50,
        staleIfErrorMs: 1000,
        softTimeoutMs: soft,
      });
      const set = vi.spyOn(clock, 'setTimeout');
      await fill({ origin, users }, 'a', 'one');
      await clock.advance(100);
      await users.get('a');
      expect(set.mock.lastCall?.[2]).toBe('background');
      await clock.advance(60);
      const answers = [users.get('a'), users.get('a')];
      expect(set).toHaveBeenCalledTimes(soft === Infinity ? 3 : 4);
      expect(set.mock.lastCall).toEqual([expect.any(Function), 29_940, undefined]);
      origin.next().resolve('two');
      expect(await Promise.all(answers)).toEqual(['two', 'two']);
      expect(clock.pendingTimers).toBe(0);
    },
  );
});
