/**
 * The protocol: a multi-writer register on replicas of which a minority may fail (Attiya, Bar-Noy, Dolev, JACM
 * 1995; Lynch and Shvartsman 1997).
 *
 *   write: ask R replicas for their tags; put (highest counter + 1, writer) to all, await W
 *   read:  ask R replicas; of the newest, held by c of them, be sure that no later read can miss it: it cannot if
 *          c + R > N; else put it to the others until W have it
 *
 * The counter also grows past every one this register has made itself, whatever the key, so no two of its writes
 * have one tag, also not two that run side by side.
 */
import { Background } from '../../core/background.ts';
import type { Clock } from '../../core/clock.ts';
import type { Context } from '../../core/context.ts';
import { errand } from '../../core/errand.ts';
import { Gate } from '../../core/gate.ts';
import { Reporter } from '../../core/observer.ts';
import { invoke, promised, transportOf } from '../../core/policy.ts';
import type { Random } from '../../core/random.ts';
import type { CallContext } from '../../core/transport.ts';
import type { Ask } from '../fan-out.ts';
import { nameOf, newId } from '../names.ts';
import { Race } from '../race.ts';
import type { Vote } from '../reply.ts';
import { compareTags, type Tag, type Versioned } from '../versions/tag.ts';
import { type QuorumWriteResult, Write } from '../write.ts';
import { Contract, isReplicaContractError, ReplicaContractError } from './contract.ts';
import { notApplied, unfinishedError } from './errors.ts';
import { type Members, RestPoll } from './members.ts';
import type { QuorumRegisterOptions, RegisterRead, RegisterWrite } from './options.ts';
import { type Answer, type Queried, TagCount } from './tag-count.ts';

/** The options with their defaults. */
export interface Settings<R, V> extends QuorumRegisterOptions<R, V> {
  readonly replicaTimeoutMs: number;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
}

export class Protocol<R, V> {
  readonly #settings: Settings<R, V>;
  readonly #contract: Contract<R>;
  readonly #repairs: Gate;
  readonly #background: Background = new Background();
  readonly #reporter: Reporter;
  #writer: string | undefined = undefined;
  #counter = 0;
  readonly counts = { reads: 0, writeBacks: 0, writes: 0, repaired: 0, repairsShed: 0, breaches: 0 };

  constructor(settings: Settings<R, V>) {
    const { maxConcurrent = 16, maxQueue = 64, maxTrackedKeys = 10_000 } = settings;
    this.#settings = settings;
    this.#contract = new Contract('quorumRegister', maxTrackedKeys);
    this.#repairs = new Gate('quorumRegister', { maxConcurrent, maxQueue });
    this.#reporter = new Reporter('quorum', settings);
  }

  get writer(): string | undefined {
    return this.#writer;
  }

  get counter(): number {
    return this.#counter;
  }

  async lookup(
    key: string,
    members: Members<R>,
    context: Context,
    untilMs: number,
  ): Promise<RegisterRead<R, V>> {
    this.counts.reads++;
    const { repair, consistency } = this.#settings;
    const late = repair === 'none' ? undefined : new Late<R, V>();
    const queried = await this.#query(key, members, context, untilMs, late);
    const { newest, replies } = queried;
    const path =
      consistency === 'regular' ? 'regular' : await this.#secure(key, queried, members, context, untilMs);
    if (this.#reporter.on) {
      this.#reporter.tell('register-read', { path, holders: queried.holders.length, of: replies.length });
    }
    // A write-back goes to all who had less, so there is nothing left to repair.
    if (late !== undefined && newest !== undefined && path !== 'write-back') {
      late.found((vote) => this.#repairOne(key, vote, newest));
      for (const reply of replies) {
        if (reply.status === 'answered' || reply.status === 'failed') this.#repairOne(key, reply, newest);
      }
    }
    return { value: newest?.deleted === true ? undefined : newest?.value, tag: newest?.tag, path, replies };
  }

  /** Makes sure that every later read finds what a quorum has now: for keys that are copied. */
  async settle(key: string, members: Members<R>, context: Context, untilMs: number): Promise<void> {
    const queried = await this.#query(key, members, context, untilMs);
    await this.#secure(key, queried, members, context, untilMs);
  }

  /** Both phases; only the second if it is known after which tag it comes. */
  async write(
    key: string,
    content: { readonly value: V } | { readonly deleted: true },
    members: Members<R>,
    context: Context,
    untilMs: number,
    after?: { readonly tag: Tag | undefined },
  ): Promise<RegisterWrite<R>> {
    let seen = after?.tag;
    if (after === undefined) {
      try {
        seen = (await this.#query(key, members, context, untilMs)).newest?.tag;
      } catch (error) {
        throw notApplied(error);
      }
    }
    return this.put(key, { tag: this.#next(seen), ...content }, members, context, untilMs);
  }

  /** The second phase alone, also of a write that is tried again. */
  async put(
    key: string,
    versioned: Versioned<V>,
    members: Members<R>,
    context: Context,
    untilMs: number,
  ): Promise<RegisterWrite<R>> {
    this.counts.writes++;
    try {
      const poll = members.openWrite();
      const written = await this.#putTo(key, versioned, members.replicas, poll, context, untilMs);
      return { ...written, tag: versioned.tag };
    } catch (error) {
      throw unfinishedError(error, { key, versioned });
    }
  }

  /** Forgets what is known of replicas that are members no more. */
  keepOnly(replicas: ReadonlySet<R>): void {
    this.#contract.keepOnly(replicas);
  }

  /** Makes sure that every later read meets the newest. */
  async #secure(
    key: string,
    { newest, holders }: Queried<R, V>,
    members: Members<R>,
    context: Context,
    untilMs: number,
  ): Promise<'fast' | 'write-back'> {
    // Nothing at all is what every replica has, or has had.
    if (newest === undefined || members.metByEveryRead(holders)) return 'fast';
    this.counts.writeBacks++;
    const { replicas } = members;
    const places = replicas.map((_, index) => index).filter((index) => !holders.includes(index));
    const rest = new RestPoll(members.openWrite(), holders, places);
    if (rest.verdict !== 'reached') {
      const others = places.map((place) => replicas[place] as R);
      await this.#putTo(key, newest, others, rest, context, untilMs);
    }
    return 'write-back';
  }

  #query(
    key: string,
    members: Members<R>,
    context: Context,
    untilMs: number,
    late?: Late<R, V>,
  ): Promise<Queried<R, V>> {
    const { replicaTimeoutMs, clock } = this.#settings;
    const straggler = late && ((vote: Vote<R, Answer<V>>): void => late.heard(vote));
    const count = new TagCount<R, V>(key, members.openRead(), straggler);
    const run = (_: unknown, inner: Context): Promise<Queried<R, V>> =>
      new Race(members.replicas, inner, count).run(this.#asking(key), replicaTimeoutMs, inner);
    const leftMs = untilMs - clock.now();
    // A limit that comes later than all replicas' own is not worth a timer.
    const ms = leftMs < replicaTimeoutMs ? Math.max(0, leftMs) : Infinity;
    return transportOf(invoke, run, clock, { ms })(undefined, context);
  }

  #asking(key: string): Ask<R, Answer<V>> {
    return (replica, context) => {
      const floor = this.#contract.floorOf(key, replica);
      return promised(this.#settings.read(replica, key, context)).then((answer) =>
        this.#checked(key, replica, floor, answer),
      );
    };
  }

  #checked(
    key: string,
    replica: R,
    floor: Tag | undefined,
    said: Versioned<V> | null | undefined,
  ): Answer<V> {
    try {
      const answer = this.#contract.checked(key, replica, floor, said);
      if (answer?.tag.writer === this.#writer && answer !== undefined && answer.tag.counter > this.#counter) {
        throw new ReplicaContractError('unknown-tag', key);
      }
      return answer;
    } catch (error) {
      if (isReplicaContractError(error)) this.#breached(error);
      throw error;
    }
  }

  #breached({ breach }: ReplicaContractError): void {
    this.counts.breaches++;
    if (this.#reporter.on) this.#reporter.tell('contract-broken', { breach });
  }

  async #putTo(
    key: string,
    versioned: Versioned<V>,
    replicas: readonly R[],
    poll: ReturnType<Members<R>['openWrite']>,
    context: Context,
    untilMs: number,
  ): Promise<QuorumWriteResult<R>> {
    const { hints, replicaTimeoutMs, clock } = this.#settings;
    const order = {
      ...this.#told,
      what: 'quorumRegister',
      replicas,
      write: this.#putting(key, versioned),
      hints: hints?.of({ key, versioned }),
    };
    const leftMs = Math.max(0, untilMs - clock.now());
    return new Write<R>(order, poll, context, leftMs).run(replicaTimeoutMs);
  }

  get #told(): Pick<Settings<R, V>, 'observer' | 'name'> {
    const { observer, name } = this.#settings;
    return { ...(observer === undefined ? {} : { observer }), ...(name === undefined ? {} : { name }) };
  }

  #putting(key: string, versioned: Versioned<V>): Ask<R, unknown> {
    return (replica, context) =>
      promised(this.#settings.write(replica, key, versioned, context)).then((said) => {
        this.#contract.has(key, replica, versioned.tag);
        return said;
      });
  }

  #next(seen: Tag | undefined): Tag {
    const { random, writer = 'w' } = this.#settings;
    this.#writer ??= `${writer}.${newId(random)}`;
    this.#counter = Math.max(this.#counter, seen?.counter ?? 0) + 1;
    return { counter: this.#counter, writer: this.#writer };
  }

  #repairOne(key: string, vote: Vote<R, Answer<V>>, newest: Versioned<V>): void {
    if (vote.status === 'failed' && !isReplicaContractError(vote.error)) return;
    const has = vote.status === 'failed' ? undefined : vote.value;
    if (has !== undefined && compareTags(has.tag, newest.tag) >= 0) return;
    this.#background.run(() => void this.#repair(key, vote.replica, newest));
  }

  async #repair(key: string, replica: R, newest: Versioned<V>): Promise<void> {
    const { clock, replicaTimeoutMs } = this.#settings;
    const put = this.#putting(key, newest);
    let begun = false;
    try {
      await this.#repairs.run(() => {
        begun = true;
        return errand((one: R, context: CallContext) => put(one, context), replica, clock, replicaTimeoutMs);
      });
      this.counts.repaired++;
      if (this.#reporter.on) this.#reporter.tell('repaired', {});
    } catch (error) {
      if (!begun) this.counts.repairsShed++;
      if (this.#reporter.on)
        this.#reporter.tell(begun ? 'repair-failed' : 'repair-shed', { reason: nameOf(error) });
    }
  }
}

/** Those of a read's replicas that answer once it is decided, also before it is known what to do with them. */
class Late<R, V> {
  #votes: Vote<R, Answer<V>>[] = [];
  #act: ((vote: Vote<R, Answer<V>>) => void) | undefined = undefined;

  heard(vote: Vote<R, Answer<V>>): void {
    if (this.#act === undefined) this.#votes.push(vote);
    else this.#act(vote);
  }

  found(act: (vote: Vote<R, Answer<V>>) => void): void {
    this.#act = act;
    for (const vote of this.#votes) act(vote);
    this.#votes = [];
  }
}
