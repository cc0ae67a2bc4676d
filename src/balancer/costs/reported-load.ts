/**
 * Reported load: what the server itself says it has to do, with what we have sent it since.
 *
 *   cost = (last report + our own sends since that report · perCall) / weight
 *
 * A report is old when it is used, and whoever looks least loaded in it is everybody's choice until the next one:
 * a herd (Mitzenmacher, "How Useful Is Old Information?", TPDS 2000). Adding one's own sends takes that away, as
 * Prequal does for its probes.
 */
import { checkInterval, checkFunction, checkNumber } from '../../core/options.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Cost, CostMeter, Load } from './cost.ts';

export interface ReportedLoadOptions<S> {
  /** Reads the load from a response, for instance from a header; `undefined` if it says none. */
  readonly read?: (response: S) => number | undefined;
  /** What one call adds to the load, in the unit of the reports. @defaultValue 1 */
  readonly perCall?: number;
  /** Milliseconds after which a report says nothing any more. @defaultValue 10_000 */
  readonly maxAgeMs?: number;
  /** Milliseconds that an endpoint comes last after a failure; a `Retry-After` may only raise it. @defaultValue 5_000 */
  readonly penaltyMs?: number;
}

/** More than any load, and few enough that what is added to it still counts. */
const LAST = 2 ** 40;
/** No `Retry-After` counts as more than this: 5 minutes. */
const MAX_HINT_MS = 300_000;

/**
 * Costs by the load that servers report, with each response or by `call.reportLoad(id, load)`; by our own calls in
 * flight while there is no report. The load is a number that grows with every request: requests in flight, a
 * queue's length; for a utilisation say in `perCall` what one request adds.
 *
 * For fleets of many clients, where one's own calls in flight say little. Not where servers cannot be asked.
 *
 * @throws {@link OptionError} for an option out of its range
 * @example
 * ```ts
 * import { balance, p2c, reportedLoad } from 'evenkeel';
 * const call = balance({
 *   endpoints: ['a', 'b'],
 *   send: async (host) => ({ host, queue: host === 'a' ? 70 : 1 }),
 *   pick: p2c(),
 *   cost: reportedLoad({ read: (response: { queue: number }) => response.queue }),
 * });
 * call.reportLoad('a', 70);
 * call.reportLoad('b', 1);
 * if ((await call()).host !== 'b') throw new Error('went to the busy one');
 * ```
 */
export function reportedLoad<S = unknown>(options: ReportedLoadOptions<S> = {}): Cost {
  const where = 'reportedLoad';
  const checked = {
    read:
      options.read && checkFunction(where, 'read', options.read as (response: unknown) => number | undefined),
    perCall: checkNumber(where, 'perCall', options.perCall ?? 1, Number.MIN_VALUE),
    maxAgeMs: checkInterval(where, 'maxAgeMs', options.maxAgeMs ?? 10_000),
    penaltyMs: checkInterval(where, 'penaltyMs', options.penaltyMs ?? 5000),
  };
  const meters = { meter: () => new ReportedLoad(checked) };
  return { create: () => meters };
}

interface Checked {
  readonly read: ((response: unknown) => number | undefined) | undefined;
  readonly perCall: number;
  readonly maxAgeMs: number;
  readonly penaltyMs: number;
}

class ReportedLoad implements CostMeter {
  readonly #options: Checked;
  #report = 0;
  #reportedMs = -Infinity;
  #pickedThen = 0;
  #lastUntilMs = -Infinity;

  constructor(options: Checked) {
    this.#options = options;
  }

  cost(nowMs: number, load: Load): number {
    const { perCall, maxAgeMs } = this.#options;
    const old = nowMs - this.#reportedMs > maxAgeMs;
    const known = old ? load.pending * perCall : this.#report + (load.picked - this.#pickedThen) * perCall;
    return (nowMs < this.#lastUntilMs ? LAST + known : known) / load.weight;
  }

  record(nowMs: number, _latencyMs: number, outcome: Outcome, response: unknown, load: Load): void {
    if (outcome.kind === 'failure' || outcome.kind === 'overload') {
      const hintMs = Math.min(outcome.retryAfterMs, MAX_HINT_MS);
      this.#lastUntilMs = Math.max(this.#lastUntilMs, nowMs + Math.max(this.#options.penaltyMs, hintMs));
    } else if (outcome.kind === 'success') {
      this.#lastUntilMs = -Infinity;
      const said = this.#read(response);
      if (said !== undefined && said >= 0) this.reported(said, nowMs, load);
    }
  }

  reported(load: number, nowMs: number, own: Load): void {
    this.#report = load;
    this.#reportedMs = nowMs;
    this.#pickedThen = own.picked;
  }

  reset(): void {
    this.#reportedMs = this.#lastUntilMs = -Infinity;
  }

  latencyMs(): undefined {
    return undefined;
  }

  #read(response: unknown): number | undefined {
    try {
      return this.#options.read?.(response);
    } catch {
      // A response without a report says nothing; the call has its answer all the same.
      return undefined;
    }
  }
}
