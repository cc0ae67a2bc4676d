import { systemClock } from '../core/clock.ts';
import type { Context } from '../core/context.ts';
import { checkDuration, checkFunction, checkPort } from '../core/options.ts';
import { invoke, transportOf } from '../core/policy.ts';
import type { CallOptions } from '../core/transport.ts';
import type { Ask } from './fan-out.ts';
import { checkQuorum, type QuorumOptions, replicaTimeoutOf, timeoutOf } from './options.ts';
import { pollOf } from './poll.ts';
import { type MissedWrites, type QuorumWriteResult, Write } from './write.ts';

export interface QuorumWriteOptions<R> extends QuorumOptions<R> {
  /**
   * Writes to one replica. Whatever it resolves with is an acknowledgement, also "I have a newer one already".
   * It should make a write that is repeated, or comes late, do no harm: store only what is newer.
   */
  readonly write: Ask<R, unknown>;
  /**
   * Told of every replica that has not acknowledged, so that it gets the write later: `handoff.of(payload)` of a
   * `hintedHandoff`. A hint is no acknowledgement. @defaultValue nobody
   */
  readonly hints?: MissedWrites<R>;
}

/**
 * Writes to all replicas at once and succeeds at the `required`-th acknowledgement.
 *
 * The writes that are still out are left to finish: aborting them would only make it unknown whether they
 * happened. Not even the caller's abort stops a write that was sent; only its own `replicaTimeoutMs` does. Their
 * fate is in `settled`, and goes to the observer as `write-straggler`.
 *
 * It fails at the first moment at which too few can still acknowledge. Nothing is undone then: the error's
 * `outcome` says whether the write may have happened somewhere. Not for replicas that apply a write again when it
 * is repeated, unless nobody will repeat it.
 *
 * @param call - the caller's signal and time limit
 * @throws {@link QuorumWriteError} when too few replicas acknowledged, or not in time
 * @throws {@link OptionError} for an option that is not what it has to be
 * @example
 * ```ts
 * import { quorumWrite } from 'evenkeel';
 * const stores = [new Map<string, string>(), new Map<string, string>(), undefined];
 * const written = await quorumWrite({
 *   replicas: stores,
 *   required: 2,
 *   write: async (store) => {
 *     if (store === undefined) throw new Error('down');
 *     store.set('k', 'v');
 *   },
 * });
 * const fates = await written.settled;
 * if (written.acks !== 2 || fates[2]?.status !== 'failed') throw new Error('not two of three');
 * ```
 */
export function quorumWrite<R>(
  options: QuorumWriteOptions<R>,
  call?: CallOptions,
): Promise<QuorumWriteResult<R>> {
  try {
    checkQuorum('quorumWrite', options);
    checkFunction('quorumWrite', 'write', options.write);
    if (options.hints !== undefined) checkPort('quorumWrite', 'hints', options.hints, 'missed');
    const replicaTimeoutMs = replicaTimeoutOf('quorumWrite', options);
    const ownMs = timeoutOf('quorumWrite', options);
    const timeoutMs =
      call?.timeoutMs === undefined
        ? ownMs
        : Math.min(ownMs, checkDuration('quorumWrite', 'timeoutMs', call.timeoutMs));
    const poll = pollOf('quorumWrite', options.required, options.replicas);
    const order = { ...options, what: 'quorumWrite' };
    const write = (_: unknown, context: Context): Promise<QuorumWriteResult<R>> =>
      new Write(order, poll, context, timeoutMs).run(replicaTimeoutMs);
    // The limit is kept here and not by the door: the error of a write has to say what it may have done.
    const quiet = call?.timeoutMs === undefined ? call : { ...call, timeoutMs: undefined };
    return transportOf(invoke, write, options.clock ?? systemClock)(options, quiet);
  } catch (error) {
    return Promise.reject(error);
  }
}
