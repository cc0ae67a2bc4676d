/** Throttle: a client whose calls are refused refuses a part of them itself, the least critical first. */
import { type Clock, systemClock } from '../core/clock.ts';
import type { Context } from '../core/context.ts';
import { isTimeoutError } from '../core/errors.ts';
import { Reporter } from '../core/observer.ts';
import { checkCount, checkFunction, checkInterval, checkNumber } from '../core/options.ts';
import type { Classify, Outcome } from '../core/outcome.ts';
import { invoke, type Next } from '../core/policy.ts';
import { type Random, systemRandom } from '../core/random.ts';
import { neverLeft } from '../core/repeat.ts';
import type { Criticality } from '../core/transport.ts';
import { Watch, type Watcher } from '../core/watch.ts';
import { ClientThrottle, type ThrottleState } from '../structures/client-throttle.ts';
import { ThrottledError } from './errors.ts';
import { type Engine, type Guard, guardOf, type GuardOptions, observes } from './guard.ts';
import { Refusals } from './refusals.ts';

export interface ThrottleOptions extends GuardOptions {
  /** How many calls may be made for each that is accepted; at least 1. Lower throttles sooner. @defaultValue 2 */
  readonly k?: number;
  /** Milliseconds over which calls are counted; more than a call may take. @defaultValue 120_000 */
  readonly windowMs?: number;
  /** The largest part that is refused, below 1: the rest finds out whether it is over. @defaultValue 0.9 */
  readonly maxRejection?: number;
  /** While the server has refused fewer calls than this in the window, none is refused here. @defaultValue 5 */
  readonly minimumRefused?: number;
  /** Judges how a call settled, where no inner layer has. @defaultValue what throws has failed */
  readonly classify?: Classify;
  readonly random?: Random;
}

/** What {@link throttle} makes. */
export interface Throttle extends Guard<ThrottleOptions, ThrottleSnapshot> {
  /** What it has counted within its window, as plain data. */
  export(): ThrottleState;
  /** Takes over what another has counted, as if it had been now. */
  hydrate(state: ThrottleState): void;
}

export interface ThrottleSnapshot {
  /** Calls within the window, those refused here included. */
  readonly requests: number;
  /** Of these, how many the server took on. */
  readonly accepts: number;
  /** The part of calls of default criticality that is refused now, from 0 to 1. */
  readonly rejection: number;
  /** Calls refused here so far. */
  readonly refused: number;
}

/** How much of the leeway k − 1 a call gets. */
const LEEWAY: Readonly<Record<Criticality, number>> = { critical: 2, default: 1, sheddable: 0.5 };

/**
 * Refuses a part of the calls, by chance, with a {@link ThrottledError}, as soon as the server accepts fewer than
 * one in `k`: `p = max(0, (requests − k · accepts) / (requests + 1))` over the last two minutes ("Site Reliability
 * Engineering", 2016, chapter 21).
 *
 * Not accepted is a call that was refused (`overload`), ran out of time or never left; an answer that is an error
 * was accepted. A call that is `sheddable` has half of the leeway `k − 1`, one that is `critical` twice as much, so
 * the least critical is refused first and most.
 *
 * Not for calls to one of several servers inside a balancer, where health does this for each; put it around. Not
 * for a server that is dead: a `circuitBreaker` refuses all.
 *
 * @throws {@link OptionError} at construction for an option out of its range
 * @throws {@link ThrottledError} for the part that is refused
 * @example
 * ```ts
 * import { isThrottledError, throttle } from 'evenkeel';
 * const guard = throttle();
 * const busy = Object.assign(new Error('busy'), { retryAfterMs: 0 });
 * const call = () => guard.run(() => Promise.reject(busy)).catch((error: unknown) => error);
 * const answers: unknown[] = [];
 * for (let n = 0; n < 200; n++) answers.push(await call());
 * if (answers.filter(isThrottledError).length < 100) throw new Error('not throttled');
 * ```
 */
export function throttle(options: ThrottleOptions = {}): Throttle {
  const throttler = new Throttler(options);
  const guard = guardOf('throttle', options, throttler, (next, request, context) =>
    throttler.execute(next, request, context),
  );
  return Object.assign(guard, {
    export: () => throttler.export(),
    hydrate: (state: ThrottleState) => throttler.hydrate(state),
  });
}

class Throttler implements Watcher<number>, Engine<ThrottleOptions, ThrottleSnapshot> {
  readonly reporter: Reporter;
  readonly #refusals: Refusals;
  readonly #clock: Clock;
  readonly #random: Random;
  #k = 0;
  #maxRejection = 0;
  #minimumRefused = 0;
  #windowMs = 0;
  #counts: ClientThrottle;
  #classify: Classify | undefined;

  constructor(options: ThrottleOptions) {
    this.reporter = new Reporter('throttle', options);
    this.#refusals = new Refusals(this.reporter);
    this.#clock = options.clock ?? systemClock;
    this.#random = checkFunction('throttle', 'random', options.random ?? systemRandom);
    this.#counts = new ClientThrottle(1);
    this.configure(options);
  }

  /** Another window begins with what the last one has counted. */
  configure(options: ThrottleOptions): void {
    const where = 'throttle';
    const k = checkNumber(where, 'k', options.k ?? 2, 1, Number.MAX_VALUE);
    const below1 = 1 - Number.EPSILON;
    const maxRejection = checkNumber(where, 'maxRejection', options.maxRejection ?? 0.9, 0, below1);
    const windowMs = checkInterval(where, 'windowMs', options.windowMs ?? 120_000);
    const minimumRefused = checkCount(where, 'minimumRefused', options.minimumRefused ?? 5);
    const classify = options.classify && checkFunction(where, 'classify', options.classify);
    this.#refusals.observes = observes(where, options);
    this.#k = k;
    this.#maxRejection = maxRejection;
    this.#minimumRefused = minimumRefused;
    this.#classify = classify;
    if (windowMs === this.#windowMs) return;
    const known = this.#windowMs === 0 ? undefined : this.export();
    this.#windowMs = windowMs;
    this.#counts = new ClientThrottle(windowMs);
    if (known !== undefined) this.hydrate(known);
  }

  execute<Q, S>(next: Next<Q, S>, request: Q, context: Context): Promise<S> {
    const nowMs = this.#clock.now();
    const criticality = context.call.options?.criticality ?? 'default';
    const rejection = this.#rejection(nowMs, criticality);
    this.#counts.requested(nowMs);
    if (rejection > 0 && this.#random() < rejection) {
      this.#refusals.add({ criticality, rejection });
      if (!this.#refusals.observes) return Promise.reject(new ThrottledError(rejection));
    }
    return new Watch(context, this.#classify, this, nowMs).follow(invoke(next, request, context));
  }

  /** Counted at the time of the call: the newest bucket takes it, and the clock is read once. */
  ended(startMs: number, { kind }: Outcome, failed: boolean, result: unknown): void {
    if (kind === 'ignored') this.#counts.withdrawn(startMs);
    else if (kind === 'overload' || (failed && (isTimeoutError(result) || neverLeft(result))))
      this.#counts.refused(startMs);
    else this.#counts.accepted(startMs);
  }

  export(): ThrottleState {
    return this.#counts.export(this.#clock.now());
  }

  hydrate(state: ThrottleState): void {
    for (const count of ['requests', 'accepts', 'refused'] as const)
      checkNumber('throttle.hydrate', count, state[count], 0, Number.MAX_VALUE);
    this.#counts.hydrate(state, this.#clock.now());
  }

  snapshot(): ThrottleSnapshot {
    const rejection = this.#rejection(this.#clock.now(), 'default');
    const { requests, accepts } = this.#counts;
    return { requests, accepts, rejection, refused: this.#refusals.count };
  }

  #rejection(nowMs: number, criticality: Criticality): number {
    // A word that is none of ours counts as the default.
    const k = 1 + (this.#k - 1) * (LEEWAY[criticality] ?? LEEWAY.default);
    return this.#counts.rejection(nowMs, k, this.#maxRejection, this.#minimumRefused);
  }
}
