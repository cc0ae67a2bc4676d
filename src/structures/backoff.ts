/** Further doublings change nothing: any delay is far above every cap by then. */
const MAX_DOUBLINGS = 1000;

/**
 * Full jitter (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015):
 * `delay = draw · min(max, base · 2^(retry − 1))` with a draw from 0 to 1. Of the jitters compared there it
 * does the least total work; and at the cap it still spreads callers over the whole range.
 *
 * @param retry - 1 for the first retry
 * @param draw - a random number from 0 up to 1
 */
export function fullJitter(retry: number, baseMs: number, maxMs: number, draw: number): number {
  // Finite throughout: 0 · ∞ is not a number, and a timer takes that for no wait at all.
  return draw * Math.min(maxMs, baseMs * 2 ** Math.min(retry - 1, MAX_DOUBLINGS), Number.MAX_VALUE);
}
