/**
 * Circuit breaker: stops calling what keeps failing, and finds out with one call at a time whether it is back.
 * The states are data (structures/breaker-machine.ts); here are the effects.
 */
import { type Clock, systemClock } from '../core/clock.ts';
import { consecutiveFailures } from '../core/consecutive-failures.ts';
import type { Context } from '../core/context.ts';
import { type Observer, Reporter } from '../core/observer.ts';
import { checkFunction, checkInterval, checkPort } from '../core/options.ts';
import type { Classify, Outcome } from '../core/outcome.ts';
import { invoke, type Next, type Policy, policyOf } from '../core/policy.ts';
import type { TripCounter, TripRule } from '../core/trip-rule.ts';
import { Watch, type Watcher } from '../core/watch.ts';
import {
  admitted,
  type BreakerState,
  CLOSED,
  closed,
  kindAt,
  opened,
  returned,
  waitMs,
} from '../structures/breaker-machine.ts';
import { CircuitOpenError } from './errors.ts';

export interface CircuitBreakerOptions {
  /** When to open. @defaultValue `consecutiveFailures({ failures: 5 })` */
  readonly trip?: TripRule;
  /** Milliseconds before a probe is let through. @defaultValue 10_000 */
  readonly openMs?: number;
  /** Judges how a call settled, where no inner layer has. @defaultValue what throws has failed */
  readonly classify?: Classify;
  readonly clock?: Clock;
  readonly observer?: Observer;
  /** In events. */
  readonly name?: string;
}

/** What {@link circuitBreaker} makes. */
export interface CircuitBreaker extends Policy {
  /** The state now; computed when read, no timer runs. */
  readonly state: 'closed' | 'open' | 'half-open';
  snapshot(): CircuitBreakerSnapshot;
}

export interface CircuitBreakerSnapshot {
  readonly state: 'closed' | 'open' | 'half-open';
  /** Milliseconds until a call may go through; 0 if one may now. */
  readonly retryAfterMs: number;
  /** How often it has opened. */
  readonly opened: number;
  /** Calls refused while it was open. */
  readonly refused: number;
  /** Why it opened last. */
  readonly reason: string | undefined;
}

/**
 * Opens after too many failures and then refuses calls at once with a {@link CircuitOpenError}; after `openMs`
 * it lets one probe through, whose success closes it and whose failure opens it again.
 *
 * A call that began before the circuit changed state is late news and changes nothing. A caller who leaves is
 * nobody's failure. It runs no timer, so it works where processes are frozen between requests.
 *
 * Not in front of several endpoints: one bad shard would stop all (Brooker, "Will circuit breakers solve my
 * problems?", 2022). Give the balancer a `health` tracker, which does this for each endpoint with a cap.
 *
 * @throws {@link OptionError} at construction for an option out of its range
 * @throws {@link CircuitOpenError} while the circuit is open
 * @example
 * ```ts
 * import { circuitBreaker, consecutiveFailures, isCircuitOpenError } from 'evenkeel';
 * const breaker = circuitBreaker({ trip: consecutiveFailures({ failures: 2 }), openMs: 10_000 });
 * const fail = () => breaker.run(() => Promise.reject(new Error('down'))).catch((error: unknown) => error);
 * await fail();
 * await fail();
 * if (!isCircuitOpenError(await fail())) throw new Error('it should be open');
 * ```
 */
export function circuitBreaker(options: CircuitBreakerOptions = {}): CircuitBreaker {
  const clock = options.clock ?? systemClock;
  const breaker = new Breaker(options, clock);
  const policy = policyOf((next, request, context) => breaker.execute(next, request, context), clock);
  return Object.defineProperties(policy, {
    state: { get: () => breaker.kind },
    snapshot: { value: () => breaker.snapshot() },
  }) as CircuitBreaker;
}

/** What a call was let through with. */
interface Permit {
  readonly epoch: number;
  readonly startMs: number;
}

class Breaker implements Watcher<Permit> {
  readonly #counter: TripCounter;
  readonly #timed: boolean;
  readonly #openMs: number;
  readonly #classify: Classify | undefined;
  readonly #clock: Clock;
  readonly #reporter: Reporter;
  #state: BreakerState = CLOSED;
  #opened = 0;
  #refused = 0;
  #reason: string | undefined = undefined;

  constructor(options: CircuitBreakerOptions, clock: Clock) {
    const trip = checkPort('circuitBreaker', 'trip', options.trip ?? consecutiveFailures(), 'counter');
    this.#counter = trip.counter();
    this.#timed = trip.timed;
    this.#openMs = checkInterval('circuitBreaker', 'openMs', options.openMs ?? 10_000);
    if (options.classify !== undefined) checkFunction('circuitBreaker', 'classify', options.classify);
    this.#classify = options.classify;
    this.#clock = clock;
    this.#reporter = new Reporter('circuit-breaker', options);
  }

  get kind(): BreakerState['kind'] {
    return this.#state.kind === 'closed' ? 'closed' : kindAt(this.#state, this.#clock.now());
  }

  execute<Q, S>(next: Next<Q, S>, request: Q, context: Context): Promise<S> {
    if (this.#state.kind !== 'closed' && !this.#admit()) {
      this.#refused++;
      return Promise.reject(new CircuitOpenError(waitMs(this.#state, this.#clock.now())));
    }
    const permit: Permit = { epoch: this.#state.epoch, startMs: this.#timed ? this.#clock.now() : 0 };
    return new Watch(context, this.#classify, this, permit).follow(invoke(next, request, context));
  }

  /** A call ended: counts it in the closed state, decides in the half-open one. */
  ended(permit: Permit, outcome: Outcome): void {
    if (permit.epoch !== this.#state.epoch) return;
    if (this.#state.kind === 'half-open') this.#probed(outcome);
    else if (outcome.kind !== 'ignored' && outcome.reason !== 'stalled') this.#count(permit, outcome);
  }

  snapshot(): CircuitBreakerSnapshot {
    return {
      state: this.kind,
      retryAfterMs: this.#state.kind === 'closed' ? 0 : waitMs(this.#state, this.#clock.now()),
      opened: this.#opened,
      refused: this.#refused,
      reason: this.#reason,
    };
  }

  #count(permit: Permit, outcome: Outcome): void {
    const nowMs = this.#timed ? this.#clock.now() : 0;
    if (this.#counter.record(outcome.kind, nowMs - permit.startMs, nowMs, outcome.reason))
      this.#open(this.#counter.reason());
  }

  #probed(outcome: Outcome): void {
    if (outcome.kind === 'success') this.#become(closed(this.#state), 'the probe succeeded');
    else if (outcome.kind === 'ignored' || outcome.reason === 'stalled')
      this.#become(returned(this.#state, this.#clock.now()), 'the probe was left');
    else this.#open('the probe failed');
  }

  #open(reason: string): void {
    this.#opened++;
    this.#reason = reason;
    this.#become(opened(this.#state, this.#clock.now(), this.#openMs), reason);
  }

  #admit(): boolean {
    const state = admitted(this.#state, this.#clock.now(), this.#openMs);
    if (state === undefined) return false;
    this.#become(state, 'a probe is let through');
    return true;
  }

  #become(state: BreakerState, reason: string): void {
    const from = this.#state.kind;
    this.#state = state;
    this.#counter.reset();
    if (this.#reporter.on) this.#reporter.tell(state.kind, { from, reason });
  }
}
