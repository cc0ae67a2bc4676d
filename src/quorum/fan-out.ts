/**
 * The fan-out: one request to each replica, and what became of it. It knows nothing of votes; whoever extends it
 * counts them.
 *
 * Where all requests start together one timer limits them all; it is armed only if something is still out once
 * the replicas that answer at once have answered. Each replica has a call and a scope of its own: a loser can be
 * aborted without aborting an answer that is still being read, and a verdict that one replica's transport reached
 * about its answer is never taken for another's.
 */
import { type AbortHook, type AbortSource, unlink } from '../core/abort.ts';
import { Call } from '../core/call.ts';
import type { TimerHandle } from '../core/clock.ts';
import { Context } from '../core/context.ts';
import { TimeoutError } from '../core/errors.ts';
import { invoke } from '../core/policy.ts';
import { Scope } from '../core/scope.ts';
import type { CallContext } from '../core/transport.ts';
import type { Reply, Vote } from './reply.ts';

/** The user's function: one request to one replica. */
export type Ask<R, V> = (replica: R, context: CallContext) => Promise<V>;

/** Already resolved: what is chained to it runs after the reactions that are waiting now. */
const SOON: Promise<void> = Promise.resolve();

export abstract class FanOut<R, V> implements AbortHook {
  prev: AbortHook | undefined = undefined;
  next: AbortHook | undefined = undefined;
  owner: AbortSource | undefined = undefined;
  protected readonly replicas: readonly R[];
  readonly #context: Context;
  // Made in their full length: a list that grows from nothing reserves room for 17.
  readonly #votes: (Reply<R, V> | undefined)[];
  readonly #scopes: (Scope | undefined)[];
  readonly #startedMs: number;
  #deadline = Infinity;
  #out: number;
  #timer: TimerHandle = undefined;
  /** Whether each request has a timer of its own, which ends with its answer. */
  #timed = false;
  #state: 'instant' | 'waiting' | 'closed' = 'instant';
  /** Once nobody waits for the answer any more its timer keeps no process alive. */
  #kind: 'background' | undefined = undefined;
  #limitMs = Infinity;

  constructor(replicas: readonly R[], context: Context) {
    this.replicas = replicas.slice();
    this.#context = context;
    this.#startedMs = context.call.clock.now();
    this.#out = replicas.length;
    this.#votes = new Array<undefined>(replicas.length);
    this.#scopes = new Array<undefined>(replicas.length);
  }

  /** A replica has answered, failed or run out of time; once each, never after the fan-out was closed. */
  protected abstract heard(vote: Vote<R, V>, index: number): void;

  /** A replica that had run out of time settled after all. */
  protected abstract late(index: number, failed: boolean, error: unknown): void;

  /** The scope that the requests are tied to was aborted. */
  protected abstract left(reason: unknown): void;

  protected elapsedMs(): number {
    return this.#context.call.clock.now() - this.#startedMs;
  }

  /** How many replicas have not replied yet. */
  protected get out(): number {
    return this.#out;
  }

  /**
   * Sends the request to every replica, in the caller's own tick. `scope` is what they end with; `undefined` if
   * they are to outlive the call.
   */
  protected askAll(ask: Ask<R, V>, replicaTimeoutMs: number, scope: Scope | undefined): void {
    this.#deadline = this.#startedMs + replicaTimeoutMs;
    this.#limitMs = replicaTimeoutMs;
    const outer = scope === undefined ? Infinity : scope.deadline;
    scope?.add(this);
    for (let index = 0; index < this.replicas.length; index++) {
      this.#ask(ask, index, new Scope(this.#context.call.clock, Math.min(this.#deadline, outer)));
    }
    // A scope that ends sooner takes the requests with it: no timer of our own is needed.
    if (this.#deadline < outer) void SOON.then(() => this.#arm(replicaTimeoutMs));
    else this.#state = this.#state === 'closed' ? 'closed' : 'waiting';
  }

  /** Sends the request to one replica, with a timer of its own: for those who are not all asked together. */
  protected askOne(ask: Ask<R, V>, index: number, timeoutMs: number): void {
    const { clock } = this.#context.call;
    this.#timed = true;
    if (this.#state === 'instant') this.#state = 'waiting';
    const scope = new Scope(
      clock,
      Math.min(clock.now() + timeoutMs, this.#context.scope?.deadline ?? Infinity),
    );
    scope.rejectWith((reason) => this.#failed(index, reason));
    if (timeoutMs !== Infinity) scope.expireIn(timeoutMs);
    this.#ask(ask, index, scope);
  }

  /** Stays open although whoever waited has left or has an answer: who is still out is heard. */
  protected detach(): void {
    unlink(this);
    this.#kind = 'background';
    // Where the scope was to end them there is no timer yet, and what is instant has one coming.
    if (this.#state === 'instant' || this.#out === 0 || this.#limitMs === Infinity) return;
    this.#clearTimer();
    this.#setTimer(this.#limitMs);
  }

  /** Ends it: nobody is waited for or listened to any longer, and what is still out is aborted. */
  protected close(reason: unknown): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    unlink(this);
    this.#clearTimer();
    for (let index = 0; index < this.#scopes.length; index++) {
      if (this.#votes[index] === undefined) this.#scopes[index]?.abort(reason);
    }
  }

  /** What became of every request by now; asked for once, when all is over or the others are not waited for. */
  protected replies(latencyMs: number, unheard: 'aborted' | 'pending'): readonly Reply<R, V>[] {
    const votes = this.#state === 'closed' ? this.#votes : this.#votes.slice();
    for (let index = 0; index < votes.length; index++) {
      if (votes[index] !== undefined) continue;
      const replica = this.replicas[index] as R;
      const status = this.#scopes[index] === undefined ? 'unasked' : unheard;
      votes[index] = { replica, status, latencyMs };
    }
    return votes as readonly Reply<R, V>[];
  }

  abort(reason: unknown): void {
    this.close(reason);
    this.left(reason);
  }

  #ask(ask: Ask<R, V>, index: number, scope: Scope): void {
    const outer = this.#context;
    const { call } = outer;
    // A replica's function may abort the caller's signal itself: then no further one is called.
    if (outer.scope !== undefined && outer.scope.aborted) return this.#failed(index, outer.scope.reason);
    this.#scopes[index] = scope;
    const replica = this.replicas[index] as R;
    const context = new Context(new Call(call.clock, call.options), scope, outer.attempt, replica);
    invoke<R, V>(ask, replica, context).then(
      (value) => this.#answered(index, value),
      (error: unknown) => this.#failed(index, error),
    );
  }

  #answered(index: number, value: V): void {
    if (this.#state === 'closed') return;
    if (this.#votes[index] !== undefined) return this.late(index, false, undefined);
    const replica = this.replicas[index] as R;
    this.#record(index, { replica, status: 'answered', value, latencyMs: this.#latencyMs() });
  }

  #failed(index: number, error: unknown): void {
    if (this.#state === 'closed') return;
    if (this.#votes[index] !== undefined) return this.late(index, true, error);
    const replica = this.replicas[index] as R;
    this.#record(index, { replica, status: 'failed', error, latencyMs: this.#latencyMs() });
  }

  #record(index: number, vote: Vote<R, V>): void {
    this.#votes[index] = vote;
    if (this.#timed) this.#scopes[index]?.settle();
    if (--this.#out === 0) this.#clearTimer();
    this.heard(vote, index);
  }

  /** Those that answer before anything has waited took no time worth a reading of the clock. */
  #latencyMs(): number {
    return this.#state === 'instant' ? 0 : this.elapsedMs();
  }

  #arm(replicaTimeoutMs: number): void {
    if (this.#state !== 'instant') return;
    this.#state = 'waiting';
    if (this.#out > 0 && replicaTimeoutMs !== Infinity) this.#setTimer(replicaTimeoutMs);
  }

  #setTimer(replicaTimeoutMs: number): void {
    const { clock } = this.#context.call;
    const leftMs = Math.max(0, this.#deadline - clock.now());
    this.#timer = clock.setTimeout(() => this.#expire(replicaTimeoutMs), leftMs, this.#kind);
  }

  #clearTimer(): void {
    if (this.#timer === undefined) return;
    this.#context.call.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** A silent replica becomes a vote against. All are recorded before any is counted: they failed together. */
  #expire(replicaTimeoutMs: number): void {
    this.#timer = undefined;
    const error = new TimeoutError(replicaTimeoutMs, 'the replica');
    const latencyMs = this.#latencyMs();
    const silent: number[] = [];
    for (let index = 0; index < this.replicas.length; index++) {
      if (this.#votes[index] !== undefined) continue;
      this.#votes[index] = { replica: this.replicas[index] as R, status: 'failed', error, latencyMs };
      silent.push(index);
    }
    this.#out = 0;
    for (const index of silent) this.#scopes[index]?.abort(error);
    for (const index of silent) {
      const vote = this.#votes[index];
      if (this.#state === 'waiting' && vote?.status === 'failed') this.heard(vote, index);
    }
  }
}
