/**
 * One quantile of what was measured within the last `windowMs`: a histogram whose buckets grow by a constant
 * factor, as in DDSketch (Masson, Rim, Lee, VLDB 2019), so that its error is relative and known beforehand:
 *
 *   γ = (1 + α) / (1 − α),  bucket i = (γ^(i−1), γ^i],  shown as 2γ^i / (γ + 1): at most α = 2 % off
 *
 * From 0.1 ms to 10 min; what lies outside counts as the nearest end. Time goes by in six slices, and a slice
 * that has passed is forgotten whole. A pointer follows the quantile as measurements come and go, so reading it
 * costs nothing.
 */
const ALPHA = 0.02;
const GAMMA = (1 + ALPHA) / (1 - ALPHA);
const LOG_GAMMA = Math.log(GAMMA);
/** The upper end of bucket 0, and the value of the last one. */
const LEAST = 0.1;
const MOST = 600_000;
const BUCKETS = Math.ceil(Math.log(MOST / LEAST) / LOG_GAMMA) + 1;
const SLICES = 6;

export class MovingQuantile {
  readonly #quantile: number;
  readonly #sliceMs: number;
  // Made at the first measurement: 11 kB that many never need.
  #slices: Uint32Array[] = [];
  #total: Uint32Array = new Uint32Array(0);
  #newest = -Infinity;
  #count = 0;
  // The bucket of the quantile, and how many measurements lie below it.
  #at = 0;
  #below = 0;

  constructor(quantile: number, windowMs: number) {
    this.#quantile = quantile;
    this.#sliceMs = windowMs / SLICES;
  }

  /** How many were measured within the window, as of the last `record` or `advance`. */
  get count(): number {
    return this.#count;
  }

  /** The least value that the quantile's share of the measurements does not exceed; of none, 0. */
  get value(): number {
    return this.#count === 0 ? 0 : ((2 * LEAST) / (GAMMA + 1)) * GAMMA ** this.#at;
  }

  record(nowMs: number, value: number): void {
    if (this.#slices.length === 0) {
      this.#slices = Array.from({ length: SLICES }, () => new Uint32Array(BUCKETS));
      this.#total = new Uint32Array(BUCKETS);
    }
    const slice = this.#slices[slotOf(this.advance(nowMs))] as Uint32Array;
    const bucket = bucketOf(value);
    slice[bucket] = (slice[bucket] ?? 0) + 1;
    this.#total[bucket] = (this.#total[bucket] ?? 0) + 1;
    this.#count++;
    if (bucket < this.#at) this.#below++;
    this.#follow();
  }

  /** Forgets the slices that have passed; answers with the number of the newest. A clock that steps back stays. */
  advance(nowMs: number): number {
    const now = Math.floor(nowMs / this.#sliceMs);
    if (now <= this.#newest) return this.#newest;
    if (this.#count > 0) {
      const oldest = Math.max(this.#newest + 1, now - SLICES + 1);
      for (let number = oldest; number <= now; number++) this.#forget(slotOf(number));
      this.#follow();
    }
    return (this.#newest = now);
  }

  #forget(slot: number): void {
    const slice = this.#slices[slot] as Uint32Array;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const gone = slice[bucket] as number;
      if (gone === 0) continue;
      this.#total[bucket] = (this.#total[bucket] as number) - gone;
      this.#count -= gone;
      if (bucket < this.#at) this.#below -= gone;
    }
    slice.fill(0);
  }

  /** Moves the pointer to the bucket that holds the measurement of the quantile's rank. */
  #follow(): void {
    if (this.#count === 0) return;
    const rank = Math.max(1, Math.ceil(this.#quantile * this.#count));
    while (this.#below >= rank) this.#below -= this.#total[--this.#at] as number;
    while (this.#below + (this.#total[this.#at] as number) < rank)
      this.#below += this.#total[this.#at++] as number;
  }
}

function bucketOf(value: number): number {
  // Also for what a clock that stepped back makes of a duration.
  if (!(value > LEAST)) return 0;
  return Math.min(BUCKETS - 1, Math.ceil(Math.log(value / LEAST) / LOG_GAMMA));
}

/** Where a slice stands in the ring, also before the origin of time. */
function slotOf(number: number): number {
  const slot = number % SLICES;
  return slot < 0 ? slot + SLICES : slot;
}
