/**
 * The surroundings: what says nothing about any one endpoint. When this process itself was held up, or when it is
 * cut off from most endpoints at once, errors of local origin are not held against those they happened with.
 */
import { isLocal } from '../core/failure-origin.ts';
import { type Outcome, STALL_MS } from '../core/outcome.ts';
import { Isolation } from '../structures/isolation.ts';
import type { Chart } from './chart.ts';

/** Who hears of it. */
export interface Witness {
  /** How many endpoints are followed. */
  readonly followed: number;
  /** Its timers rang late. */
  stalled(): void;
  /** It is cut off, from `cut` at least, since then. */
  cutOff(cut: readonly Chart[], sinceMs: number, nowMs: number): void;
  /** Somebody has answered again. */
  rejoined(): void;
}

export class Surroundings {
  readonly #witness: Witness;
  /** Whether answers are waited for, because a cut is suspected. */
  listening = false;
  readonly #isolation: Isolation<Chart>;
  #told = false;
  #stalledUntilMs = -Infinity;

  constructor(witness: Witness, isolationMs: number) {
    this.#witness = witness;
    this.#isolation = new Isolation(isolationMs);
  }

  isolated(nowMs: number): boolean {
    return this.#isolation.isolated(this.#witness.followed, nowMs);
  }

  /** Hears how a call or a check went; answers whether it says anything about its endpoint. */
  hear(chart: Chart, { kind, reason }: Outcome, nowMs: number): boolean {
    if (reason === 'stalled') this.stall(nowMs);
    else if (kind === 'failure' && isLocal(reason)) return this.#unreached(chart, nowMs);
    else if (kind === 'success' || kind === 'overload') this.#answered();
    return reason !== 'stalled';
  }

  /** A timer of this process rang late. Whatever else ran out of time meanwhile is about to be heard of. */
  stall(nowMs: number): void {
    if (nowMs >= this.#stalledUntilMs) this.#witness.stalled();
    this.#stalledUntilMs = nowMs + STALL_MS;
  }

  gone(chart: Chart): void {
    this.#isolation.gone(chart);
  }

  #unreached(chart: Chart, nowMs: number): boolean {
    if (nowMs < this.#stalledUntilMs) return false;
    this.#isolation.failed(chart, nowMs);
    this.listening = true;
    const isolated = this.isolated(nowMs);
    if (isolated && !this.#told)
      this.#witness.cutOff([...this.#isolation.cut], this.#isolation.sinceMs, nowMs);
    else if (!isolated) this.#rejoin();
    this.#told = isolated;
    return !isolated;
  }

  #answered(): void {
    if (!this.listening) return;
    this.listening = false;
    this.#isolation.answered();
    this.#rejoin();
  }

  #rejoin(): void {
    if (!this.#told) return;
    this.#told = false;
    this.#witness.rejoined();
  }
}
