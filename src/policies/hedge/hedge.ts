/**
 * Hedging: the same request a second time when the first answer is late, and the first answer wins (Dean and
 * Barroso, "The Tail at Scale", CACM 2013).
 */
import { guardOf } from '../guard.ts';
import { Hedger } from './hedger.ts';
import type { Hedge, HedgeOptions } from './options.ts';

/**
 * Sends a request again when its answer is late, and takes the first answer; the losers are aborted with a
 * {@link LostRaceError}, which says nothing about their endpoints. A failed attempt is followed at once by the next
 * one left. If all fail, the call ends as the first attempt did.
 *
 * Around a balancer each attempt goes to another endpoint. Only what may act twice is hedged: a plain function
 * may (you wrapped it), a request that names an HTTP method must be idempotent by it, or the caller says
 * `idempotent` or gives an `idempotencyKey`. The load it adds is bounded by the budget, and an overload pauses it.
 *
 * Not where all is slow because the server is busy: more requests make that worse, and the budget is what keeps
 * hedging from it. Not for work that is expensive, or that goes on after an abort.
 *
 * @throws {@link OptionError} at construction for an option out of its range; at the call if a function under
 * `delayMs` answers with no number of milliseconds. What such a function throws rejects the call, and nothing is
 * sent.
 * @example
 * ```ts
 * import { hedge } from 'evenkeel';
 * const answer = await hedge({ delayMs: 5 }).run(
 *   ({ attempt, signal }) =>
 *     new Promise<string>((resolve, reject) => {
 *       if (attempt === 2) resolve('the second was faster');
 *       else signal.addEventListener('abort', () => reject(signal.reason));
 *     }),
 * );
 * if (answer !== 'the second was faster') throw new Error(answer);
 * ```
 */
export function hedge(options: HedgeOptions = {}): Hedge {
  const hedger = new Hedger(options);
  return guardOf('hedge', options, hedger, (next, request, context) =>
    hedger.execute(next, request, context),
  );
}
