/**
 * Full jitter (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015):
 * `delay = draw · min(max, base · 2^(retry − 1))` with a draw from 0 to 1. Of the jitters compared there it
 * does the least total work; and at the cap it still spreads callers over the whole range.
 *
 * @param retry - 1 for the first retry
 * @param draw - a random number from 0 up to 1
 */
export function fullJitter(retry: number, baseMs: number, maxMs: number, draw: number): number {
  return draw * Math.min(maxMs, baseMs * 2 ** (retry - 1));
}
