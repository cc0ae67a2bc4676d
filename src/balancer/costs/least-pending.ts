import type { Cost, CostMeter } from './cost.ts';

/**
 * Costs by calls in flight: each endpoint is worth as much as it has room.
 *
 * With `p2c` this is the classic power of two choices, which finds slow endpoints because calls pile up there.
 * An endpoint that fails at once looks idle, though, and draws calls: use it with a `health` tracker. Chooses
 * better than `peakEwma` among equals whose latency is mostly noise.
 *
 * @example
 * ```ts
 * import { balance, leastPending } from 'evenkeel';
 * const call = balance({ endpoints: ['a', 'b'], send: async (host) => host, cost: leastPending() });
 * if (!['a', 'b'].includes(await call())) throw new Error('who answered?');
 * ```
 */
export function leastPending(): Cost {
  return { create: () => METERS };
}

/** Keeps nothing, so that one serves all. */
const METER: CostMeter = {
  cost: (_nowMs, load) => load.pending / load.weight,
  record() {},
  reset() {},
  latencyMs: () => undefined,
};

const METERS = { meter: () => METER };
