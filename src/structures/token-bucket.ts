/**
 * A token bucket: it fills at `limit / perMs`, holds at most `burst`, and each call takes one token.
 *
 *   tokens(t) = min(burst, tokens(t₀) + (t − t₀) · limit / perMs)
 *
 * Over any time of `d` it lets at most burst + d · limit / perMs calls through: a burst may come on top of the rate.
 * (One more where calls wait in line, because timers are late by parts of a millisecond, and that must not add up.)
 */
import type { Quota, QuotaState, Rate } from './quota.ts';

/** Sums of fractions may miss a whole token by a hair; waiting for that hair would need another timer. */
const HAIR = 1e-6;

export class TokenBucket implements Quota {
  // Full at the start, however much it holds.
  #tokens = Infinity;
  #atMs = -Infinity;

  take(nowMs: number, rate: Rate, waited: boolean): boolean {
    this.#fill(nowMs, rate);
    // A bucket that runs over because a timer counts whole milliseconds is not idle: what it holds is owed.
    this.#tokens = Math.min(this.#tokens, waited ? rate.burst + 1 : rate.burst);
    if (this.#tokens < 1 - HAIR) return false;
    this.#tokens--;
    return true;
  }

  giveBack(): void {
    this.#tokens++;
  }

  waitMs(nowMs: number, rate: Rate, ahead: number): number {
    this.#fill(nowMs, rate);
    const missing = 1 + ahead - Math.min(this.#tokens, rate.burst);
    return Math.max(0, (missing * rate.perMs) / rate.limit);
  }

  export(nowMs: number, rate: Rate): QuotaState {
    this.#fill(nowMs, rate);
    return { tokens: Math.min(this.#tokens, rate.burst) };
  }

  hydrate({ tokens }: QuotaState, thenMs: number): void {
    if (tokens === undefined || !(tokens >= 0)) return;
    this.#tokens = tokens;
    this.#atMs = thenMs;
  }

  /** For a clock that steps back, time goes on from there. */
  #fill(nowMs: number, { limit, perMs }: Rate): void {
    if (nowMs > this.#atMs) this.#tokens += ((nowMs - this.#atMs) * limit) / perMs;
    this.#atMs = nowMs;
  }
}
