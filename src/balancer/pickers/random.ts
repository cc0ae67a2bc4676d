import { HEALTHY } from '../../core/health.ts';
import type { Random } from '../../core/random.ts';
import { Draw } from './draw.ts';
import {
  type Candidate,
  MAX_DRAWS,
  type PickedCall,
  type Picker,
  type PickerState,
  standing,
  unlessTried,
} from './picker.ts';

/**
 * Picks at random, by weight, and draws again when who is drawn is unhealthy or has been tried.
 *
 * Blind to load: mostly a yardstick. Use `p2c`, unless an even spread matters more than latency.
 *
 * @example
 * ```ts
 * import { balance, random } from 'evenkeel';
 * const call = balance({ endpoints: ['a', 'b'], send: async (host) => host, pick: random() });
 * if (!['a', 'b'].includes(await call())) throw new Error('who answered?');
 * ```
 */
export function random(): Picker {
  return { create: ({ random: source }) => new RandomPick(source) };
}

class RandomPick implements PickerState {
  readonly #random: Random;
  readonly #draw: Draw;

  constructor(source: Random) {
    this.#random = source;
    this.#draw = new Draw(source);
  }

  update(candidates: readonly Candidate[]): void {
    this.#draw.update(candidates);
  }

  pick(nowMs: number, call: PickedCall): Candidate {
    let best = this.#draw.one();
    for (let draws = 1; draws < MAX_DRAWS && standing(best, call) !== HEALTHY; draws++) {
      const drawn = this.#draw.one();
      if (standing(drawn, call) < standing(best, call)) best = drawn;
    }
    return unlessTried(best, this.#draw.candidates, nowMs, call, this.#random);
  }
}
