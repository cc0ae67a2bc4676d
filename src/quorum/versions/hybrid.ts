import { systemWallClock, type WallClock } from '../../core/clock.ts';
import { EvenkeelError, hasCode, OptionError } from '../../core/errors.ts';
import { checkDuration, checkFunction } from '../../core/options.ts';

/** A time of day that orders what happened after what: milliseconds since 1970, and a count within them. */
export interface HybridTime {
  readonly ms: number;
  readonly count: number;
}

export interface HybridClockOptions {
  /** The time of day. @defaultValue the platform's */
  readonly wallClock?: WallClock;
  /** Milliseconds that another's clock may be ahead of ours before it is not believed. @defaultValue 500 */
  readonly maxOffsetMs?: number;
}

export interface HybridClock {
  /** The stamp of something that happens here now, or of a message that is sent. */
  next(): HybridTime;
  /**
   * Takes in the stamp of a message that has come; answers with the stamp of its arrival.
   *
   * @throws {@link ClockAheadError} for one that is too far ahead; the clock stays as it was
   */
  observe(remote: HybridTime): HybridTime;
  readonly last: HybridTime;
}

/** Another machine's clock is further ahead of ours than `maxOffsetMs`: one of them is wrong. */
export class ClockAheadError extends EvenkeelError {
  /** Milliseconds by which it is ahead. */
  readonly aheadMs: number;

  constructor(aheadMs: number, maxOffsetMs: number) {
    super('EVENKEEL_CLOCK_AHEAD', `a stamp is ${aheadMs} ms ahead of this clock, ${maxOffsetMs} allowed`);
    this.aheadMs = aheadMs;
  }

  override get name(): string {
    return 'ClockAheadError';
  }
}

/** Whether `error` is a {@link ClockAheadError}. */
export function isClockAheadError(error: unknown): error is ClockAheadError {
  return hasCode(error, 'EVENKEEL_CLOCK_AHEAD');
}

/**
 * Makes a hybrid logical clock (Kulkarni, Demirbas and others, OPODIS 2014): stamps that stay close to the time of
 * day, never go back although it does, and are ordered as causes and effects are.
 *
 *   here:     l' = max(l, time);      c = l' is l ? c + 1 : 0
 *   arrival:  l' = max(l, m, time);   c = one more than the higher of the counts that go with l', else 0
 *
 * For versions that people read, and for last-write-wins among writes that know of each other. Not enough for a
 * linearizable register: a writer that has not heard of the last write still stamps below it if its clock is slow.
 *
 * @throws `OptionError` for a `maxOffsetMs` below 0, or a wall clock that gives no number
 * @example
 * ```ts
 * import { compareHybrid, hybridClock } from 'evenkeel';
 * let ms = 1_000;
 * const clock = hybridClock({ wallClock: () => ms });
 * const before = clock.next();
 * ms = 900; // the clock was set back
 * if (compareHybrid(clock.next(), before) <= 0) throw new Error('time went back');
 * ```
 */
export function hybridClock(options: HybridClockOptions = {}): HybridClock {
  const wallClock = checkFunction('hybridClock', 'wallClock', options.wallClock ?? systemWallClock);
  const maxOffsetMs = checkDuration('hybridClock', 'maxOffsetMs', options.maxOffsetMs ?? 500);
  let last: HybridTime = { ms: 0, count: 0 };
  const wallMs = (): number => {
    const ms: unknown = wallClock();
    if (typeof ms === 'number' && ms >= 0 && ms <= Number.MAX_SAFE_INTEGER) return Math.floor(ms);
    throw new OptionError('hybridClock', 'wallClock', ms, 'a function that returns milliseconds since 1970');
  };
  return {
    next: () => {
      const ms = Math.max(last.ms, wallMs());
      return (last = { ms, count: ms === last.ms ? last.count + 1 : 0 });
    },
    observe: (remote) => {
      if (!isHybridTime(remote))
        throw new OptionError('hybridClock', 'remote', remote, 'a stamp of such a clock');
      const nowMs = wallMs();
      if (remote.ms - nowMs > maxOffsetMs) throw new ClockAheadError(remote.ms - nowMs, maxOffsetMs);
      const ms = Math.max(last.ms, remote.ms, nowMs);
      const local = ms === last.ms ? last.count : -1;
      const theirs = ms === remote.ms ? remote.count : -1;
      return (last = { ms, count: Math.max(local, theirs) + 1 });
    },
    get last() {
      return last;
    },
  };
}

/** Compares two stamps: above 0 if `a` is the later one. Ties of two processes are for their ids to break. */
export function compareHybrid(a: HybridTime, b: HybridTime): number {
  return a.ms - b.ms || a.count - b.count;
}

function isHybridTime(value: unknown): value is HybridTime {
  if (typeof value !== 'object' || value === null) return false;
  const { ms, count } = value as { ms?: unknown; count?: unknown };
  return Number.isSafeInteger(ms) && Number.isSafeInteger(count) && Number(ms) >= 0 && Number(count) >= 0;
}
