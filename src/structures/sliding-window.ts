/**
 * An exact sliding window: it remembers when each call was let in, so that never more than `limit` are within any
 * `perMs`, wherever that begins. (Two weighted buckets, which take no memory, let half as many again through when a
 * burst at the end of one window meets one in the next.)
 *
 * It holds at most twice `limit` times of eight bytes each. Where the limit is below one call, one call goes through in
 * the longer time that this takes.
 */
import type { Quota, QuotaState, Rate } from './quota.ts';

/** So many forgotten times may lie at the front before they are cut off. */
const SLACK = 32;

export class SlidingWindow implements Quota {
  #times: number[] = [];
  // Those before it are out of the window.
  #head = 0;

  take(nowMs: number, rate: Rate): boolean {
    this.#forget(nowMs, rate);
    if (this.#times.length - this.#head >= wholeLimit(rate)) return false;
    this.#times.push(nowMs);
    return true;
  }

  giveBack(): void {
    if (this.#times.length > this.#head) this.#times.pop();
  }

  /**
   * Each call takes the place of the one `limit` before it, as soon as that is out of the window; those that wait
   * take places of each other, a whole window later.
   */
  waitMs(nowMs: number, rate: Rate, ahead: number): number {
    this.#forget(nowMs, rate);
    const [limit, perMs] = [wholeLimit(rate), wholePerMs(rate)];
    const windows = Math.floor(ahead / limit) + 1;
    const replaced = this.#times.length - this.#head + ahead - windows * limit;
    if (replaced < 0) return (windows - 1) * perMs;
    return (this.#times[this.#head + replaced] as number) + windows * perMs - nowMs;
  }

  export(nowMs: number, rate: Rate): QuotaState {
    this.#forget(nowMs, rate);
    return { agesMs: this.#times.slice(this.#head).map((ms) => nowMs - ms) };
  }

  hydrate({ agesMs }: QuotaState, thenMs: number): void {
    if (agesMs === undefined || !agesMs.every((ms) => ms >= 0)) return;
    this.#times = agesMs.map((ms) => thenMs - ms).sort((a, b) => a - b);
    this.#head = 0;
  }

  /** Forgets the times that are out of the window. For a clock that steps back, time goes on from there. */
  #forget(nowMs: number, rate: Rate): void {
    const newest = this.#times[this.#times.length - 1] ?? nowMs;
    if (newest > nowMs) this.#times = this.#times.map((ms) => ms - (newest - nowMs));
    const since = nowMs - wholePerMs(rate);
    while (this.#head < this.#times.length && (this.#times[this.#head] as number) <= since) this.#head++;
    if (this.#head > SLACK && this.#head * 2 > this.#times.length) {
      this.#times = this.#times.slice(this.#head);
      this.#head = 0;
    }
  }
}

function wholeLimit({ limit }: Rate): number {
  return Math.max(1, Math.floor(limit));
}

function wholePerMs({ limit, perMs }: Rate): number {
  return limit < 1 ? perMs / limit : perMs;
}
