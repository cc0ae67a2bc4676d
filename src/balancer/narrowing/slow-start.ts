/** Slow start: who has just joined or recovered gets its share little by little (structures/slow-start.ts). */
import type { Outcome } from '../../core/outcome.ts';
import { checkInterval, checkNumber } from '../../core/options.ts';
import type { Random } from '../../core/random.ts';
import { type SlowStartCurve, slowStartShare } from '../../structures/slow-start.ts';
import { type Candidate, type PickedCall, type PickerState, standing } from '../pickers/picker.ts';
import { without } from './avoiding.ts';
import type { Narrowing } from './narrowing.ts';

export interface SlowStartOptions {
  /** Milliseconds until the endpoint has its whole share. @defaultValue 30_000 */
  readonly windowMs?: number;
  /** How the share grows: 1 evenly, above 1 quickly at first; above 0. @defaultValue 1 */
  readonly aggression?: number;
  /** The share it begins with, from 0 to 1. @defaultValue 0.1 */
  readonly minShare?: number;
}

/**
 * Eases endpoints in: one that joined or recovered gets a tenth of its share at first, and the whole after half a
 * minute. Caches fill and code warms up meanwhile.
 *
 * An endpoint that is picked too often is passed over for the next best. Endpoints that were there from the start
 * are not eased in, nor is anybody when all are new: then there is nobody to spare them.
 *
 * @throws {@link OptionError} for a window or an aggression that is not above 0, or a share outside 0 to 1
 * @example
 * ```ts
 * import { balance, slowStart } from 'evenkeel';
 * const seen: string[] = [];
 * const call = balance({
 *   endpoints: ['old'],
 *   send: async (host) => seen.push(host),
 *   narrow: [slowStart({ windowMs: 60_000 })],
 * });
 * await call();
 * call.update(['old', 'new']);
 * for (let n = 0; n < 100; n++) await call();
 * if (seen.filter((host) => host === 'new').length > 50) throw new Error('a stampede');
 * ```
 */
export function slowStart(options: SlowStartOptions = {}): Narrowing {
  const curve = {
    windowMs: checkInterval('slowStart', 'windowMs', options.windowMs ?? 30_000),
    aggression: checkNumber('slowStart', 'aggression', options.aggression ?? 1, Number.MIN_VALUE),
    minShare: checkNumber('slowStart', 'minShare', options.minShare ?? 0.1, 0, 1),
  };
  return (inner) => ({ create: (tools) => new SlowStart(curve, tools.random, inner.create(tools)) });
}

/** How often it looks for somebody else; with so many newcomers there is nobody to spare them. */
const MAX_PASSED_OVER = 3;

class SlowStart<E> implements PickerState<E> {
  readonly #curve: SlowStartCurve;
  readonly #random: Random;
  readonly #inner: PickerState<E>;

  constructor(curve: SlowStartCurve, random: Random, inner: PickerState<E>) {
    this.#curve = curve;
    this.#random = random;
    this.#inner = inner;
  }

  update(candidates: readonly Candidate<E>[]): void {
    this.#inner.update(candidates);
  }

  pick(nowMs: number, call: PickedCall): Candidate {
    const first = this.#inner.pick(nowMs, call);
    let [picked, asked] = [first, call];
    for (let passed = 0; passed < MAX_PASSED_OVER; passed++) {
      const ageMs = nowMs - picked.sinceMs;
      if (ageMs >= this.#curve.windowMs) return picked;
      if (this.#random() < slowStartShare(ageMs, this.#curve)) return picked;
      call.trace?.note('passed over an endpoint that is being eased in');
      asked = without(asked, picked);
      const next = this.#inner.pick(nowMs, asked);
      if (next === picked || standing(next, call) > standing(first, call)) return first;
      picked = next;
    }
    return first;
  }

  ended(candidate: Candidate<E>, outcome: Outcome, latencyMs: number, nowMs: number): void {
    this.#inner.ended?.(candidate, outcome, latencyMs, nowMs);
  }

  dispose(): void {
    this.#inner.dispose?.();
  }
}
