/**
 * One call's way to whoever is in charge.
 *
 *   target ─▶ send ─▶ answered ─▶ done
 *     ▲         ├──▶ refused ("not I"): mend the entry ──┐
 *     │         └──▶ failed, and may be sent again ──────┤
 *     └── wait for news, if nobody else is known ◀───────┘
 *
 * It ends: each refusal counts towards `maxRedirects`, all waits together last `primaryTimeoutMs` at most, and nobody who
 * has refused or failed is asked again before a newer map has confirmed it.
 */
import type { Context } from '../core/context.ts';
import { IGNORED } from '../core/outcome.ts';
import { OptionError } from '../core/errors.ts';
import { checkOneOf } from '../core/options.ts';
import { isSpent, mayRepeat, neverLeft } from '../core/repeat.ts';
import { hasTried } from '../core/tried.ts';
import { until } from '../core/until.ts';
import { checkEpoch } from './epoch.ts';
import { NoPrimaryError, RedirectLoopError, type RequestOutcome, StalePrimaryError } from './errors.ts';
import type { Access, Redirect } from './group.ts';
import type { Node } from './node.ts';
import { better, isFit, pickReplica } from './pick.ts';
import type { Attempt, Router } from './router.ts';
import type { PartitionId } from './session.ts';
import type { Entry } from './table.ts';
import { Visit } from './visit.ts';

const ACCESSES: readonly Access[] = ['write', 'read', 'primary-read'];

/** What came of one attempt: the call's value, or another round. */
type Step<S> = { readonly value: S } | undefined;

export class Trip<E, Q, S> {
  readonly #router: Router<E, Q, S>;
  readonly #request: Q;
  readonly #context: Context;
  readonly #partition: PartitionId;
  readonly #access: Access;
  readonly #visit: Visit<E, S>;
  /** Those who have refused or failed this call, as of a number of the table. */
  readonly #out = new Set<Node<E>>();
  #outAsOf = -1;
  #redirects = 0;
  #atPrimary: boolean;
  readonly #cameAt: number;
  #endMs = Infinity;
  #outcome: RequestOutcome = 'not-applied';
  #refusedWith: unknown = undefined;
  #failure: { readonly error: unknown } | undefined = undefined;

  constructor(router: Router<E, Q, S>, request: Q, context: Context) {
    const { partitionOf, accessOf } = router.options;
    this.#router = router;
    this.#request = request;
    this.#context = context;
    this.#partition = checkPartition(partitionOf(request));
    this.#access = checkOneOf('partitioned', 'accessOf', accessOf?.(request) ?? 'write', ACCESSES);
    this.#atPrimary = this.#access !== 'read';
    this.#visit = new Visit(router, this.#partition, this.#access, context);
    // Any first map will do.
    this.#cameAt = this.#entry !== undefined || router.refresh.answeredAsOf < 0 ? 0 : router.table.tick();
  }

  async run(): Promise<S> {
    const { scope } = this.#context;
    this.#router.begin();
    for (;;) {
      const node = this.#target();
      if (node === undefined) {
        await this.#news();
        continue;
      }
      const step = await this.#ask(node);
      if (step !== undefined) return step.value;
      // Whoever has left is not waited for, and nobody is called for them again (law 1).
      if (scope !== undefined && scope.aborted) throw scope.reason;
    }
  }

  get #entry(): Entry<E> | undefined {
    return this.#router.table.entry(this.#partition);
  }

  /** Who is to be asked next; `undefined` while that is not known. */
  #target(): Node<E> | undefined {
    const entry = this.#entry;
    if (entry === undefined) return undefined;
    if (this.#out.size > 0 && this.#router.refresh.answeredAsOf >= this.#outAsOf) this.#out.clear();
    const { state, leader } = entry.leadership;
    const primary = state === 'known' && leader !== undefined && !this.#out.has(leader) ? leader : undefined;
    if (this.#atPrimary) return primary;
    const { call } = this.#context;
    const passed = this.#visit.passed;
    const replicas = entry.replicas.filter(
      (one) => one !== leader && !this.#out.has(one) && !passed.has(one),
    );
    const replica = pickReplica(replicas, call, this.#router.options.random);
    if (replica === undefined || primary === undefined || isFit(replica, call)) return replica ?? primary;
    return better(replica, primary, call);
  }

  /** One read finds out whether an ejected replica has recovered; it would never win a comparison. */
  #trial(entry: Entry<E>, nowMs: number): { readonly node: Node<E>; readonly ticket: number } | undefined {
    const { health } = this.#router.options;
    if (this.#atPrimary || health === undefined || nowMs < health.nextTrialMs) return undefined;
    for (const node of entry.replicas) {
      if (this.#out.has(node) || hasTried(this.#context.call.root, node)) continue;
      const ticket = node.health?.admitTrial(nowMs);
      if (ticket !== undefined) return { node, ticket };
    }
    return undefined;
  }

  async #ask(picked: Node<E>): Promise<Step<S>> {
    const router = this.#router;
    const entry = this.#entry as Entry<E>;
    const startMs = router.options.clock.now();
    const { node, ticket } = this.#trial(entry, startMs) ?? {
      node: picked,
      ticket: router.ticketOf(picked, startMs),
    };
    const attempt: Attempt<E> = {
      node,
      entry,
      asLeader: node === entry.leadership.leader,
      ticket,
      startMs,
      asOf: router.table.now,
      refusal: undefined,
      outcome: IGNORED,
      endedAsOf: -1,
    };
    let value: S;
    try {
      value = await router.send(attempt, this.#request, this.#context);
    } catch (error) {
      if (attempt.refusal === undefined) return this.#failed(attempt, error);
      if (!this.#canSendAgain()) throw error;
      return this.#refused(attempt, attempt.refusal, error);
    }
    if (attempt.refusal === undefined) return this.#answered(attempt, value);
    if (!this.#canSendAgain()) return { value };
    return this.#refused(attempt, attempt.refusal, undefined);
  }

  /** Its node does not lead: mend the entry, and have the rest of the map mended. */
  #refused(attempt: Attempt<E>, refusal: Redirect<E>, error: unknown): undefined {
    const { table, refresh, nodes, reporter } = this.#router;
    const { node, asOf } = attempt;
    const entry = this.#entry ?? attempt.entry;
    const { to } = refusal;
    const epoch = checkEpoch('redirect', refusal.epoch);
    const elsewhere = to !== undefined && nodes.find(to) !== node;
    this.#exclude(attempt);
    const believed = elsewhere && table.claim(entry, to, epoch, asOf);
    // A newer epoch may bring back who has refused before.
    if (believed && epoch !== undefined) this.#out.delete(nodes.find(to));
    // Without anybody to ask, who has denied it once is still the best guess.
    if (!elsewhere && refresh.possible) table.denied(entry, node, asOf);
    refresh.wanted();
    this.#router.redirects++;
    this.#refusedWith = error;
    this.#atPrimary = true;
    if (reporter.on) {
      const named = to === undefined ? undefined : nodes.find(to).name;
      reporter.tell('redirected', {
        partition: this.#partition,
        from: node.name,
        to: named,
        epoch,
        believed,
      });
    }
    this.#count(error);
  }

  #count(cause: unknown): void {
    if (++this.#redirects <= this.#router.options.maxRedirects) return;
    throw new RedirectLoopError(this.#partition, this.#redirects, this.#outcome, causedBy(cause));
  }

  /** A failure is the caller's to see, unless a primary that moves would explain it and it may be sent again. */
  #failed(attempt: Attempt<E>, error: unknown): undefined {
    const { asLeader, outcome } = attempt;
    const { refresh } = this.#router;
    const isFailure = outcome.kind === 'failure' && asLeader;
    if (!isFailure || !refresh.possible || !this.#mayRepeat(error)) throw error;
    this.#failure = { error };
    this.#outcome = neverLeft(error) ? this.#outcome : 'indeterminate';
    refresh.wanted();
    this.#exclude(attempt);
  }

  #answered(attempt: Attempt<E>, value: S): Step<S> {
    const entry = this.#entry ?? attempt.entry;
    const epoch = this.#atPrimary ? this.#visit.epochOf(value) : undefined;
    if (epoch !== undefined && epoch < entry.leadership.epoch) return this.#fenced(attempt, entry, epoch);
    const { table } = this.#router;
    if (epoch !== undefined) table.claim(entry, attempt.node.endpoint, epoch, table.now);
    if (this.#visit.accepts(value, attempt.node, this.#atPrimary || attempt.asLeader)) return { value };
    // The replica is behind this session: another one, and when there is none the primary.
    return undefined;
  }

  /** An old primary has answered. What it says is not so any longer, and what it wrote may be lost. */
  #fenced(attempt: Attempt<E>, entry: Entry<E>, epoch: number): undefined {
    const error = new StalePrimaryError(this.#partition, epoch, entry.leadership.epoch);
    if (this.#access === 'write') this.#outcome = 'indeterminate';
    this.#router.refresh.wanted();
    if (!this.#canSendAgain() || !this.#mayRepeat(error)) throw error;
    this.#failure = { error };
    this.#exclude(attempt);
    this.#count(error);
  }

  /** This node is not asked again before a map that was asked for after this attempt names it. */
  #exclude({ node, endedAsOf }: Attempt<E>): void {
    this.#out.add(node);
    this.#outAsOf = Math.max(this.#outAsOf, endedAsOf);
  }

  /** What a server has refused was not done, so it may be sent again, if it still can be. */
  #canSendAgain(): boolean {
    return !isSpent(this.#request) && !isSpent(this.#context);
  }

  /** Law 14; and a write is not taken for harmless merely because it is a plain function's. */
  #mayRepeat(error: unknown): boolean {
    const { idempotent, idempotencyKey } = this.#context as { idempotent?: boolean; idempotencyKey?: string };
    const told = this.#access !== 'write' || idempotent === true || idempotencyKey !== undefined;
    return (told || neverLeft(error)) && mayRepeat(this.#request, this.#context, error);
  }

  /** Waits until there is somebody to ask. */
  async #news(): Promise<void> {
    const { options, refresh, table } = this.#router;
    const { clock } = this.#context.call;
    if (!refresh.possible) throw this.#nobody('nobody is known, and there is no map to ask for');
    if (this.#endMs === Infinity) this.#endMs = clock.now() + options.primaryTimeoutMs;
    if (this.#isUnheardOf()) throw this.#nobody('no group has it');
    if (this.#router.waiting >= options.maxWaiting) throw this.#nobody('too many calls wait for one');
    const timeoutMs = Math.max(0, this.#endMs - clock.now());
    refresh.wanted();
    this.#router.waiting++;
    try {
      await until(
        {
          clock,
          timeoutMs,
          subscribe: (changed) => table.subscribe(changed),
          holds: () => this.#target() !== undefined || this.#isUnheardOf() || !refresh.possible,
          late: () => this.#nobody(`none within ${options.primaryTimeoutMs} ms`),
        },
        this.#context,
      );
    } finally {
      this.#router.waiting--;
    }
    const { scope } = this.#context;
    if (scope !== undefined && scope.aborted) throw scope.reason;
  }

  /** Whether a map that was asked for after this call came does not have the partition. */
  #isUnheardOf(): boolean {
    return this.#entry === undefined && this.#router.refresh.answeredAsOf >= this.#cameAt;
  }

  /** The last attempt's own failure, untouched; if there was none, that nobody leads, and why that is not known. */
  #nobody(why: string): Error {
    if (this.#failure !== undefined) return this.#failure.error as Error;
    return new NoPrimaryError(
      this.#partition,
      why,
      this.#outcome,
      causedBy(this.#refusedWith ?? this.#router.refresh.lastError),
    );
  }
}

function checkPartition(partition: PartitionId): PartitionId {
  if (typeof partition === 'string' || typeof partition === 'number') return partition;
  throw new OptionError('partitioned', 'partitionOf', partition, 'a function that returns text or a number');
}

function causedBy(cause: unknown): ErrorOptions | undefined {
  return cause === undefined ? undefined : { cause };
}
