import { hookOf, unlink } from '../core/abort.ts';
import { systemClock, type TimerHandle } from '../core/clock.ts';
import type { Context } from '../core/context.ts';
import { Reporter } from '../core/observer.ts';
import { checkDuration, checkFunction } from '../core/options.ts';
import { invoke, transportOf } from '../core/policy.ts';
import type { CallOptions } from '../core/transport.ts';
import { type Ask, FanOut } from './fan-out.ts';
import { checkQuorum, type QuorumOptions, replicaTimeoutOf, timeoutOf } from './options.ts';
import type { Vote } from './reply.ts';
import { openTally, type Tally, verdictOf, voteAgainst, voteFor } from './tally.ts';
import { outcomeOfReplies, QuorumWriteError, type WriteFate } from './write-error.ts';

export interface QuorumWriteOptions<R> extends QuorumOptions<R> {
  /**
   * Writes to one replica. Whatever it resolves with is an acknowledgement, also "I have a newer one already".
   * It should make a write that is repeated, or comes late, do no harm: store only what is newer.
   */
  readonly write: Ask<R, unknown>;
}

/** What {@link quorumWrite} achieved. */
export interface QuorumWriteResult<R> {
  /** How many replicas had acknowledged when the call was decided. */
  readonly acks: number;
  /**
   * Resolves, always, with what became of the write on each replica, in their order; at the latest when
   * `replicaTimeoutMs` have passed. Nothing is lost by not looking.
   */
  readonly settled: Promise<readonly WriteFate<R>[]>;
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
    const replicaTimeoutMs = replicaTimeoutOf('quorumWrite', options);
    const ownMs = timeoutOf('quorumWrite', options);
    const timeoutMs =
      call?.timeoutMs === undefined
        ? ownMs
        : Math.min(ownMs, checkDuration('quorumWrite', 'timeoutMs', call.timeoutMs));
    const write = (_: unknown, context: Context): Promise<QuorumWriteResult<R>> =>
      new Write(options, context, timeoutMs).run(replicaTimeoutMs);
    // The limit is kept here and not by the door: the error of a write has to say what it may have done.
    const quiet = call?.timeoutMs === undefined ? call : { ...call, timeoutMs: undefined };
    return transportOf(invoke, write, options.clock ?? systemClock)(options, quiet);
  } catch (error) {
    return Promise.reject(error);
  }
}

/** One write: open until it is decided; after that the stragglers' fates are only collected and told. */
class Write<R> extends FanOut<R, unknown> {
  readonly #options: QuorumWriteOptions<R>;
  readonly #context: Context;
  readonly #timeoutMs: number;
  readonly #reporter: Reporter;
  readonly #hook = hookOf((reason) => this.left(reason));
  readonly #fates: WriteFate<R>[];
  readonly #settled: Promise<readonly WriteFate<R>[]>;
  #allSettled: (fates: readonly WriteFate<R>[]) => void = nobody;
  #resolve: (result: QuorumWriteResult<R>) => void = nobody;
  #reject: (error: unknown) => void = nobody;
  #tally: Tally;
  #timer: TimerHandle = undefined;
  #decided = false;

  constructor(options: QuorumWriteOptions<R>, context: Context, timeoutMs: number) {
    super(options.replicas, context);
    this.#options = options;
    this.#context = context;
    this.#timeoutMs = timeoutMs;
    this.#reporter = new Reporter('quorum', options);
    this.#fates = new Array<WriteFate<R>>(options.replicas.length);
    this.#tally = openTally(options.replicas.length, options.required);
    this.#settled = new Promise((resolve) => {
      this.#allSettled = resolve;
    });
  }

  run(replicaTimeoutMs: number): Promise<QuorumWriteResult<R>> {
    const { clock } = this.#context.call;
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#context.onAbort(this.#hook);
      if (this.#timeoutMs < replicaTimeoutMs) {
        this.#timer = clock.setTimeout(() => this.#fail(this.#timeoutMs), this.#timeoutMs);
      }
      this.askAll(this.#options.write, replicaTimeoutMs, undefined);
    });
  }

  protected override heard(vote: Vote<R, unknown>, index: number): void {
    const { replica } = vote;
    const acked = vote.status === 'answered';
    this.#fates[index] = acked
      ? { replica, status: 'acked' }
      : { replica, status: 'failed', error: vote.error };
    this.#tally = acked ? voteFor(this.#tally) : voteAgainst(this.#tally);
    if (this.#decided) this.#tellStraggler(index, acked ? 'acked' : 'failed', acked ? undefined : vote.error);
    else this.#judge();
    if (this.out === 0) this.#allSettled(this.#fates);
  }

  protected override late(index: number, failed: boolean, error: unknown): void {
    this.#tellStraggler(index, failed ? 'failed' : 'acked', error);
  }

  protected override left(reason: unknown): void {
    if (this.#decide()) this.#reject(reason);
  }

  #judge(): void {
    const verdict = verdictOf(this.#tally);
    if (verdict === 'reached') this.#succeed();
    // One round of promise work later, so that refusals that are here already are in the error: only if all
    // replicas refused is it certain that nothing was written.
    else if (verdict === 'impossible') void Promise.resolve().then(() => this.#fail(undefined));
  }

  #succeed(): void {
    if (!this.#decide()) return;
    const { votesFor: acks, required, of } = this.#tally;
    if (this.#reporter.on) this.#reporter.tell('write', { required, of, acks, elapsedMs: this.elapsedMs() });
    this.#resolve({ acks, settled: this.#settled });
  }

  #fail(timeoutMs: number | undefined): void {
    if (!this.#decide()) return;
    const { votesFor: votes, required, of } = this.#tally;
    const elapsedMs = this.elapsedMs();
    const replies = this.replies(elapsedMs, 'pending');
    const outcome = outcomeOfReplies(replies);
    if (this.#reporter.on) {
      this.#reporter.tell('failed', { call: 'quorumWrite', required, of, votes, outcome, elapsedMs });
    }
    const facts = { required, votes, of, replies, outcome, settled: this.#settled };
    this.#reject(new QuorumWriteError(timeoutMs === undefined ? facts : { ...facts, timeoutMs }));
  }

  /** The call is over for its caller; true once. */
  #decide(): boolean {
    if (this.#decided) return false;
    this.#decided = true;
    unlink(this.#hook);
    if (this.#timer !== undefined) this.#context.call.clock.clearTimeout(this.#timer);
    return true;
  }

  #tellStraggler(index: number, status: 'acked' | 'failed', error: unknown): void {
    if (!this.#reporter.on) return;
    this.#reporter.tell('write-straggler', {
      replica: index,
      status,
      reason: nameOf(error),
      elapsedMs: this.elapsedMs(),
    });
  }
}

/** Events name an error without repeating its message: a secret may stand in it. */
function nameOf(error: unknown): unknown {
  if (typeof error !== 'object' || error === null) return undefined;
  const { code, name } = error as { code?: unknown; name?: unknown };
  return code ?? name;
}

function nobody(): void {}
