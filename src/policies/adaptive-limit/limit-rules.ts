/** The rules by which `adaptiveLimit` finds its limit; each is a description that makes its own state. */
import { OptionError } from '../../core/errors.ts';
import { checkCount, checkInterval, checkNumber } from '../../core/options.ts';
import { Aimd } from '../../structures/aimd.ts';
import { Gradient2 } from '../../structures/gradient2.ts';
import { clampLimit, type LimitBounds, type LimitState } from '../../structures/limit-state.ts';

export type { LimitState } from '../../structures/limit-state.ts';

/** How to find a limit of concurrency: a description, from which each policy makes the state it keeps. */
export interface LimitRule {
  create(): LimitState;
}

/** Where a limit begins, and within what it stays. */
export interface LimitBoundsOptions {
  /** @defaultValue 20 */
  readonly initialLimit?: number;
  /** @defaultValue 1 */
  readonly minLimit?: number;
  /** @defaultValue 200 */
  readonly maxLimit?: number;
}

export interface AimdOptions extends LimitBoundsOptions {
  /** What a drop leaves of the limit, above 0 and below 1. @defaultValue 0.9 */
  readonly backoff?: number;
  /** Milliseconds: a success that took longer counts as a drop. @defaultValue 5_000 */
  readonly tooSlowMs?: number;
}

/**
 * Additive increase, multiplicative decrease: one more for each round trip in which at least half of the limit was
 * used and nothing was refused or ran out of time, else nine tenths of it, once a round trip; before the first of these
 * it doubles in each (Chiu and Jain, 1989; RFC 5681; Netflix's concurrency-limits, which recommends it for clients).
 *
 * Finds what the server refuses, not what makes it slow: for a server that queues without a bound, `gradient2`.
 *
 * @throws {@link OptionError} for an option out of its range
 * @example
 * ```ts
 * import { adaptiveLimit, aimd } from 'evenkeel';
 * const guard = adaptiveLimit({ algorithm: aimd({ initialLimit: 10 }) });
 * const busy = Object.assign(new Error('busy'), { retryAfterMs: 0 });
 * await guard.run(() => Promise.reject(busy)).catch(() => {});
 * if (guard.snapshot().limit !== 9) throw new Error('not cut');
 * ```
 */
export function aimd(options: AimdOptions = {}): LimitRule {
  const bounds = boundsOf('aimd', options);
  const below1 = 1 - Number.EPSILON;
  const backoff = checkNumber('aimd', 'backoff', options.backoff ?? 0.9, Number.EPSILON, below1);
  const tooSlowMs = checkInterval('aimd', 'tooSlowMs', options.tooSlowMs ?? 5000);
  return { create: () => new Aimd(bounds, backoff, tooSlowMs) };
}

export interface Gradient2Options extends LimitBoundsOptions {
  /** How many times as long as usual calls may take before the limit falls; at least 1. @defaultValue 1.5 */
  readonly tolerance?: number;
  /** Milliseconds over which latency is averaged. @defaultValue 1_000 */
  readonly windowMs?: number;
}

/**
 * Follows latency: `limit = 0.8 · limit + 0.2 · (clamp(tolerance · long / short, 0.5, 1) · limit + 4)`, where `short`
 * is the mean of a window and `long` its moving average over 600; a window with a drop leaves nine tenths (Gradient2
 * of Netflix's concurrency-limits).
 *
 * For servers that queue instead of refusing. It allows as much queueing as `tolerance` says, and takes a load that
 * stays for usual in the end: under a saturation that lasts for many minutes the limit creeps up.
 *
 * @throws {@link OptionError} for an option out of its range
 * @example
 * ```ts
 * import { adaptiveLimit, gradient2 } from 'evenkeel';
 * const guard = adaptiveLimit({ algorithm: gradient2({ initialLimit: 50, tolerance: 1.2 }) });
 * if (guard.snapshot().limit !== 50) throw new Error('it begins there');
 * ```
 */
export function gradient2(options: Gradient2Options = {}): LimitRule {
  const bounds = boundsOf('gradient2', options);
  const tolerance = checkNumber('gradient2', 'tolerance', options.tolerance ?? 1.5, 1, Number.MAX_VALUE);
  const windowMs = checkInterval('gradient2', 'windowMs', options.windowMs ?? 1000);
  return { create: () => new Gradient2(bounds, tolerance, windowMs) };
}

function boundsOf(where: string, options: LimitBoundsOptions): LimitBounds {
  const minLimit = checkCount(where, 'minLimit', options.minLimit ?? 1);
  const maxLimit = checkCount(where, 'maxLimit', options.maxLimit ?? Math.max(200, minLimit), minLimit);
  const initialLimit = checkCount(
    where,
    'initialLimit',
    options.initialLimit ?? clampLimit(20, { initialLimit: 20, minLimit, maxLimit }),
  );
  if (initialLimit < minLimit || initialLimit > maxLimit)
    throw new OptionError(where, 'initialLimit', initialLimit, `from ${minLimit} to ${maxLimit}`);
  return { initialLimit, minLimit, maxLimit };
}
