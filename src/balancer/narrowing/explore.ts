/** Exploration: nobody stays unobserved, so that who was slow once gets the chance to show that it no longer is. */
import { HEALTHY } from '../../core/health.ts';
import type { Outcome } from '../../core/outcome.ts';
import { checkInterval } from '../../core/options.ts';
import { hasTried } from '../../core/tried.ts';
import type { Candidate, PickedCall, PickerState } from '../pickers/picker.ts';
import type { Narrowing } from './narrowing.ts';

export interface ExploreOptions {
  /** Milliseconds without a call after which an endpoint is given one. @defaultValue 10_000 */
  readonly afterMs?: number;
}

/**
 * Gives a call to every healthy endpoint that has had none for a while, however it compares (go-zero and Kratos
 * force such a pick after 1 and 3 seconds). One endpoint is looked at with each call, in turn.
 *
 * `peakEwma` forgets by itself and needs this only for recoveries within seconds. A call that explores may be
 * slow: not where no call may be.
 *
 * @throws {@link OptionError} for a time that is not above 0
 * @example
 * ```ts
 * import { balance, explore } from 'evenkeel';
 * const call = balance({
 *   endpoints: ['a', 'b', 'c'],
 *   send: async (host) => host,
 *   narrow: [explore({ afterMs: 10_000 })],
 * });
 * const seen = new Set([await call(), await call(), await call()]);
 * if (seen.size !== 3) throw new Error('somebody was never seen');
 * ```
 */
export function explore(options: ExploreOptions = {}): Narrowing {
  const afterMs = checkInterval('explore', 'afterMs', options.afterMs ?? 10_000);
  return (inner) => ({ create: (tools) => new Explore(afterMs, inner.create(tools)) });
}

class Explore<E> implements PickerState<E> {
  readonly #afterMs: number;
  readonly #inner: PickerState<E>;
  #candidates: readonly Candidate<E>[] = [];
  #turn = 0;

  constructor(afterMs: number, inner: PickerState<E>) {
    this.#afterMs = afterMs;
    this.#inner = inner;
  }

  update(candidates: readonly Candidate<E>[]): void {
    this.#candidates = candidates;
    this.#inner.update(candidates);
  }

  pick(nowMs: number, call: PickedCall): Candidate {
    this.#turn = (this.#turn + 1) % this.#candidates.length;
    const next = this.#candidates[this.#turn] as Candidate<E>;
    const { pickedMs, rank } = next;
    if ((pickedMs >= 0 && nowMs - pickedMs < this.#afterMs) || rank !== HEALTHY || hasTried(call, next))
      return this.#inner.pick(nowMs, call);
    call.trace?.note('to see how it is: it had no call for long');
    return next;
  }

  ended(candidate: Candidate<E>, outcome: Outcome, latencyMs: number, nowMs: number): void {
    this.#inner.ended?.(candidate, outcome, latencyMs, nowMs);
  }

  dispose(): void {
    this.#inner.dispose?.();
  }
}
