import { systemClock } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { CoarseClock } from '../../src/cache/coarse-clock.ts';

afterEach(() => vi.restoreAllMocks());

describe('the coarse clock', () => {
  it('reads a clock that was handed in every time, in whole milliseconds since the first read', () => {
    const clock = virtualClock(5.5);
    const coarse = new CoarseClock(clock);
    expect(coarse.read()).toBe(0);
    clock.jump(1.9);
    expect(coarse.read()).toBe(1);
    clock.jump(0.1);
    expect(coarse.read()).toBe(2);
    clock.jump(-2);
    expect(coarse.read()).toBe(2);
    expect(clock.pendingTimers).toBe(0);
  });

  it('looks at the system’s clock once in 64 reads, or in a millisecond', () => {
    let now = 1000;
    let fire = (): void => {};
    const look = vi.spyOn(systemClock, 'now').mockImplementation(() => now);
    const setTimeout = vi.spyOn(systemClock, 'setTimeout').mockImplementation((fn) => void (fire = fn));
    const coarse = new CoarseClock(systemClock);
    for (let n = 0; n < 64; n++) coarse.read();
    expect(look).toHaveBeenCalledTimes(1);
    now += 3;
    expect(coarse.read()).toBe(3);
    expect(look).toHaveBeenCalledTimes(2);
    now += 1;
    expect(coarse.read()).toBe(3);
    expect(setTimeout.mock.calls).toEqual([[expect.any(Function), 1, 'background']]);
    fire();
    expect(coarse.read()).toBe(4);
    expect(setTimeout).toHaveBeenCalledTimes(2);
  });
});
