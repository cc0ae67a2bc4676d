/**
 * The clock: the only way in which evenkeel learns the time or waits (law 3). Tests hand in a virtual one.
 */

/** What {@link Clock.setTimeout} answers; opaque. */
export type TimerHandle = unknown;

/**
 * A source of time and timers.
 *
 * `now` is monotonic milliseconds from any origin. A timer that somebody awaits keeps the process alive; one of
 * kind `'background'` (probes, refreshes, sweeps) does not.
 */
export interface Clock {
  now(): number;
  setTimeout(fn: () => void, ms: number, kind?: 'background'): TimerHandle;
  clearTimeout(timer: TimerHandle): void;
}

/** The longest delay that a platform's timer can hold; longer ones fire at once there, so they are clamped. */
export const MAX_DELAY_MS: number = 2 ** 31 - 1;

/** The time of day in milliseconds since 1970: for stamps that others compare. It may step back; nothing waits by it. */
export type WallClock = () => number;

/** The platform's own, looked up at each call so that a fake is seen. */
export const systemWallClock: WallClock = () => Date.now();

/** The platform's own time: `performance.now` and `setTimeout`, looked up at each call so that fakes are seen. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimeout(fn, ms, kind) {
    const timer: unknown = setTimeout(fn, Math.min(ms, MAX_DELAY_MS));
    // Only Node, Bun and Deno have unref; elsewhere no timer keeps anything alive.
    if (kind === 'background') (timer as { unref?: () => void }).unref?.();
    return timer;
  },
  clearTimeout: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
};
