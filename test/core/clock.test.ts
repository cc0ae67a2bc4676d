import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MAX_DELAY_MS, systemClock } from '../../src/core/clock.ts';

describe('the system clock', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
  afterEach(() => vi.useRealTimers());

  it('reads monotonic milliseconds, from whichever performance is there when it is asked', () => {
    const before = systemClock.now();
    vi.advanceTimersByTime(250);
    expect(systemClock.now() - before).toBe(250);
  });

  it.each([2 ** 31, 2 ** 40, Infinity])('clamps a delay of %d ms, which would fire at once', (ms) => {
    const platform = vi.spyOn(globalThis, 'setTimeout');
    systemClock.clearTimeout(systemClock.setTimeout(() => {}, ms));
    expect(platform.mock.calls[0]?.[1]).toBe(2 ** 31 - 1);
    expect(MAX_DELAY_MS).toBe(2 ** 31 - 1);
  });

  it('fires after the delay, and never when cleared', () => {
    const [rings, cleared] = [vi.fn(), vi.fn()];
    systemClock.setTimeout(rings, 10);
    systemClock.clearTimeout(systemClock.setTimeout(cleared, 10));
    vi.advanceTimersByTime(9);
    expect(rings).not.toHaveBeenCalled();
    vi.advanceTimersByTime(100);
    expect(rings).toHaveBeenCalledTimes(1);
    expect(cleared).not.toHaveBeenCalled();
  });

  it('takes the clearing of no timer as nothing', () => {
    expect(() => systemClock.clearTimeout(undefined)).not.toThrow();
  });
});

describe('timers of the system clock', () => {
  it('keep the process alive when somebody awaits them, and do not in the background', () => {
    const awaited = systemClock.setTimeout(() => {}, 1000) as NodeJS.Timeout;
    const background = systemClock.setTimeout(() => {}, 1000, 'background') as NodeJS.Timeout;
    expect([awaited.hasRef(), background.hasRef()]).toEqual([true, false]);
    clearTimeout(awaited);
    clearTimeout(background);
  });

  it('work where timers are plain numbers without unref', () => {
    vi.stubGlobal('setTimeout', () => 7);
    expect(systemClock.setTimeout(() => {}, 1, 'background')).toBe(7);
    vi.unstubAllGlobals();
  });
});
