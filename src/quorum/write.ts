/** One write to many replicas, and what becomes of it on each, also after whoever waited has left. */
import { hookOf, unlink } from '../core/abort.ts';
import type { TimerHandle } from '../core/clock.ts';
import type { Context } from '../core/context.ts';
import { type Observer, Reporter } from '../core/observer.ts';
import { type Ask, FanOut } from './fan-out.ts';
import { nameOf } from './names.ts';
import type { Poll, Verdict } from './poll.ts';
import type { Vote } from './reply.ts';
import { outcomeOfReplies, QuorumWriteError, type WriteFate } from './write-error.ts';

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

/** The port to whoever writes to a replica later what it has missed. */
export interface MissedWrites<R> {
  /** The replica has not acknowledged; once each, also long after the call was decided. What it throws is swallowed. */
  missed(replica: R, error: unknown): void;
}

/** What is written to whom. */
export interface WriteOrder<R> {
  /** Whose write it is, for messages. */
  readonly what: string;
  readonly replicas: readonly R[];
  readonly write: Ask<R, unknown>;
  readonly hints?: MissedWrites<R> | undefined;
  readonly observer?: Observer;
  readonly name?: string;
}

/** One write: open until it is decided; after that the stragglers' fates are only collected and told. */
export class Write<R> extends FanOut<R, unknown> {
  readonly #order: WriteOrder<R>;
  readonly #poll: Poll;
  readonly #context: Context;
  readonly #timeoutMs: number;
  readonly #reporter: Reporter;
  readonly #hook = hookOf((reason) => this.left(reason));
  readonly #fates: WriteFate<R>[];
  readonly #settled: Promise<readonly WriteFate<R>[]>;
  #allSettled: (fates: readonly WriteFate<R>[]) => void = nobody;
  #resolve: (result: QuorumWriteResult<R>) => void = nobody;
  #reject: (error: unknown) => void = nobody;
  #timer: TimerHandle = undefined;
  #decided = false;

  constructor(order: WriteOrder<R>, poll: Poll, context: Context, timeoutMs: number) {
    super(order.replicas, context);
    this.#order = order;
    this.#poll = poll;
    this.#context = context;
    this.#timeoutMs = timeoutMs;
    this.#reporter = new Reporter('quorum', order);
    this.#fates = new Array<WriteFate<R>>(order.replicas.length);
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
      this.askAll(this.#order.write, replicaTimeoutMs, undefined);
    });
  }

  protected override heard(vote: Vote<R, unknown>, index: number): void {
    const { replica } = vote;
    const acked = vote.status === 'answered';
    this.#fates[index] = acked
      ? { replica, status: 'acked' }
      : { replica, status: 'failed', error: vote.error };
    if (!acked) this.#miss(replica, vote.error);
    const verdict = this.#poll.vote(index, acked);
    if (this.#decided) this.#tellStraggler(index, acked ? 'acked' : 'failed', acked ? undefined : vote.error);
    else this.#judge(verdict);
    if (this.out === 0) this.#allSettled(this.#fates);
  }

  protected override late(index: number, failed: boolean, error: unknown): void {
    this.#tellStraggler(index, failed ? 'failed' : 'acked', error);
  }

  protected override left(reason: unknown): void {
    if (this.#decide()) this.#reject(reason);
  }

  #judge(verdict: Verdict): void {
    if (verdict === 'reached') this.#succeed();
    // One round of promise work later, so that refusals that are here already are in the error: only if all
    // replicas refused is it certain that nothing was written.
    else if (verdict === 'impossible') void Promise.resolve().then(() => this.#fail(undefined));
  }

  #succeed(): void {
    if (!this.#decide()) return;
    const { required, of } = this.#poll;
    const acks = this.#fates.filter((fate) => fate?.status === 'acked').length;
    if (this.#reporter.on) this.#reporter.tell('write', { required, of, acks, elapsedMs: this.elapsedMs() });
    this.#resolve({ acks, settled: this.#settled });
  }

  #fail(timeoutMs: number | undefined): void {
    if (!this.#decide()) return;
    const { votes, required, of } = this.#poll;
    const elapsedMs = this.elapsedMs();
    const replies = this.replies(elapsedMs, 'pending');
    const outcome = outcomeOfReplies(replies);
    if (this.#reporter.on) {
      this.#reporter.tell('failed', { call: this.#order.what, required, of, votes, outcome, elapsedMs });
    }
    const missing = this.#poll.missing();
    const what = this.#order.what;
    const facts = { what, required, votes, of, replies, missing, outcome, settled: this.#settled };
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

  #miss(replica: R, error: unknown): void {
    try {
      this.#order.hints?.missed(replica, error);
    } catch {
      // Whoever is told must not break the call told about.
    }
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

function nobody(): void {}
