/** What a circuit breaker does with one call. The states are data (structures/breaker-machine.ts); here are the effects. */
import { type Clock, systemClock } from '../../core/clock.ts';
import { consecutiveFailures } from '../../core/consecutive-failures.ts';
import type { Context } from '../../core/context.ts';
import { Reporter } from '../../core/observer.ts';
import { checkCount, checkDuration, checkOneOf } from '../../core/options.ts';
import type { Outcome } from '../../core/outcome.ts';
import { invoke, type Next } from '../../core/policy.ts';
import { type Random, systemRandom } from '../../core/random.ts';
import type { TripCounter } from '../../core/trip-rule.ts';
import { Watch, type Watcher } from '../../core/watch.ts';
import {
  admitted,
  type BreakerState,
  CLOSED,
  closed,
  kindAt,
  opened,
  probed,
  restored,
  returned,
  saved,
  type CircuitBreakerState,
  waitMs,
} from '../../structures/breaker-machine.ts';
import { type CircuitBreakerOptions, type CircuitBreakerSnapshot, type Rules, rulesOf } from './options.ts';
import { CircuitOpenError } from '../errors.ts';
import { type Engine, observes } from '../guard.ts';
import { Refusals } from '../refusals.ts';
import { WaitingLine } from '../waiting-line.ts';

/** What a call was let through with. */
interface Permit {
  readonly epoch: number;
  readonly startMs: number;
}

export class Breaker implements Watcher<Permit>, Engine<CircuitBreakerOptions, CircuitBreakerSnapshot> {
  readonly reporter: Reporter;
  readonly #refusals: Refusals;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #usualTrip = consecutiveFailures();
  #rules: Rules;
  #counter: TripCounter;
  #timed: boolean;
  #state: BreakerState = CLOSED;
  #hands = 0;
  #line: WaitingLine | undefined = undefined;
  #opened = 0;
  #reason: string | undefined = undefined;

  constructor(options: CircuitBreakerOptions) {
    this.reporter = new Reporter('circuit-breaker', options);
    this.#refusals = new Refusals(this.reporter);
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? systemRandom;
    this.#rules = rulesOf(options, this.#usualTrip);
    this.#counter = this.#rules.trip.counter();
    this.#timed = this.#rules.trip.timed;
    this.#refusals.observes = observes('circuitBreaker', options);
  }

  /** A rule that stays keeps what it has counted. */
  configure(options: CircuitBreakerOptions): void {
    const { trip } = this.#rules;
    const rules = rulesOf(options, this.#usualTrip);
    this.#refusals.observes = observes('circuitBreaker', options);
    this.#rules = rules;
    if (rules.trip === trip) return;
    this.#counter = rules.trip.counter();
    this.#timed = rules.trip.timed;
    // Calls under way began under another rule, which may not have needed to know when.
    if (this.#state.kind === 'closed') this.#state = closed(this.#state);
  }

  get kind(): BreakerState['kind'] {
    if (this.#hands > 0) return 'open';
    return this.#state.kind === 'closed' ? 'closed' : kindAt(this.#state, this.#clock.now(), this.#rules);
  }

  execute<Q, S>(next: Next<Q, S>, request: Q, context: Context): Promise<S> {
    return this.#hands === 0 && this.#state.kind === 'closed'
      ? this.#run(next, request, context)
      : this.#guarded(next, request, context, true);
  }

  /** A call ended: counts it in the closed state, decides in the half-open one. */
  ended(permit: Permit, outcome: Outcome): void {
    const state = this.#state;
    if (permit.epoch !== state.epoch) return;
    const nothing = outcome.kind === 'ignored' || outcome.reason === 'stalled';
    if (state.kind === 'half-open') this.#probed(state, nothing, outcome);
    else if (!nothing) this.#count(permit, outcome);
  }

  isolate(): () => void {
    let held = true;
    if (this.#hands++ === 0) this.#tell('isolated', 'by hand');
    this.#letGo();
    return () => {
      if (!held) return;
      held = false;
      if (--this.#hands === 0) this.#tell('released', 'by hand');
    };
  }

  reset(): void {
    this.#become(closed(this.#state), 'by hand');
  }

  export(): CircuitBreakerState {
    return saved(this.#state, this.#clock.now(), this.#rules);
  }

  hydrate(state: CircuitBreakerState, agoMs: number): void {
    const where = 'circuitBreaker.hydrate';
    checkOneOf(where, 'state', state.state, ['closed', 'open', 'half-open']);
    checkDuration(where, 'remainingMs', state.remainingMs);
    checkCount(where, 'row', state.row, 0);
    checkDuration(where, 'agoMs', agoMs);
    this.#become(restored(this.#state, state, this.#clock.now(), agoMs, this.#rules), 'as it was exported');
  }

  snapshot(): CircuitBreakerSnapshot {
    return {
      state: this.kind,
      retryAfterMs: this.#hands === 0 && this.#state.kind === 'closed' ? 0 : this.#waitMs(this.#clock.now()),
      opened: this.#opened,
      refused: this.#refusals.count,
      waiting: this.#line === undefined ? 0 : this.#line.size,
      isolated: this.#hands > 0,
      reason: this.#reason,
    };
  }

  #run<Q, S>(next: Next<Q, S>, request: Q, context: Context): Promise<S> {
    const permit: Permit = { epoch: this.#state.epoch, startMs: this.#timed ? this.#clock.now() : 0 };
    return new Watch(context, this.#rules.classify, this, permit).follow(invoke(next, request, context));
  }

  /** A call while it is not closed: a probe, one that waits for the probes, or one too many. */
  #guarded<Q, S>(next: Next<Q, S>, request: Q, context: Context, mayWait: boolean): Promise<S> {
    const nowMs = this.#clock.now();
    if (this.#hands === 0 && this.#admit(nowMs)) return this.#run(next, request, context);
    const retryAfterMs = this.#waitMs(nowMs);
    if (mayWait && !this.#refusals.observes && this.#mayQueue(context))
      return this.#queued(next, request, context);
    this.#refusals.add({ retryAfterMs, reason: this.#reason });
    // Observing, it is let through, and tells nothing: in earnest it would not have been made.
    if (this.#refusals.observes) return invoke(next, request, context);
    return Promise.reject(new CircuitOpenError(retryAfterMs));
  }

  #mayQueue(context: Context): boolean {
    if (this.#hands > 0 || this.#state.kind !== 'half-open' || this.#rules.maxQueue === 0) return false;
    this.#line ??= new WaitingLine();
    return this.#line.size < this.#rules.maxQueue || this.#line.displace(context);
  }

  #queued<Q, S>(next: Next<Q, S>, request: Q, context: Context): Promise<S> {
    const line = (this.#line ??= new WaitingLine());
    // The reaction runs in this caller's async context, whoever ends the wait (law 8).
    const turn = line.join(context, this.#rules.queueTimeoutMs, (reason) => {
      const retryAfterMs = this.#waitMs(this.#clock.now());
      this.#refusals.add({ retryAfterMs, reason });
      return new CircuitOpenError(retryAfterMs);
    });
    return turn.then(() => {
      if (context.scope?.aborted === true) throw context.scope.reason;
      return this.#guarded(next, request, context, false);
    });
  }

  #waitMs(nowMs: number): number {
    return this.#hands > 0 ? Infinity : waitMs(this.#state, nowMs, this.#rules);
  }

  #count(permit: Permit, outcome: Outcome): void {
    const nowMs = this.#timed ? this.#clock.now() : 0;
    if (this.#counter.record(outcome.kind, nowMs - permit.startMs, nowMs, outcome.reason))
      this.#open(this.#counter.reason(), outcome);
  }

  #probed(state: BreakerState & { kind: 'half-open' }, nothing: boolean, outcome: Outcome): void {
    if (nothing) {
      this.#state = returned(state);
      this.#line?.next();
      return;
    }
    const after = probed(state, outcome.kind === 'success', this.#rules);
    if (after === 'closed') this.#become(closed(state), 'the probe succeeded');
    else if (after === 'open') this.#open('the probe failed', outcome);
    else this.#state = after;
  }

  #open(reason: string, { retryAfterMs }: Outcome): void {
    this.#opened++;
    this.#reason = reason;
    this.#become(opened(this.#state, this.#clock.now(), this.#rules, this.#random(), retryAfterMs), reason);
  }

  #admit(nowMs: number): boolean {
    const state = admitted(this.#state, nowMs, this.#rules);
    if (state === undefined) return false;
    if (state.epoch === this.#state.epoch) this.#state = state;
    else this.#become(state, 'a probe is let through');
    return true;
  }

  #become(state: BreakerState, reason: string): void {
    const from = this.#state.kind;
    this.#state = state;
    this.#counter.reset();
    this.#tell(state.kind, reason, from);
    if (state.kind !== 'half-open') this.#letGo();
  }

  /** What those in line waited for is known; each finds out for itself what that means. */
  #letGo(): void {
    while (this.#line?.next());
  }

  #tell(type: string, reason: string, from?: string): void {
    if (this.reporter.on) this.reporter.tell(type, from === undefined ? { reason } : { from, reason });
  }
}
