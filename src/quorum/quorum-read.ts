import { systemClock } from '../core/clock.ts';
import type { Context } from '../core/context.ts';
import { OptionError } from '../core/errors.ts';
import { Reporter } from '../core/observer.ts';
import { checkFunction } from '../core/options.ts';
import { invoke, transportOf } from '../core/policy.ts';
import type { CallOptions } from '../core/transport.ts';
import { QuorumError } from './errors.ts';
import type { Ask } from './fan-out.ts';
import { checkQuorum, outerLimitOf, type QuorumOptions, replicaTimeoutOf } from './options.ts';
import { type Count, Race } from './race.ts';
import type { Reply, Vote } from './reply.ts';
import { openTally, type Tally, type Verdict, verdictOf, voteAgainst, voteFor } from './tally.ts';

export interface QuorumReadOptions<R, V> extends QuorumOptions<R> {
  /** Reads one replica. Resolving with `undefined` says that the replica does not have it, and is an answer. */
  readonly read: Ask<R, V>;
  /**
   * Compares two values: above 0 if `a` is the newer one, below 0 if `b` is. Never asked about `undefined`: any
   * value is newer than none. @defaultValue the first reply that has a value
   */
  readonly newest?: (a: Exclude<V, undefined>, b: Exclude<V, undefined>) => number;
}

/** What {@link quorumRead} found. */
export interface QuorumReadResult<R, V> {
  /** The newest of the answers counted; `undefined` only if none of them had a value. */
  readonly value: V;
  /** Who answered what, one reply per configured replica, in their order. */
  readonly replies: readonly Reply<R, V>[];
}

/**
 * Reads all replicas at once and answers with the newest of the first `required` answers.
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
    const limitMs = outerLimitOf('quorumRead', options);
    const run = readAll<R, V>;
    return transportOf(invoke, run, options.clock ?? systemClock, { ms: limitMs })(options, call);
  } catch (error) {
    return Promise.reject(error);
  }
}

function readAll<R, V>(options: QuorumReadOptions<R, V>, context: Context): Promise<QuorumReadResult<R, V>> {
  const { replicas, read } = options;
  const replicaTimeoutMs = replicaTimeoutOf('quorumRead', options);
  return new Race(replicas, context, new Newest(options)).run(read, replicaTimeoutMs, context);
}

/** Counts answers, and keeps the newest value among them. */
class Newest<R, V> implements Count<R, V, QuorumReadResult<R, V>> {
  readonly #options: QuorumReadOptions<R, V>;
  #tally: Tally;
  #value: V | undefined = undefined;

  constructor(options: QuorumReadOptions<R, V>) {
    this.#options = options;
    this.#tally = openTally(options.replicas.length, options.required);
  }

  count(vote: Vote<R, V>): Verdict {
    if (vote.status === 'failed') {
      this.#tally = voteAgainst(this.#tally);
    } else {
      if (this.#isNewer(vote.value)) this.#value = vote.value;
      this.#tally = voteFor(this.#tally);
    }
    return verdictOf(this.#tally);
  }

  result(replies: readonly Reply<R, V>[], elapsedMs: number): QuorumReadResult<R, V> {
    this.#tell('read', elapsedMs);
    return { value: this.#value as V, replies };
  }

  failure(replies: readonly Reply<R, V>[], elapsedMs: number): Error {
    this.#tell('failed', elapsedMs);
    const { required, of, votesFor: votes } = this.#tally;
    return new QuorumError('quorumRead', { required, of, votes, replies });
  }

  #isNewer(value: V): boolean {
    if (value === undefined) return false;
    const best = this.#value;
    if (best === undefined) return true;
    const { newest } = this.#options;
    if (newest === undefined) return false;
    const order: unknown = newest(value as Exclude<V, undefined>, best as Exclude<V, undefined>);
    if (typeof order === 'number' && !Number.isNaN(order)) return order > 0;
    throw new OptionError('quorumRead', 'newest', order, 'a function that returns a number');
  }

  #tell(type: 'read' | 'failed', elapsedMs: number): void {
    const reporter = new Reporter('quorum', this.#options);
    if (!reporter.on) return;
    const { required, of, votesFor, votesAgainst } = this.#tally;
    reporter.tell(type, { call: 'quorumRead', required, of, votesFor, votesAgainst, elapsedMs });
  }
}
