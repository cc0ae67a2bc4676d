/**
 * Backoff: how long to wait before a retry, as pure functions of a random draw.
 *
 * Each keeps its jitter at the cap. Clamping after the draw (as some libraries do) makes every client wait exactly the
 * cap, and all of them come back together.
 */

/** What a delay is made of. */
export interface BackoffStep {
  /** 1 for the first retry. */
  readonly retry: number;
  /** A random number from 0 up to 1. */
  readonly draw: number;
  /** Milliseconds waited before the retry before this one; 0 for the first. */
  readonly previousMs: number;
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
}

/** Milliseconds to wait before a retry. */
export type Backoff = (step: BackoffStep) => number;

/** Further doublings change nothing: any delay is far above every cap by then. */
const MAX_DOUBLINGS = 1000;

/**
 * Full jitter (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015):
 * `delay = draw · min(max, base · 2^(retry − 1))`. Of the jitters compared there it does the least total work.
 */
export const fullJitter: Backoff = (step) => step.draw * exponential(step);

/** Equal jitter (same source): half of the exponential delay is kept, so no retry comes at once. */
export const equalJitter: Backoff = (step) => ((1 + step.draw) / 2) * exponential(step);

/**
 * Decorrelated jitter (same source): drawn from `base` to three times the delay before. The upper end is cut at the
 * cap, and not what was drawn.
 */
export const decorrelatedJitter: Backoff = ({ draw, previousMs, baseDelayMs, maxDelayMs }) => {
  const upTo = Math.min(maxDelayMs, 3 * Math.max(previousMs, baseDelayMs), Number.MAX_VALUE);
  const from = Math.min(baseDelayMs, upTo);
  return from + draw * (upTo - from);
};

/** Finite throughout: 0 · ∞ is not a number, and a timer takes that for no wait at all. */
function exponential({ retry, baseDelayMs, maxDelayMs }: BackoffStep): number {
  return Math.min(maxDelayMs, baseDelayMs * 2 ** Math.min(retry - 1, MAX_DOUBLINGS), Number.MAX_VALUE);
}
