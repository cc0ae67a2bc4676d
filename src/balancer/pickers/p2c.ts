/**
 * The power of two choices (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", TPDS 2001):
 * draw two endpoints at random and take the better. Nearly as good as asking all, at a cost that does not grow
 * with their number, and without the herd that follows when all clients know who is best.
 *
 * If neither is healthy, draw again, up to five times (Finagle's P2CPick); then the best of all that were drawn is
 * used, whatever its status. With a share u of unhealthy endpoints that happens in about u^10 of the picks.
 *
 * The same is done when the better one is an outlier by its cost. Two draws see only slow endpoints in one of six
 * picks if two of four are slow (brpc issue 3340), and in one of 7 776 with five times two.
 */
import { HEALTHY } from '../../core/health.ts';
import { checkCount } from '../../core/options.ts';
import type { Random } from '../../core/random.ts';
import { drawTwo } from '../../structures/two-draw.ts';
import { Draw } from './draw.ts';
import {
  bestOf,
  better,
  type Candidate,
  MAX_DRAWS,
  type PickedCall,
  type Picker,
  type PickerState,
  standing,
  unlessTried,
} from './picker.ts';

export interface P2cOptions {
  /** How many are drawn and compared. @defaultValue 2 */
  readonly choices?: number;
}

/**
 * Picks the better of two endpoints drawn at random, by their weight; of all, with random ties, when there are
 * no more than `choices`.
 *
 * More choices compare more at a higher cost per pick, and gain little. Not where the same key must go to the same
 * endpoint.
 *
 * @throws {@link OptionError} if `choices` is not a whole number of at least 2
 * @example
 * ```ts
 * import { balance, p2c } from 'evenkeel';
 * const call = balance({ endpoints: ['a', 'b', 'c'], send: async (host) => host, pick: p2c({ choices: 2 }) });
 * if (!['a', 'b', 'c'].includes(await call())) throw new Error('who answered?');
 * ```
 */
export function p2c(options: P2cOptions = {}): Picker {
  const choices = checkCount('p2c', 'choices', options.choices ?? 2, 2);
  return { create: ({ random }) => new P2c(choices, random) };
}

class P2c implements PickerState {
  readonly #choices: number;
  readonly #random: Random;
  readonly #draw: Draw;

  constructor(choices: number, random: Random) {
    this.#choices = choices;
    this.#random = random;
    this.#draw = new Draw(random);
  }

  update(candidates: readonly Candidate[]): void {
    this.#draw.update(candidates);
  }

  pick(nowMs: number, call: PickedCall): Candidate {
    const { candidates } = this.#draw;
    if (candidates.length <= this.#choices) return bestOf(candidates, nowMs, call, this.#random);
    let best: Candidate | undefined;
    for (let draws = 0; draws < MAX_DRAWS; draws++) {
      const drawn = this.#choices === 2 ? this.#betterOfTwo(nowMs, call) : this.#bestOfMany(nowMs, call);
      best = best === undefined ? drawn : better(best, drawn, nowMs, call);
      if (standing(best, call) === HEALTHY && !best.outlier) break;
    }
    return unlessTried(best as Candidate, candidates, nowMs, call, this.#random);
  }

  /** Two distinct ones; both from one random number while all weigh the same. */
  #betterOfTwo(nowMs: number, call: PickedCall): Candidate {
    const { candidates } = this.#draw;
    if (!this.#draw.even) {
      const one = this.#draw.one();
      return better(one, this.#draw.other(one), nowMs, call);
    }
    const [first, second] = drawTwo(candidates.length, this.#random());
    return better(candidates[first] as Candidate, candidates[second] as Candidate, nowMs, call);
  }

  #bestOfMany(nowMs: number, call: PickedCall): Candidate {
    const drawn = new Set<Candidate>();
    // Bounded: a very heavy candidate may be drawn again and again.
    for (let draws = 0; draws < 4 * this.#choices && drawn.size < this.#choices; draws++)
      drawn.add(this.#draw.one());
    return bestOf([...drawn], nowMs, call, this.#random);
  }
}
