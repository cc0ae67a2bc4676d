import { systemClock } from '../core/clock.ts';
import type { Context } from '../core/context.ts';
import { EvenkeelError, OptionError } from '../core/errors.ts';
import { Reporter } from '../core/observer.ts';
import { checkDuration, checkFunction, checkPort } from '../core/options.ts';
import { invoke, promised, transportOf } from '../core/policy.ts';
import type { CallContext, CallOptions } from '../core/transport.ts';
import { canonicalText } from '../structures/canonical-text.ts';
import { AgreedError } from './agreed-error.ts';
import { Ballot } from './ballot.ts';
import { QuorumError } from './errors.ts';
import { checkQuorum, outerLimitOf, type QuorumOptions, replicaTimeoutOf } from './options.ts';
import { type Count, Race } from './race.ts';
import type { AnsweredReply, Reply, Vote } from './reply.ts';
import type { FanOutStrategy } from './strategy.ts';
import { type Pinned, Pinning, type PinOptions } from './pin.ts';
import type { Verdict } from './poll.ts';

export interface AgreeOptions<R, V> extends QuorumOptions<R> {
  /**
   * How many independent operators must give the same answer. If up to f of them may lie, f + 1 makes sure that
   * one who does not is among them, and 2f + 1 asked make sure that there is an answer.
   */
  readonly required: number;
  /**
   * Asks one replica. Pin what is asked to a version (a block, a log position), or honest replicas differ; with
   * `pin` that version is the third argument.
   */
  readonly ask: (replica: R, context: CallContext, pinned: number) => Promise<V>;
  /**
   * What of an answer has to be the same: answers agree if these are equal, as keys of a Map are. What it throws
   * is that replica's failure. @defaultValue the whole content of plain data, whatever the order of its keys
   */
  readonly canonical?: (value: V) => unknown;
  /** Who runs a replica; replicas of one operator are one witness. @defaultValue each replica its own */
  readonly operator?: (replica: R) => unknown;
  /**
   * What of an error has to be the same for it to count as an answer, such as a revert's reason; `undefined` for an
   * error that is only that replica's. Leave out what differs anyway, as the id of a request does.
   * @defaultValue no error is an answer
   */
  readonly errorClass?: (error: unknown) => unknown;
  /**
   * Whether an answer proves itself, by a signature or a Merkle proof: the first that does wins alone. One that does
   * not still counts as a vote. What it throws is that replica's failure. @defaultValue none does
   */
  readonly verify?: (value: V, replica: R) => boolean | Promise<boolean>;
  /**
   * First finds the highest version that `required` operators have reached, and then asks those who have, for that
   * version. @defaultValue not asked
   */
  readonly pin?: PinOptions<R>;
  /**
   * Whom to ask first: {@link hedgedFanOut} asks as many as have to agree, and the next at once when they do not.
   * @defaultValue all at once
   */
  readonly fanOut?: FanOutStrategy<R>;
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
  /** The replica whose answer proved itself; `undefined` if the votes decided. */
  readonly proof: R | undefined;
  /** The version that was asked for; `undefined` without `pin`. */
  readonly pinned: number | undefined;
}

/**
 * Asks the replicas and answers with what `required` independent operators say alike. For replicas that
 * may be wrong or lie, such as public JSON-RPC nodes.
 *
 * It succeeds as soon as enough agree, and fails as soon as no answer can get there any more: three different
 * answers of three are certain failure at once. The requests still out are then aborted. Not for replicas that
 * are merely behind (`quorumRead` compares versions).
 *
 * @param call - the caller's signal and time limit
 * @throws {@link AgreedError} when enough operators failed alike, by `errorClass`
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
    for (const option of ['operator', 'errorClass', 'verify'] as const) {
      if (options[option] !== undefined) checkFunction('agree', option, options[option]);
    }
    if (options.fanOut !== undefined) checkPort('agree', 'fanOut', options.fanOut, 'race');
    if (options.pin !== undefined) checkPin(options.pin);
    const limitMs = outerLimitOf('agree', options, options.fanOut === undefined && options.pin === undefined);
    return transportOf(invoke, askAll<R, V>, options.clock ?? systemClock, { ms: limitMs })(options, call);
  } catch (error) {
    return Promise.reject(error);
  }
}

function checkPin<R>(pin: PinOptions<R>): void {
  checkFunction('agree', 'pin.version', pin.version);
  checkDuration('agree', 'pin.waitMs', pin.waitMs ?? WAIT_MS);
}

/** How long those who are slower to say their version are waited for. */
const WAIT_MS = 500;

async function askAll<R, V>(options: AgreeOptions<R, V>, context: Context): Promise<AgreeResult<R, V>> {
  const { replicas, fanOut } = options;
  const replicaTimeoutMs = replicaTimeoutOf('agree', options);
  const operators = operatorsOf(options);
  const pinned = options.pin && (await pin(options.pin, options, operators, replicaTimeoutMs, context));
  const count = new Agreement(options, operators, pinned);
  const race = fanOut?.race(replicas, context, count) ?? new Race(replicas, context, count);
  return race.run((replica, inner) => count.ask(replica, inner as Context), replicaTimeoutMs, context);
}

function operatorsOf<R, V>({ replicas, required, operator }: AgreeOptions<R, V>): readonly unknown[] {
  const operators = operator === undefined ? replicas.slice() : replicas.map((replica) => operator(replica));
  const of = new Set(operators).size;
  if (required > of) throw new OptionError('agree', 'required', required, `at most ${of}, one per operator`);
  return operators;
}

function pin<R, V>(
  { version, waitMs = WAIT_MS }: PinOptions<R>,
  { replicas, required }: AgreeOptions<R, V>,
  operators: readonly unknown[],
  replicaTimeoutMs: number,
  context: Context,
): Promise<Pinned> {
  return new Pinning(replicas, context, required, operators, waitMs).run(version, replicaTimeoutMs, context);
}

/** An answer in canonical form; or what an error is, which is never equal to an answer. */
interface Said {
  readonly answer: unknown;
  readonly proven: boolean;
}

/** Counts who said what. */
class Agreement<R, V> implements Count<R, V, AgreeResult<R, V>> {
  readonly #options: AgreeOptions<R, V>;
  readonly #operators: readonly unknown[];
  readonly #pinned: Pinned | undefined;
  readonly #ballot: Ballot;
  /** What each replica said, in canonical form. */
  readonly #said: Map<R, Said> = new Map();
  /** Of each answer the first value that came, by canonical form. */
  readonly #values: Map<unknown, V> = new Map();
  /** Of each class of errors what stands for it in the ballot, and the first that came. */
  readonly #errors: Map<unknown, { readonly errorClass: unknown; readonly error: unknown }> = new Map();
  #agreed: unknown = undefined;
  #proof: R | undefined = undefined;

  constructor(options: AgreeOptions<R, V>, operators: readonly unknown[], pinned: Pinned | undefined) {
    this.#options = options;
    this.#operators = operators;
    this.#pinned = pinned;
    this.#ballot = new Ballot(options.required, operators);
  }

  /** Asks one replica; the same value comes out, in canonical form it is kept. */
  ask(replica: R, context: Context): Promise<V> {
    const { ask, canonical, verify, replicas } = this.#options;
    const pinned = this.#pinned;
    if (pinned !== undefined && !pinned.places.includes(replicas.indexOf(replica))) {
      return Promise.reject(new BehindError(pinned.version));
    }
    return promised(ask(replica, context, pinned?.version as number)).then((value) => {
      const answer = canonical === undefined ? contentOf(value) : canonical(value);
      this.#said.set(replica, { answer, proven: false });
      if (verify === undefined) return value;
      return Promise.resolve(verify(value, replica)).then((proven) => {
        this.#said.set(replica, { answer, proven });
        return value;
      });
    });
  }

  count(vote: Vote<R, V>, index: number): Verdict {
    const operator = this.#operators[index];
    if (vote.status === 'failed') return this.#countError(vote.error, operator);
    const { answer, proven } = this.#said.get(vote.replica) ?? { answer: undefined, proven: false };
    if (!this.#values.has(answer)) this.#values.set(answer, vote.value);
    const verdict = this.#ballot.vote(operator, answer);
    if (verdict !== 'reached' && !proven) return verdict;
    this.#agreed = answer;
    if (proven) {
      this.#proof = vote.replica;
      this.#values.set(answer, vote.value);
    }
    return 'reached';
  }

  reachedWith(asked: readonly number[]): boolean {
    return this.#ballot.reachedWith(asked.map((index) => this.#operators[index]));
  }

  result(replies: readonly Reply<R, V>[], elapsedMs: number): AgreeResult<R, V> {
    const error = this.#errors.get(this.#agreed);
    const votes = this.#proof === undefined ? this.#ballot.votes : this.#ballot.votesFor(this.#agreed);
    const dissent = replies.filter((reply): reply is AnsweredReply<R, V> => this.#dissents(reply));
    this.#tell(error === undefined ? 'agreed' : 'agreed-error', elapsedMs);
    if (dissent.length > 0) this.#tell('dissent', elapsedMs);
    if (error !== undefined) throw new AgreedError(error.errorClass, votes, error.error, replies);
    const value = this.#values.get(this.#agreed) as V;
    return { value, votes, dissent, replies, proof: this.#proof, pinned: this.#pinned?.version };
  }

  failure(replies: readonly Reply<R, V>[], elapsedMs: number): Error {
    const { votes, of } = this.#ballot;
    this.#tell('failed', elapsedMs);
    return new QuorumError('agree', { required: this.#options.required, of, votes, replies });
  }

  #countError(error: unknown, operator: unknown): Verdict {
    const errorClass = this.#options.errorClass?.(error);
    if (errorClass === undefined) return this.#ballot.abstain(operator);
    let key: unknown = [...this.#errors].find(([, known]) => known.errorClass === errorClass)?.[0];
    if (key === undefined) this.#errors.set((key = {}), { errorClass, error });
    const verdict = this.#ballot.vote(operator, key);
    if (verdict === 'reached') this.#agreed = key;
    return verdict;
  }

  #dissents(reply: Reply<R, V>): boolean {
    // As keys of a Map are compared: NaN is NaN.
    return reply.status === 'answered' && ![this.#agreed].includes(this.#said.get(reply.replica)?.answer);
  }

  /** Tells how many answers there were, and not what they said. */
  #tell(type: 'agreed' | 'agreed-error' | 'dissent' | 'failed', elapsedMs: number): void {
    const reporter = new Reporter('quorum', this.#options);
    if (!reporter.on) return;
    const { votes, of } = this.#ballot;
    const { required } = this.#options;
    const answers = this.#values.size + this.#errors.size;
    reporter.tell(type, { call: 'agree', required, of, votes, answers, elapsedMs });
  }
}

/** The failure of a replica that is not asked, because it has not reached the version. */
class BehindError extends EvenkeelError {
  constructor(version: number) {
    super('EVENKEEL_BEHIND', `the replica has not reached version ${version}`);
  }
}

function contentOf(value: unknown): string {
  const text = canonicalText(value);
  if (text !== undefined) return text;
  throw new OptionError('agree', 'canonical', undefined, 'given for answers that are not plain data');
}
