/** How many it takes where some may lie. */
import { OptionError } from '../core/errors.ts';
import { checkCount } from '../core/options.ts';

/** Numbers for f liars. */
export interface ByzantineSizes {
  /** So many equal answers have an honest one among them: f + 1. For `required` of {@link agree}. */
  readonly toTrust: number;
  /** So many asked bring so many equal answers, whatever the liars do, if the honest agree: 2f + 1. */
  readonly toAsk: number;
}

/**
 * How many operators have to agree so that f liars among them cannot make an answer up, and how many have to be
 * asked so that f who lie or are silent cannot prevent one.
 *
 * @throws `OptionError` if `f` is not a whole number of at least 0
 * @example
 * ```ts
 * import { againstLiars } from 'evenkeel';
 * const { toTrust, toAsk } = againstLiars(1);
 * if (toTrust !== 2 || toAsk !== 3) throw new Error('two alike of three');
 * ```
 */
export function againstLiars(f: number): ByzantineSizes {
  checkLiars('againstLiars', f);
  return { toTrust: f + 1, toAsk: 2 * f + 1 };
}

export interface LiarQuorum {
  /** All replicas. */
  readonly n: number;
  /** How many of them may lie. */
  readonly f: number;
  /** Whether a value proves by itself who wrote it, as one that is signed does. */
  readonly data: 'self-verifying' | 'unsigned';
}

/**
 * The size of quorums of which any two share enough honest members for a replicated register (Malkhi and Reiter,
 * 1998): ⌈(n + f + 1) / 2⌉ of n ≥ 3f + 1 if data verifies itself, ⌈(n + 2f + 1) / 2⌉ of n ≥ 4f + 1 if not; then only
 * what f + 1 vouch for may be believed.
 *
 * @throws `OptionError` if there are too few replicas for so many liars
 */
export function liarQuorum({ n, f, data }: LiarQuorum): number {
  checkLiars('liarQuorum', f);
  const unsigned = data === 'unsigned';
  if (!unsigned && data !== 'self-verifying') {
    throw new OptionError('liarQuorum', 'data', data, "'self-verifying' or 'unsigned'");
  }
  const least = (unsigned ? 4 : 3) * f + 1;
  if (!Number.isSafeInteger(n) || n < least) {
    throw new OptionError('liarQuorum', 'n', n, `a whole number of at least ${least}`);
  }
  return Math.ceil((n + (unsigned ? 2 : 1) * f + 1) / 2);
}

function checkLiars(where: string, f: number): void {
  if (checkCount(where, 'f', f, 0) === Infinity) throw new OptionError(where, 'f', f, 'a whole number');
}
