/**
 * A census: counts, for one pool rule, how the calls of one interval went, and then has the pool judged.
 *
 * It opens with the first outcome that is held against anybody and closes with the first report after its
 * interval: no timer runs, and while all is well nobody is counted.
 */
import type { Outcome } from '../core/outcome.ts';
import type { PoolRule } from './pool-rule.ts';

interface Count {
  calls: number;
  bad: number;
}

/** Who stood out, and why. */
export interface Found<K> {
  readonly key: K;
  readonly reason: string;
}

const NOBODY: readonly never[] = [];

export class Census<K> {
  readonly #rule: PoolRule;
  readonly #counts = new Map<K, Count>();
  #endsMs = Infinity;

  constructor(rule: PoolRule) {
    this.#rule = rule;
  }

  get open(): boolean {
    return this.#counts.size > 0;
  }

  /** Counts an outcome; answers with the outliers, the worst first, if the interval before it is over. */
  hear(key: K, outcome: Outcome, nowMs: number): readonly Found<K>[] {
    const found = nowMs >= this.#endsMs ? this.#close(nowMs) : NOBODY;
    const blamed = this.#rule.blames(outcome);
    if (blamed === true && !this.open) this.#endsMs = nowMs + this.#rule.intervalMs;
    if (blamed === true || (blamed === false && this.open)) this.#count(key, blamed);
    return found;
  }

  /** An endpoint is out, or gone: it is no measure for the others. */
  forget(key: K): void {
    this.#counts.delete(key);
  }

  #close(nowMs: number): readonly Found<K>[] {
    // Nobody asked for a whole interval: what was counted is too old.
    const counted = nowMs < this.#endsMs + this.#rule.intervalMs ? [...this.#counts] : [];
    this.#counts.clear();
    this.#endsMs = Infinity;
    const found = this.#rule.outliers(counted.map(([, count]) => count));
    return found.flatMap(({ index, reason }) => {
      const key = counted[index]?.[0];
      return key === undefined ? [] : [{ key, reason }];
    });
  }

  #count(key: K, blamed: boolean): void {
    let count = this.#counts.get(key);
    if (count === undefined) this.#counts.set(key, (count = { calls: 0, bad: 0 }));
    count.calls++;
    if (blamed) count.bad++;
  }
}
