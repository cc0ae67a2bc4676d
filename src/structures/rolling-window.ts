/**
 * A sliding window over time, as a ring of buckets: how many, and their sum, over the last `windowMs`.
 *
 * All buckets that have passed are emptied at once, however long nobody looked; advancing one bucket a call
 * (cockatiel's SamplingBreaker) makes old failures count for minutes after a quiet spell.
 */
const BUCKETS = 10;

export class RollingWindow {
  readonly #bucketMs: number;
  readonly #counts: number[] = new Array<number>(BUCKETS).fill(0);
  readonly #sums: number[] = new Array<number>(BUCKETS).fill(0);
  // The number of the newest bucket since the origin of time, which may lie ahead: then it is negative.
  #newest = -Infinity;
  #count = 0;
  #sum = 0;

  constructor(windowMs: number) {
    this.#bucketMs = windowMs / BUCKETS;
  }

  /** How many were added within the window, as of the last `add` or `advance`. */
  get count(): number {
    return this.#count;
  }

  /** The sum of what was added within the window. */
  get sum(): number {
    return this.#sum;
  }

  add(nowMs: number, value: number): void {
    const slot = slotOf(this.advance(nowMs));
    this.#counts[slot] = (this.#counts[slot] ?? 0) + 1;
    this.#sums[slot] = (this.#sums[slot] ?? 0) + value;
    this.#count++;
    this.#sum += value;
  }

  /**
   * Empties the buckets that have passed; answers with the number of the newest. For a clock that steps back a little,
   * time stands still; one that steps back by more than the window finds in it what was there, as of now.
   */
  advance(nowMs: number): number {
    const now = Math.floor(nowMs / this.#bucketMs);
    if (now <= this.#newest) return now >= this.#newest - BUCKETS ? this.#newest : this.#rewind(now);
    if (now - this.#newest >= BUCKETS) {
      if (this.#count > 0) this.clear();
    } else {
      for (let bucket = this.#newest + 1; bucket <= now; bucket++) this.#empty(slotOf(bucket));
    }
    return (this.#newest = now);
  }

  clear(): void {
    this.#counts.fill(0);
    this.#sums.fill(0);
    this.#count = 0;
    this.#sum = 0;
  }

  #rewind(now: number): number {
    const [count, sum] = [this.#count, this.#sum];
    this.clear();
    this.#counts[slotOf(now)] = this.#count = count;
    this.#sums[slotOf(now)] = this.#sum = sum;
    return (this.#newest = now);
  }

  #empty(slot: number): void {
    this.#count -= this.#counts[slot] ?? 0;
    this.#sum -= this.#sums[slot] ?? 0;
    this.#counts[slot] = 0;
    this.#sums[slot] = 0;
  }
}

/** Where a bucket stands in the ring, also before the origin of time. */
function slotOf(bucket: number): number {
  const slot = bucket % BUCKETS;
  return slot < 0 ? slot + BUCKETS : slot;
}
