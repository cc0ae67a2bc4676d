/** Over what a trip rule counts: a time, or a number of calls. */
import { CallWindow } from '../structures/call-window.ts';
import { RollingWindow } from '../structures/rolling-window.ts';
import { OptionError } from './errors.ts';
import { checkCount, checkInterval, checkNumber } from './options.ts';

export interface CountingWindow {
  /** How many are within it. */
  readonly count: number;
  /** The sum of what was added for them. */
  readonly sum: number;
  add(nowMs: number, value: number): void;
  clear(): void;
}

export interface WindowOptions {
  readonly windowMs?: number;
  readonly windowCalls?: number;
  readonly minimumCalls?: number;
}

export interface CheckedWindow {
  readonly timed: boolean;
  readonly minimumCalls: number;
  readonly open: () => CountingWindow;
}

/** The checked window of a rule: 10 s and at least 20 calls, unless said otherwise. */
export function checkWindow(where: string, options: WindowOptions): CheckedWindow {
  const { windowMs, windowCalls } = options;
  if (windowCalls === undefined) {
    const ms = checkInterval(where, 'windowMs', windowMs ?? 10_000);
    const minimumCalls = checkCount(where, 'minimumCalls', options.minimumCalls ?? 20);
    return { timed: true, minimumCalls, open: () => new RollingWindow(ms) };
  }
  if (windowMs !== undefined)
    throw new OptionError(where, 'windowMs', windowMs, 'left out where windowCalls is given');
  const size = checkNumber(where, 'windowCalls', checkCount(where, 'windowCalls', windowCalls), 1, 1e6);
  const said = checkCount(where, 'minimumCalls', options.minimumCalls ?? Math.min(20, size));
  const minimumCalls = checkNumber(where, 'minimumCalls', said, 1, size);
  return { timed: false, minimumCalls, open: () => new CallWindow(size) };
}
