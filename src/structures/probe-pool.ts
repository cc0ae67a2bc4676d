/**
 * The pool of probes of Prequal (Wydrowski and others, "Load is not what you should balance: Introducing
 * Prequal", NSDI 2024), and its rule of choice, hot-cold lexicographic:
 *
 *   θ     = the q-quantile of the requests in flight over the pool
 *   hot   = more in flight than θ
 *   best  = among the cold the lowest latency; if all are hot, the fewest in flight
 */
export interface Probe<T> {
  readonly server: T;
  readonly atMs: number;
  readonly latencyMs: number;
  /** As the server said, and one more for each of our own uses since. */
  inFlight: number;
  usesLeft: number;
}

export class ProbePool<T> {
  readonly #size: number;
  readonly #quantile: number;
  // In order of arrival, one for each server.
  #probes: Probe<T>[] = [];
  #removesWorst = false;

  constructor(size: number, quantile: number) {
    this.#size = size;
    this.#quantile = quantile;
  }

  get size(): number {
    return this.#probes.length;
  }

  /** A server has answered; takes the place of what it said before, or of the oldest. */
  add(probe: Probe<T>): void {
    this.forget((one) => one.server === probe.server);
    this.#probes.push(probe);
    if (this.#probes.length > this.#size) this.#probes.shift();
  }

  forget(gone: (probe: Probe<T>) => boolean): void {
    this.#probes = this.#probes.filter((probe) => !gone(probe));
  }

  /** Takes one out: in turn the oldest, and the worst by the rule turned around. */
  removeOne(): void {
    const worst = this.#removesWorst ? this.#worst() : this.#probes[0];
    this.#removesWorst = !this.#removesWorst;
    this.forget((probe) => probe === worst);
  }

  /** The best among those that may be used, and counts the use; `undefined` if nobody may. */
  use(may: (server: T) => boolean): Probe<T> | undefined {
    const threshold = this.#threshold();
    let best: Probe<T> | undefined;
    for (const probe of this.#probes) {
      if (may(probe.server) && (best === undefined || isBetter(probe, best, threshold))) best = probe;
    }
    if (best === undefined) return undefined;
    best.inFlight++;
    if (--best.usesLeft <= 0) this.forget((probe) => probe === best);
    return best;
  }

  #worst(): Probe<T> | undefined {
    const threshold = this.#threshold();
    return this.#probes.reduce<Probe<T> | undefined>(
      (worst, probe) => (worst !== undefined && isBetter(probe, worst, threshold) ? worst : probe),
      undefined,
    );
  }

  #threshold(): number {
    const sorted = this.#probes.map(({ inFlight }) => inFlight).sort((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(this.#quantile * sorted.length))] ?? 0;
  }
}

function isBetter<T>(a: Probe<T>, b: Probe<T>, threshold: number): boolean {
  const [aHot, bHot] = [a.inFlight > threshold, b.inFlight > threshold];
  if (aHot !== bHot) return bHot;
  if (aHot || a.latencyMs === b.latencyMs) return a.inFlight < b.inFlight;
  return a.latencyMs < b.latencyMs;
}

/**
 * How often one probe may be used: b = max(1, (1 + δ) / ((1 − m/n) · probes − removals)), so that the pool is
 * used up about as fast as it is filled. Without a bound when the pool could hold everybody: age bounds it then.
 */
export function reuseLimit(
  poolSize: number,
  servers: number,
  probesPerCall: number,
  removalsPerCall: number,
  delta: number = 1,
): number {
  const fresh = (1 - poolSize / servers) * probesPerCall - removalsPerCall;
  return fresh <= 0 ? Infinity : Math.max(1, (1 + delta) / fresh);
}
