import { OptionError } from '../core/errors.ts';

/**
 * The smallest number of `n` replicas of which any two sets share a member: half of them, rounded down, plus one.
 *
 * It is good to be odd: 4 replicas need 3 and survive one failure, as 3 replicas do, for more money. With
 * `required` a majority for reads and for writes, every read meets every acknowledged write. Not for counting
 * the replicas that happen to answer: `n` is how many are configured.
 *
 * @throws {@link OptionError} if `n` is not a whole number of at least 1
 * @example
 * ```ts
 * import { majority } from 'evenkeel';
 * if ([1, 2, 3, 4, 5].map(majority).join() !== '1,2,2,3,3') throw new Error('not a majority');
 * ```
 */
export function majority(n: number): number {
  if (!Number.isSafeInteger(n) || n < 1) {
    throw new OptionError('majority', 'n', n, 'a whole number of at least 1');
  }
  return Math.floor(n / 2) + 1;
}
