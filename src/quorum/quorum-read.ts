import { systemClock } from '../core/clock.ts';
import type { Context } from '../core/context.ts';
import { OptionError } from '../core/errors.ts';
import { Reporter } from '../core/observer.ts';
import { checkFunction, checkOneOf, checkPort } from '../core/options.ts';
import { invoke, transportOf } from '../core/policy.ts';
import type { CallOptions } from '../core/transport.ts';
import { QuorumError } from './errors.ts';
import type { Ask } from './fan-out.ts';
import type { FanOutStrategy } from './strategy.ts';
import { checkQuorum, outerLimitOf, type QuorumOptions, replicaTimeoutOf } from './options.ts';
import { type Count, Race } from './race.ts';
import { type Poll, pollOf, type Verdict } from './poll.ts';
import type { ReadRepair } from './read-repair.ts';
import type { Reply, Vote } from './reply.ts';

export interface QuorumReadOptions<R, V> extends QuorumOptions<R> {
  /** Reads one replica. Resolving with `undefined` says that the replica does not have it, and is an answer. */
  readonly read: Ask<R, V>;
  /**
   * Compares two values: above 0 if `a` is the newer one, below 0 if `b` is. Never asked about `undefined`: any
   * value is newer than none. @defaultValue the first reply that has a value
   */
  readonly newest?: (a: Exclude<V, undefined>, b: Exclude<V, undefined>) => number;
  /**
   * Makes one value of all that were answered, in the order of `replicas`, where none of them is simply the newest:
   * see `reconcileSiblings`. Instead of `newest`; not asked if nobody had a value.
   */
  readonly reconcile?: (answers: readonly Exclude<V, undefined>[]) => V;
  /**
   * What `undefined` counts as: an `'answer'`, or a `'failure'` of a replica that should have had it.
   * @defaultValue 'answer'
   */
  readonly notFound?: 'answer' | 'failure';
  /** Whom to ask first, and when the others: {@link hedgedFanOut}. @defaultValue all at once */
  readonly fanOut?: FanOutStrategy<R>;
  /** Brings replicas up to date that answered with something else: {@link readRepair}. @defaultValue none */
  readonly repair?: ReadRepair<R, V>;
}

/** What {@link quorumRead} found. */
export interface QuorumReadResult<R, V> {
  /** The newest of the answers counted; `undefined` only if none of them had a value. */
  readonly value: V;
  /** Who answered what, one reply per configured replica, in their order. */
  readonly replies: readonly Reply<R, V>[];
}

/**
 * Reads all replicas at once, or some and then the others, and answers with the newest of the first `required`
 * answers.
 *
 * It succeeds at the `required`-th answer and fails at the first moment at which so many can no longer come. The
 * requests that are still out are then aborted with a {@link LostRaceError}. With `required` a majority for reads
 * and for writes, a read sees the last acknowledged write; that makes a regular register, not a linearizable one:
 * while a write is under way two reads, one after the other, may answer new and then old.
 *
 * Not for replicas that may lie (`agree`), and not for reads that must not be sent three times.
 *
 * @param call - the caller's signal and time limit
 * @throws {@link QuorumError} when too few replicas answered
 * @throws {@link TimeoutError} when `timeoutMs` have passed
 * @throws {@link OptionError} for an option that is not what it has to be
 * @example
 * ```ts
 * import { majority, quorumRead } from 'evenkeel';
 * const replicas = [{ version: 7, name: 'old' }, { version: 8, name: 'new' }, { version: 8, name: 'new' }];
 * const read = await quorumRead({
 *   replicas,
 *   required: majority(replicas.length),
 *   read: async (replica) => replica,
 *   newest: (x, y) => x.version - y.version,
 * });
 * if (read.value.name !== 'new') throw new Error('not the newest');
 * if (read.replies[2]?.status !== 'aborted') throw new Error('waited for the third');
 * ```
 */
export function quorumRead<R, V>(
  options: QuorumReadOptions<R, V>,
  call?: CallOptions,
): Promise<QuorumReadResult<R, V>> {
  try {
    checkQuorum('quorumRead', options);
    checkFunction('quorumRead', 'read', options.read);
    if (options.newest !== undefined) checkFunction('quorumRead', 'newest', options.newest);
    if (options.reconcile !== undefined) checkReconcile(options);
    if (options.notFound !== undefined) checkOneOf('quorumRead', 'notFound', options.notFound, NOT_FOUND);
    if (options.fanOut !== undefined) checkPort('quorumRead', 'fanOut', options.fanOut, 'race');
    if (options.repair !== undefined) checkPort('quorumRead', 'repair', options.repair, 'found');
    const limitMs = outerLimitOf(
      'quorumRead',
      options,
      options.fanOut === undefined && options.repair === undefined,
    );
    const run = readAll<R, V>;
    return transportOf(invoke, run, options.clock ?? systemClock, { ms: limitMs })(options, call);
  } catch (error) {
    return Promise.reject(error);
  }
}

const NOT_FOUND = ['answer', 'failure'] as const;

function checkReconcile<R, V>({ newest, reconcile }: QuorumReadOptions<R, V>): void {
  checkFunction('quorumRead', 'reconcile', reconcile);
  if (newest === undefined) return;
  throw new OptionError('quorumRead', 'reconcile', reconcile, 'given without newest');
}

function readAll<R, V>(options: QuorumReadOptions<R, V>, context: Context): Promise<QuorumReadResult<R, V>> {
  const { replicas, read, fanOut, repair } = options;
  const replicaTimeoutMs = replicaTimeoutOf('quorumRead', options);
  const count = new Newest(options);
  const race = fanOut?.race(replicas, context, count) ?? new Race(replicas, context, count);
  const found = race.run(read, replicaTimeoutMs, context);
  return repair === undefined ? found : found.then((result) => repair.found(result, count, context));
}

/** Counts answers, and keeps the newest value among them. */
class Newest<R, V> implements Count<R, V, QuorumReadResult<R, V>> {
  readonly straggler: ((vote: Vote<R, V>) => void) | undefined;
  readonly #options: QuorumReadOptions<R, V>;
  readonly #poll: Poll;
  #value: V | undefined = undefined;

  constructor(options: QuorumReadOptions<R, V>) {
    const { required, replicas, repair } = options;
    this.#options = options;
    this.#poll = pollOf('quorumRead', required, replicas);
    this.straggler = repair?.stragglers === true ? (vote) => repair.late(vote, this) : undefined;
  }

  count(vote: Vote<R, V>, index: number): Verdict {
    if (vote.status === 'failed') return this.#poll.vote(index, false);
    const { value } = vote;
    if (value === undefined) return this.#poll.vote(index, this.#options.notFound !== 'failure');
    if (this.isNewer(value, this.#value)) this.#value = value;
    return this.#poll.vote(index, true);
  }

  reachedWith(asked: readonly number[]): boolean {
    return this.#poll.reachedWith(asked);
  }

  result(replies: readonly Reply<R, V>[], elapsedMs: number): QuorumReadResult<R, V> {
    const { reconcile, repair } = this.#options;
    if (reconcile !== undefined && this.#value !== undefined) this.#value = reconcile(answersOf(replies));
    repair?.decided(this.#value as V, this);
    this.#tell('read', elapsedMs);
    return { value: this.#value as V, replies };
  }

  failure(replies: readonly Reply<R, V>[], elapsedMs: number): Error {
    this.#tell('failed', elapsedMs);
    const { required, of, votes } = this.#poll;
    return new QuorumError('quorumRead', { required, of, votes, replies, missing: this.#poll.missing() });
  }

  get merges(): boolean {
    return this.#options.reconcile !== undefined;
  }

  /** Whether `a` is newer than `b`, as far as the options can tell. */
  isNewer(a: V | undefined, b: V | undefined): boolean {
    if (a === undefined) return false;
    if (b === undefined) return true;
    const { newest } = this.#options;
    if (newest === undefined) return false;
    const order = orderOf(newest, a as Exclude<V, undefined>, b as Exclude<V, undefined>);
    if (order <= 0) return false;
    // Each newer than the other: whoever comes last would win, and readers would never agree.
    if (orderOf(newest, b as Exclude<V, undefined>, a as Exclude<V, undefined>) < 0) return true;
    throw new OptionError('quorumRead', 'newest', newest, 'a total order');
  }

  #tell(type: 'read' | 'failed', elapsedMs: number): void {
    const reporter = new Reporter('quorum', this.#options);
    if (!reporter.on) return;
    const { required, of, votes } = this.#poll;
    reporter.tell(type, { call: 'quorumRead', required, of, votes, elapsedMs });
  }
}

function orderOf<V>(newest: (a: V, b: V) => number, a: V, b: V): number {
  const order: unknown = newest(a, b);
  if (typeof order === 'number' && !Number.isNaN(order)) return order;
  throw new OptionError('quorumRead', 'newest', order, 'a function that returns a number');
}

/** The values that were answered. */
function answersOf<V>(replies: readonly Reply<unknown, V>[]): Exclude<V, undefined>[] {
  return replies.flatMap((reply) =>
    reply.status === 'answered' && reply.value !== undefined ? [reply.value as Exclude<V, undefined>] : [],
  );
}
