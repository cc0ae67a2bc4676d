import type { Random } from '../core/random.ts';
import { OptionError } from '../core/errors.ts';

/**
 * A generator of numbers from 0 up to 1 that gives the same ones for the same seed (Mulberry32, T. Ettinger).
 *
 * Not for secrets.
 *
 * @throws `OptionError` if the seed is not an integer
 * @example
 * ```ts
 * import { seededRandom } from 'evenkeel/testing';
 * if (seededRandom(1)() !== seededRandom(1)()) throw new Error('not the same');
 * ```
 */
export function seededRandom(seed: number): Random {
  if (!Number.isInteger(seed)) throw new OptionError('seededRandom', 'seed', seed, 'an integer');
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
