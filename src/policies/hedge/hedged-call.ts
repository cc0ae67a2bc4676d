/**
 * One hedged call: the attempts that race, the timer between them, and who wins.
 *
 * Each attempt has a scope, so that a loser can be aborted while the winner's body is still being read, and a
 * call of its own, so that the verdict on one is never taken for another's; the endpoints tried are shared.
 */
import { type AbortHook, type AbortSource, unlink } from '../../core/abort.ts';
import { Call } from '../../core/call.ts';
import type { TimerHandle } from '../../core/clock.ts';
import { Context } from '../../core/context.ts';
import { isTimeoutError } from '../../core/errors.ts';
import { adoptVerdict, judge } from '../../core/judge.ts';
import { lostRace } from '../../core/lost-race.ts';
import type { Classify, Outcome } from '../../core/outcome.ts';
import { invoke, type Next } from '../../core/policy.ts';
import { Scope } from '../../core/scope.ts';

/** What the calls of one policy share. */
export interface Hedging {
  readonly maxHedges: number;
  readonly classify: Classify | undefined;
  /** Asks for one more attempt; answers with what it costs, or 0 if it must not be made. */
  spend(attempt: number, why: 'delay' | 'failure'): number;
  /** An attempt that cost so much has ended. */
  settled(outcome: Outcome, paid: number): void;
  /** The server, or a guard before it, is busy. */
  overloaded(): void;
  /** The first attempt took until now, or longer. */
  measured(startMs: number): void;
  /** An attempt beyond the first has won. */
  won(attempt: number): void;
  /** A response that nobody gets. */
  unwanted(response: unknown): void;
}

/** What is known when a call begins. */
export interface HedgeTimes {
  readonly delayMs: number;
  readonly startMs: number;
  /** Whether a layer outside spends from the same budget: it tells of the first attempt. */
  readonly inner: boolean;
}

interface Attempt {
  readonly index: number;
  readonly paid: number;
  readonly context: Context;
  readonly scope: Scope;
  state: 'out' | 'answered' | 'threw';
  result: unknown;
}

export class HedgedCall<Q, S> implements AbortHook {
  prev: AbortHook | undefined = undefined;
  next: AbortHook | undefined = undefined;
  owner: AbortSource | undefined = undefined;
  readonly #hedging: Hedging;
  readonly #transport: Next<Q, S>;
  readonly #request: Q;
  readonly #context: Context;
  readonly #delayMs: number;
  readonly #startMs: number;
  readonly #inner: boolean;
  readonly #attempts: Attempt[] = [];
  #out = 0;
  #mayHedge = true;
  #left = false;
  #settled = false;
  #timer: TimerHandle = undefined;
  #resolve: (value: S) => void = nobody;
  #reject: (error: unknown) => void = nobody;

  constructor(
    hedging: Hedging,
    transport: Next<Q, S>,
    request: Q,
    context: Context,
    { delayMs, startMs, inner }: HedgeTimes,
  ) {
    this.#hedging = hedging;
    this.#transport = transport;
    this.#request = request;
    this.#context = context;
    this.#delayMs = delayMs;
    this.#startMs = startMs;
    this.#inner = inner;
  }

  run(): Promise<S> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#context.onAbort(this);
      this.#send(0);
      this.#arm();
    });
  }

  /** The caller has left: no further attempt. The call ends when those that are out have ended. */
  abort(reason: unknown): void {
    this.#left = true;
    this.#mayHedge = false;
    this.#clearTimer();
    if (isTimeoutError(reason) && this.#attempts[0]?.state === 'out') this.#hedging.measured(this.#startMs);
  }

  #send(paid: number): void {
    const { call, scope: outer, attempt: first, endpoint } = this.#context;
    const index = this.#attempts.length;
    const scope = new Scope(call.clock, outer === undefined ? Infinity : outer.deadline);
    outer?.add(scope);
    const own = new Call(call.clock, call.options, call.root);
    const context = new Context(own, scope, first + index, endpoint);
    const attempt: Attempt = { index, paid, context, scope, state: 'out', result: undefined };
    this.#attempts.push(attempt);
    this.#out++;
    invoke(this.#transport, this.#request, context).then(
      (value) => this.#ended(attempt, false, value),
      (error: unknown) => this.#ended(attempt, true, error),
    );
  }

  /** The next attempt when the delay has passed, in the caller's async context whoever owns the clock's timers. */
  #arm(): void {
    if (!this.#mayHedge || this.#attempts.length > this.#hedging.maxHedges || this.#delayMs === Infinity)
      return;
    if (this.#delayMs === 0) {
      this.#hedge('delay');
      return;
    }
    void new Promise<void>((resolve) => {
      this.#timer = this.#context.call.clock.setTimeout(resolve, this.#delayMs);
    }).then(() => {
      this.#timer = undefined;
      this.#hedge('delay');
    });
  }

  #hedge(why: 'delay' | 'failure'): boolean {
    const hedges = this.#attempts.length;
    if (this.#settled || !this.#mayHedge || hedges > this.#hedging.maxHedges) return false;
    this.#clearTimer();
    const paid = this.#hedging.spend(this.#context.attempt + hedges, why);
    this.#mayHedge = paid > 0;
    if (!this.#mayHedge) return false;
    this.#send(paid);
    this.#arm();
    return true;
  }

  #ended(attempt: Attempt, failed: boolean, result: unknown): void {
    attempt.scope.settle();
    if (this.#settled) {
      if (!failed) this.#hedging.unwanted(result);
      return;
    }
    this.#out--;
    attempt.state = failed ? 'threw' : 'answered';
    attempt.result = result;
    if (this.#left) {
      if (this.#out === 0) this.#settle(attempt);
      return;
    }
    const outcome = judge(attempt.context, this.#hedging.classify, failed, result);
    const { kind } = outcome;
    if (attempt.index > 0 || !this.#inner) this.#hedging.settled(outcome, attempt.paid);
    if (attempt.index === 0 && (kind === 'success' || isTimeoutError(result)))
      this.#hedging.measured(this.#startMs);
    if (kind === 'overload') {
      this.#mayHedge = false;
      this.#clearTimer();
      this.#hedging.overloaded();
    }
    if (kind === 'success' || kind === 'ignored') this.#settle(attempt);
    else if (!this.#hedge('failure') && this.#out === 0) this.#settle(this.#attempts[0] as Attempt);
  }

  /** Ends the call as this attempt ended. */
  #settle(winner: Attempt): void {
    this.#settled = true;
    unlink(this);
    this.#clearTimer();
    adoptVerdict(this.#context.call, winner.context.call);
    for (const attempt of this.#attempts) {
      // Once the caller has left, nobody gets the winner's answer either.
      if (attempt === winner && !this.#left) continue;
      if (attempt.state === 'answered') this.#hedging.unwanted(attempt.result);
      if (attempt.state !== 'out') continue;
      if (attempt.index === 0) this.#hedging.measured(this.#startMs);
      attempt.scope.abort(lostRace());
    }
    if (winner.index > 0 && !this.#left) this.#hedging.won(winner.context.attempt);
    if (winner.state === 'answered') this.#resolve(winner.result as S);
    else this.#reject(winner.result);
  }

  #clearTimer(): void {
    if (this.#timer === undefined) return;
    this.#context.call.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

function nobody(): void {}
