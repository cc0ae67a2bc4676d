import { systemClock } from '../core/clock.ts';
import type { Context } from '../core/context.ts';
import { OptionError } from '../core/errors.ts';
import { Reporter } from '../core/observer.ts';
import { checkFunction } from '../core/options.ts';
import { invoke, transportOf } from '../core/policy.ts';
import type { CallOptions } from '../core/transport.ts';
import { canonicalText } from '../structures/canonical-text.ts';
import { Ballot } from './ballot.ts';
import { QuorumError } from './errors.ts';
import type { Ask } from './fan-out.ts';
import { checkQuorum, outerLimitOf, type QuorumOptions, replicaTimeoutOf } from './options.ts';
import { type Count, Race } from './race.ts';
import type { AnsweredReply, Reply, Vote } from './reply.ts';
import type { Verdict } from './tally.ts';

export interface AgreeOptions<R, V> extends QuorumOptions<R> {
  /**
   * How many independent operators must give the same answer. If up to f of them may lie, f + 1 makes sure that
   * one who does not is among them, and 2f + 1 asked make sure that there is an answer.
   */
  readonly required: number;
  /** Asks one replica. Pin what is asked to a version (a block, a log position), or honest replicas differ. */
  readonly ask: Ask<R, V>;
  /**
   * What of an answer has to be the same: answers agree if these are equal, as keys of a Map are. What it throws
   * is that replica's failure. @defaultValue the whole content of plain data, whatever the order of its keys
   */
  readonly canonical?: (value: V) => unknown;
  /** Who runs a replica; replicas of one operator are one witness. @defaultValue each replica its own */
  readonly operator?: (replica: R) => unknown;
}

/** What {@link agree} found. */
export interface AgreeResult<R, V> {
  /** The first answer that `required` operators gave, as the first of them gave it. */
  readonly value: V;
  /** How many independent operators gave it. */
  readonly votes: number;
  /** Those who answered something else, as far as they were heard before the call was decided. */
  readonly dissent: readonly AnsweredReply<R, V>[];
  /** Who answered what, one reply per configured replica, in their order. */
  readonly replies: readonly Reply<R, V>[];
}

/**
 * Asks all replicas at once and answers with what `required` independent operators say alike. For replicas that
 * may be wrong or lie, such as public JSON-RPC nodes.
 *
 * It succeeds as soon as enough agree, and fails as soon as no answer can get there any more: three different
 * answers of three are certain failure at once. The requests still out are then aborted. Not for replicas that
 * are merely behind (`quorumRead` compares versions), and not where one answer can prove itself.
 *
 * @param call - the caller's signal and time limit
 * @throws {@link QuorumError} when no answer has, or can still get, enough votes
 * @throws {@link TimeoutError} when `timeoutMs` have passed
 * @throws {@link OptionError} for an option that is not what it has to be
 * @example
 * ```ts
 * import { agree } from 'evenkeel';
 * const nodes = ['https://a.example', 'https://b.example', 'https://liar.example'];
 * const same = await agree({
 *   replicas: nodes,
 *   required: 2,
 *   ask: async (node) => ({ hash: node.includes('liar') ? '0xbad' : '0x123', servedBy: node }),
 *   canonical: (head) => head.hash,
 *   operator: (node) => new URL(node).hostname,
 * });
 * if (same.value.hash !== '0x123' || same.votes !== 2) throw new Error('believed the liar');
 * ```
 */
export function agree<R, V>(options: AgreeOptions<R, V>, call?: CallOptions): Promise<AgreeResult<R, V>> {
  try {
    checkQuorum('agree', options);
    checkFunction('agree', 'ask', options.ask);
    if (options.canonical !== undefined) checkFunction('agree', 'canonical', options.canonical);
    if (options.operator !== undefined) checkFunction('agree', 'operator', options.operator);
    const limitMs = outerLimitOf('agree', options);
    return transportOf(invoke, askAll<R, V>, options.clock ?? systemClock, { ms: limitMs })(options, call);
  } catch (error) {
    return Promise.reject(error);
  }
}

function askAll<R, V>(options: AgreeOptions<R, V>, context: Context): Promise<AgreeResult<R, V>> {
  const count = new Agreement(options);
  const ask: Ask<R, V> = (replica, inner) =>
    invoke(options.ask, replica, inner as Context).then((value) => count.read(replica, value));
  return new Race(options.replicas, context, count).run(ask, replicaTimeoutOf('agree', options), context);
}

/** Counts who said what. */
class Agreement<R, V> implements Count<R, V, AgreeResult<R, V>> {
  readonly #options: AgreeOptions<R, V>;
  readonly #operators: readonly unknown[];
  readonly #ballot: Ballot;
  /** What each replica said, in canonical form. */
  readonly #answers: Map<R, unknown> = new Map();
  /** Of each answer the first value that came, by canonical form. */
  readonly #values: Map<unknown, V> = new Map();
  #agreed: unknown = undefined;

  constructor(options: AgreeOptions<R, V>) {
    const { replicas, required, operator } = options;
    this.#options = options;
    this.#operators =
      operator === undefined ? replicas.slice() : replicas.map((replica) => operator(replica));
    this.#ballot = new Ballot(required, this.#operators);
    if (required > this.#ballot.of) {
      throw new OptionError('agree', 'required', required, `at most ${this.#ballot.of}, one per operator`);
    }
  }

  /** Brings an answer into canonical form; the same value comes out, so that it can end a chain. */
  read(replica: R, value: V): V {
    const { canonical } = this.#options;
    this.#answers.set(replica, canonical === undefined ? contentOf(value) : canonical(value));
    return value;
  }

  count(vote: Vote<R, V>, index: number): Verdict {
    const operator = this.#operators[index];
    if (vote.status === 'failed') return this.#ballot.abstain(operator);
    const answer = this.#answers.get(vote.replica);
    if (!this.#values.has(answer)) this.#values.set(answer, vote.value);
    const verdict = this.#ballot.vote(operator, answer);
    if (verdict === 'reached') this.#agreed = answer;
    return verdict;
  }

  result(replies: readonly Reply<R, V>[], elapsedMs: number): AgreeResult<R, V> {
    const { votes } = this.#ballot;
    const dissent = replies.filter((reply): reply is AnsweredReply<R, V> => this.#dissents(reply));
    this.#tell('agreed', elapsedMs);
    if (dissent.length > 0) this.#tell('dissent', elapsedMs);
    return { value: this.#values.get(this.#agreed) as V, votes, dissent, replies };
  }

  failure(replies: readonly Reply<R, V>[], elapsedMs: number): Error {
    const { votes, of } = this.#ballot;
    this.#tell('failed', elapsedMs);
    return new QuorumError('agree', { required: this.#options.required, of, votes, replies });
  }

  #dissents(reply: Reply<R, V>): boolean {
    // As keys of a Map are compared: NaN is NaN.
    return reply.status === 'answered' && ![this.#agreed].includes(this.#answers.get(reply.replica));
  }

  /** Tells how many answers there were, and not what they said. */
  #tell(type: 'agreed' | 'dissent' | 'failed', elapsedMs: number): void {
    const reporter = new Reporter('quorum', this.#options);
    if (!reporter.on) return;
    const { votes, of } = this.#ballot;
    const { required } = this.#options;
    reporter.tell(type, { call: 'agree', required, of, votes, answers: this.#values.size, elapsedMs });
  }
}

function contentOf(value: unknown): string {
  const text = canonicalText(value);
  if (text !== undefined) return text;
  throw new OptionError('agree', 'canonical', undefined, 'given for answers that are not plain data');
}
