/** One at a time per key, in the order of asking; others go on beside each other. */
import type { Context } from '../../core/context.ts';
import { Gate } from '../../core/gate.ts';
import { checkCount } from '../../core/options.ts';

interface Lane {
  readonly gate: Gate;
  /** How many run or wait in it. */
  users: number;
}

export class Lanes {
  readonly #where: string;
  readonly #maxQueue: number;
  readonly #lanes: Map<string, Lane> = new Map();

  constructor(where: string, option: string, maxQueue: number) {
    this.#where = where;
    this.#maxQueue = checkCount(where, option, maxQueue, 0);
  }

  /** Runs `work` when those before it have ended; rejects with {@link GateFullError} if too many wait. */
  async run<T>(key: string, work: () => Promise<T>, context?: Context): Promise<T> {
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = { gate: new Gate(this.#where, { maxConcurrent: 1, maxQueue: this.#maxQueue }), users: 0 };
      this.#lanes.set(key, lane);
    }
    lane.users++;
    try {
      return await lane.gate.run(work, context);
    } finally {
      if (--lane.users === 0) this.#lanes.delete(key);
    }
  }

  get busy(): number {
    return this.#lanes.size;
  }
}
