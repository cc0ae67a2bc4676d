/** Adaptive limit: as many calls at once as the server turns out to carry, found by trying. */
import { type Clock, systemClock } from '../../core/clock.ts';
import type { Context } from '../../core/context.ts';
import { isTimeoutError } from '../../core/errors.ts';
import { Reporter } from '../../core/observer.ts';
import { checkCount, checkFunction, checkPort } from '../../core/options.ts';
import type { Classify, Outcome } from '../../core/outcome.ts';
import { invoke, type Next } from '../../core/policy.ts';
import { Watch, type Watcher } from '../../core/watch.ts';
import { LimitReachedError } from '../errors.ts';
import { aimd, type LimitRule, type LimitState } from './limit-rules.ts';
import { type Engine, type Guard, guardOf, type GuardOptions } from '../guard.ts';
import { type Keeper, Places, type PlacesOptions } from '../places.ts';
import type { TurnedAway } from '../waiting-line.ts';

export interface AdaptiveLimitOptions extends GuardOptions, PlacesOptions {
  /** How the limit is found. @defaultValue `aimd()` */
  readonly algorithm?: LimitRule;
  /** Judges how a call settled, where no inner layer has. @defaultValue what throws has failed */
  readonly classify?: Classify;
}

/** What {@link adaptiveLimit} makes. */
export interface AdaptiveLimit extends Guard<AdaptiveLimitOptions, AdaptiveLimitSnapshot> {
  /** The limit it has found, as plain data. */
  export(): AdaptiveLimitState;
  /** Goes on from a limit that another has found. */
  hydrate(state: AdaptiveLimitState): void;
}

/** What an adaptive limit has found, as plain data. */
export interface AdaptiveLimitState {
  readonly limit: number;
}

export interface AdaptiveLimitSnapshot {
  /** How many calls may be under way now. */
  readonly limit: number;
  readonly running: number;
  readonly waiting: number;
  /** Calls refused so far. */
  readonly refused: number;
}

/**
 * Lets as many calls run at once as the server carries: more while it answers, fewer when it refuses (`overload`) or
 * calls run out of time. The rest waits, if `maxQueue` allows it, or is refused at once with a
 * {@link LimitReachedError}.
 *
 * Calls whose outcome is `ignored`, and errors that are none of load, say nothing and change nothing; while less than
 * half of the limit is used, it does not grow. A place is held until the work has really ended, also when its caller
 * has left: put a `timeout` inside, or a call that never settles keeps its place for ever.
 *
 * Not where the number is known: that is `bulkhead`. Not around a balancer whose endpoints differ: one limit for all
 * is that of the weakest.
 *
 * @throws {@link OptionError} at construction for an option out of its range
 * @throws {@link LimitReachedError} when there is no room
 * @example
 * ```ts
 * import { adaptiveLimit, aimd, isLimitReachedError } from 'evenkeel';
 * const guard = adaptiveLimit({ algorithm: aimd({ initialLimit: 1 }) });
 * const first = guard.run(async () => 'first');
 * const second = await guard.run(async () => 'second').catch((error: unknown) => error);
 * if ((await first) !== 'first' || !isLimitReachedError(second)) throw new Error('only one has room');
 * if (guard.snapshot().limit !== 2) throw new Error('it should have grown');
 * ```
 */
export function adaptiveLimit(options: AdaptiveLimitOptions = {}): AdaptiveLimit {
  const limiter = new AdaptiveLimiter(options);
  const guard = guardOf('adaptiveLimit', options, limiter, (next, request, context) =>
    limiter.execute(next, request, context),
  );
  return Object.assign(guard, {
    export: () => limiter.export(),
    hydrate: (state: AdaptiveLimitState) => limiter.hydrate(state),
  });
}

/** A call under way. */
interface Start {
  readonly startMs: number;
  readonly inFlight: number;
}

class AdaptiveLimiter implements Keeper, Watcher<Start>, Engine<AdaptiveLimitOptions, AdaptiveLimitSnapshot> {
  readonly reporter: Reporter;
  readonly #places: Places;
  readonly #clock: Clock;
  readonly #usualRule = aimd();
  #rule: LimitRule;
  #state: LimitState;
  #classify: Classify | undefined;

  constructor(options: AdaptiveLimitOptions) {
    this.reporter = new Reporter('adaptive-limit', options);
    this.#places = new Places(this);
    this.#clock = options.clock ?? systemClock;
    this.#rule = ruleOf(options, this.#usualRule);
    this.#state = this.#rule.create();
    this.configure(options);
  }

  /** Another rule begins with its own limit. */
  configure(options: AdaptiveLimitOptions): void {
    const where = 'adaptiveLimit';
    const rule = ruleOf(options, this.#usualRule);
    const classify = options.classify && checkFunction(where, 'classify', options.classify);
    this.#places.checked(where, options)();
    this.#classify = classify;
    if (rule !== this.#rule) this.#state = rule.create();
    this.#rule = rule;
    this.#places.serve();
  }

  export(): AdaptiveLimitState {
    return { limit: this.limit };
  }

  hydrate({ limit }: AdaptiveLimitState): void {
    this.#state.resume?.(checkCount('adaptiveLimit.hydrate', 'limit', limit));
    this.#places.serve();
  }

  execute<Q, S>(next: Next<Q, S>, request: Q, context: Context): Promise<S> {
    return this.#places.take() ? this.#run(next, request, context) : this.#beyond(next, request, context);
  }

  /** Apart, because a function that holds a closure makes every call pay for it. */
  #beyond<Q, S>(next: Next<Q, S>, request: Q, context: Context): Promise<S> {
    return this.#places.beyond(context, () => this.#run(next, request, context));
  }

  /** A call ended, or its caller left: what it says about the server. */
  ended({ startMs, inFlight }: Start, { kind }: Outcome, failed: boolean, result: unknown): void {
    const dropped = kind === 'overload' || (failed && isTimeoutError(result));
    if (kind !== 'success' && !dropped) return;
    const before = this.limit;
    this.#state.record(startMs, this.#clock.now(), inFlight, dropped);
    if (this.reporter.on && before !== this.limit)
      this.reporter.tell('limit', { from: before, to: this.limit, running: this.#places.running });
  }

  snapshot(): AdaptiveLimitSnapshot {
    const { running, waiting, refusals } = this.#places;
    return { limit: this.limit, running, waiting, refused: refusals.count };
  }

  get limit(): number {
    // A rule of somebody else’s may answer with anything; below one call nothing would ever change.
    return Math.max(1, Math.floor(this.#state.limit) || 1);
  }

  refusal(reason: TurnedAway): Error {
    return new LimitReachedError(reason, this.limit);
  }

  #run<Q, S>(next: Next<Q, S>, request: Q, context: Context): Promise<S> {
    const start: Start = { startMs: this.#clock.now(), inFlight: this.#places.running };
    const watch = new Watch(context, this.#classify, this, start);
    return this.#places.hold(watch.follow(invoke(next, request, context)));
  }
}

function ruleOf({ algorithm }: AdaptiveLimitOptions, usual: LimitRule): LimitRule {
  return checkPort('adaptiveLimit', 'algorithm', algorithm ?? usual, 'create');
}
