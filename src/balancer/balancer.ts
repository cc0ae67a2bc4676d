/**
 * What a balancer does with one call.
 *
 *   call ─▶ a trial that is due? ─▶ else the pipeline: narrowings, then the picker ─▶ send ─▶ learn
 */
import type { Clock } from '../core/clock.ts';
import type { Context } from '../core/context.ts';
import { Call } from '../core/call.ts';
import { nameOf } from '../core/endpoint.ts';
import { endingFacts } from '../core/ending.ts';
import type { HealthPort } from '../core/health.ts';
import { Reporter } from '../core/observer.ts';
import { checkDuration, checkNumber, checkPort } from '../core/options.ts';
import type { Classify, Outcome } from '../core/outcome.ts';
import { promised } from '../core/policy.ts';
import type { CallContext, CallOptions } from '../core/transport.ts';
import { markTried } from '../core/tried.ts';
import { Watch, type Watcher } from '../core/watch.ts';
import { type Done, doneOf } from './completion.ts';
import { DrainingError, NoEndpointsError } from './errors.ts';
import type { Explanation } from './explanation.ts';
import { type Lease, leaseOf } from './lease.ts';
import type { Member } from './member.ts';
import { Membership } from './membership.ts';
import { narrowed } from './narrowing/narrowing.ts';
import { type BalanceOptions, checkBalance } from './options.ts';
import { type Attempt, Placing } from './placing.ts';
import { until } from '../core/until.ts';
import { Views } from './views.ts';

export class Balancer<E, Q, S> implements Watcher<Attempt<E>> {
  readonly clock: Clock;
  readonly membership: Membership<E>;
  readonly health: HealthPort<E> | undefined;
  /** Calls and leases in flight, those on endpoints that were removed included. */
  inFlight = 0;
  readonly #send: (address: E, request: Q, context: CallContext) => Promise<S>;
  readonly #pickerLearns: boolean;
  readonly #classify: Classify | undefined;
  readonly #completion: ((response: S, done: Done) => void) | undefined;
  readonly #atCompletion: boolean;
  readonly #discoveryTimeoutMs: number;
  readonly #reporter: Reporter;
  readonly #views: Views<E>;
  readonly #placing: Placing<E>;
  // Started, with endpoints, and not shutting down: one look tells the hot path that nothing is in its way.
  #open = false;
  #draining = false;
  readonly #idle = new Set<() => void>();

  constructor(options: BalanceOptions<E, Q, S>) {
    const { clock, random, health, ...checked } = checkBalance(options);
    this.clock = clock;
    this.health = health;
    this.#send = checked.send;
    this.#classify = checked.classify;
    this.#completion = checked.completion;
    this.#atCompletion = checked.latency === 'completion';
    this.#discoveryTimeoutMs = checked.discoveryTimeoutMs;
    this.#reporter = new Reporter('balancer', options);
    const pick = narrowed(checked.pick, checked.narrow);
    const views = new Views(health, checked.cost, (healthRevision) => {
      const tools = { random, clock, reporter: this.#reporter, healthRevision };
      return checkPort('balance', 'pick', pick.create(tools), 'pick');
    });
    this.#views = views;
    this.#pickerLearns = views.whole.picker.ended !== undefined;
    this.membership = new Membership(options.endpoints, {
      health,
      views,
      reporter: this.#reporter,
      now: () => clock.now(),
    });
    this.#placing = new Placing({
      clock,
      views,
      apart: health?.aspects === true,
      membership: this.membership,
      reporter: this.#reporter,
    });
    this.membership.subscribe(() => this.#reopen());
  }

  /** Trial calls so far. */
  get trials(): number {
    return this.#placing.trials;
  }

  execute(request: Q, context: Context): Promise<S> {
    if (!this.#open) return this.#atTheDoor(request, context);
    const startMs = this.clock.now();
    const attempt = this.#placing.place(request, startMs, context);
    const { candidate, member } = attempt;
    markTried(context.call.root, candidate);
    this.#take(member, startMs);
    member.begin(startMs);
    const watch = new Watch(context, this.#classify, this, attempt);
    const { address } = member.endpoint;
    try {
      return watch.follow(promised(this.#send(address, request, context.sentTo(address))));
    } catch (error) {
      return watch.follow(Promise.reject(error));
    }
  }

  /** An attempt was answered or given up: learn from it, and free its place now or when its work is over. */
  ended(attempt: Attempt<E>, outcome: Outcome, failed: boolean, result: unknown): void {
    if (this.#reporter.on) this.#tellEnd(attempt, outcome, failed, result);
    if (failed || this.#completion === undefined) {
      this.#answered(attempt, outcome, failed ? undefined : result);
      this.returned(attempt.member);
    } else {
      this.#goesOn(this.#completion, attempt, outcome, result as S);
    }
  }

  lease(options: CallOptions | undefined): Lease<E> {
    if (this.#draining) throw new DrainingError();
    this.start();
    if (this.membership.members.length === 0) throw this.#noEndpoints('not known yet; await ready() first');
    const startMs = this.clock.now();
    const member = this.#placing.pick(startMs, new Call(this.clock, options));
    this.#take(member, startMs);
    return leaseOf(member, startMs, this);
  }

  /** Says where a call would go and why, without sending it. */
  explain(options: CallOptions | undefined): Explanation {
    if (this.membership.members.length === 0) throw this.#noEndpoints('not known yet');
    return this.#placing.explain(options);
  }

  /** An endpoint has said, outside of any response, how loaded it is. */
  reportLoad(id: unknown, load: number): void {
    checkNumber('balance.reportLoad', 'load', load, 0);
    const member = this.membership.member(id);
    if (member !== undefined) this.#views.reported(member, load, this.clock.now());
  }

  /** Begins to follow the source and to probe. */
  start(): void {
    this.membership.start();
    this.#reopen();
  }

  /** Takes no more calls, and waits for those in flight; answers with how many are left. */
  async drain(timeoutMs: number): Promise<number> {
    checkDuration('balance.drain', 'timeoutMs', timeoutMs);
    this.dispose();
    await until({
      clock: this.clock,
      timeoutMs,
      holds: () => this.inFlight === 0,
      subscribe: (changed) => {
        this.#idle.add(changed);
        return () => this.#idle.delete(changed);
      },
      late: () => new Error(),
    }).catch(() => {});
    if (this.#reporter.on) this.#reporter.tell('drained', { left: this.inFlight });
    return this.inFlight;
  }

  /** Takes no more calls, and stops whatever it does in the background. */
  dispose(): void {
    this.#draining = true;
    this.#open = false;
    this.membership.dispose();
  }

  now(): number {
    return this.clock.now();
  }

  returned(member: Member<E>): void {
    member.release();
    if (--this.inFlight === 0) for (const told of this.#idle) told();
  }

  #reopen(): void {
    this.#open = !this.#draining && this.membership.started && this.membership.members.length > 0;
  }

  /** The way of the first call, of those that wait for a source, and of those that come too late. */
  #atTheDoor(request: Q, context: Context): Promise<S> {
    if (this.#draining) return Promise.reject(new DrainingError());
    this.start();
    if (this.#open) return this.execute(request, context);
    const known = until(
      {
        clock: context.call.clock,
        timeoutMs: this.#discoveryTimeoutMs,
        holds: () => this.#open || this.#draining,
        subscribe: (changed) => this.membership.subscribe(changed),
        late: () => this.#noEndpoints(`found within ${this.#discoveryTimeoutMs} ms`),
      },
      context,
    );
    return known.then(() => {
      // The endpoints came and the caller left in one tick.
      if (context.scope?.aborted === true) throw context.scope.reason;
      return this.execute(request, context);
    });
  }

  #noEndpoints(how: string): NoEndpointsError {
    return new NoEndpointsError(`balance: no endpoints ${how}`, this.membership.lastError);
  }

  #take(member: Member<E>, nowMs: number): void {
    this.inFlight++;
    this.membership.turn(nowMs);
    member.take(nowMs);
  }

  #answered(attempt: Attempt<E>, outcome: Outcome, response: unknown): void {
    const { candidate, member, startMs, ticket } = attempt;
    const nowMs = this.clock.now();
    member.answered(startMs);
    candidate.note(startMs, nowMs, outcome, ticket, response);
    if (this.#pickerLearns) attempt.picker.ended?.(candidate, outcome, nowMs - startMs, nowMs);
  }

  #goesOn(
    completion: (response: S, done: Done) => void,
    attempt: Attempt<E>,
    outcome: Outcome,
    response: S,
  ): void {
    const counted = !this.#atCompletion;
    if (counted) this.#answered(attempt, outcome, response);
    const done = doneOf(
      {
        // The verdict on the response stands, unless what came after it failed.
        answered: (later) => this.#answered(attempt, later.kind === 'success' ? outcome : later, response),
        broke: (later) =>
          attempt.candidate.note(attempt.startMs, this.clock.now(), later, attempt.ticket, undefined),
        release: () => this.returned(attempt.member),
      },
      counted,
    );
    try {
      completion(response, done);
    } catch {
      // Watching an answer must not break the call that has it.
      done();
    }
  }

  #tellEnd(
    { member, startMs, number }: Attempt<E>,
    outcome: Outcome,
    failed: boolean,
    result: unknown,
  ): void {
    this.#reporter.tell('attempt', {
      ...endingFacts(this.clock.now() - startMs, outcome, failed, result),
      attempt: number,
      endpoint: nameOf(member.endpoint),
    });
  }
}
