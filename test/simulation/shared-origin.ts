/**
 * An origin that shares its processors: so many requests run at full speed, and more than that all run slower, as in
 * a database. It refuses nobody, which is what lets an overload last.
 *
 * All requests need the same work, so they end in the order in which they came; what each has been given is counted
 * by one sum (the virtual time of processor sharing).
 */
import type { Clock, TimerHandle } from 'evenkeel';

interface Job {
  readonly endsAt: number;
  readonly done: () => void;
  over: boolean;
}

export class SharedOrigin {
  readonly #clock: Clock;
  readonly #slots: number;
  readonly #workMs: number;
  #jobs: Job[] = [];
  #running = 0;
  #given = 0;
  #atMs: number;
  #timer: TimerHandle = undefined;
  /** How many requests came, how many were given up before their end, and the most there were at once. */
  readonly counts: { requests: number; wasted: number; most: number } = { requests: 0, wasted: 0, most: 0 };

  constructor(clock: Clock, slots: number, workMs: number) {
    this.#clock = clock;
    this.#slots = slots;
    this.#workMs = workMs;
    this.#atMs = clock.now();
  }

  get running(): number {
    return this.#running;
  }

  ask(signal: AbortSignal): Promise<void> {
    this.#advance();
    this.counts.requests++;
    this.counts.most = Math.max(this.counts.most, ++this.#running);
    return new Promise((resolve, reject) => {
      const job: Job = { endsAt: this.#given + this.#workMs, done: resolve, over: false };
      this.#jobs.push(job);
      signal.addEventListener(
        'abort',
        () => {
          if (job.over) return;
          this.#advance();
          this.counts.wasted++;
          job.over = true;
          this.#running--;
          reject(signal.reason as Error);
          this.#arm();
        },
        { once: true },
      );
      this.#arm();
    });
  }

  get #speed(): number {
    return Math.min(1, this.#slots / Math.max(1, this.#running));
  }

  /** Gives all who run what they are due since the last time. */
  #advance(): void {
    const nowMs = this.#clock.now();
    this.#given += (nowMs - this.#atMs) * this.#speed;
    this.#atMs = nowMs;
  }

  #arm(): void {
    this.#clock.clearTimeout(this.#timer);
    while (this.#jobs[0]?.over === true) this.#jobs.shift();
    const [next] = this.#jobs;
    if (next === undefined) return;
    this.#timer = this.#clock.setTimeout(() => this.#finish(), (next.endsAt - this.#given) / this.#speed);
  }

  #finish(): void {
    this.#advance();
    // What is left of a millisecond's millionth is rounding.
    while (
      this.#jobs[0] !== undefined &&
      (this.#jobs[0].over || this.#jobs[0].endsAt <= this.#given + 1e-6)
    ) {
      const job = this.#jobs.shift() as Job;
      if (job.over) continue;
      job.over = true;
      this.#running--;
      job.done();
    }
    this.#arm();
  }
}

/** Keys by Zipf's law: the nth most asked for is asked for 1/nˢ times as often as the first. */
export function zipf(count: number, s: number): (draw: number) => number {
  const sums = new Float64Array(count);
  let sum = 0;
  for (let n = 0; n < count; n++) sums[n] = sum += (n + 1) ** -s;
  return (draw) => {
    const target = draw * sum;
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] as number) < target) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}
