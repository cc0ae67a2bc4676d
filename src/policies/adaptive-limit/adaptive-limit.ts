/** Adaptive limit: as many calls at once as the server turns out to carry, found by trying. */
import { type Clock, systemClock } from '../../core/clock.ts';
import type { Context } from '../../core/context.ts';
import { isTimeoutError } from '../../core/errors.ts';
import { Reporter } from '../../core/observer.ts';
import { checkCount, checkDuration, checkFunction, checkPort } from '../../core/options.ts';
import type { Classify, Outcome } from '../../core/outcome.ts';
import { invoke, type Next } from '../../core/policy.ts';
import { Watch, type Watcher } from '../../core/watch.ts';
import { LimitReachedError } from '../errors.ts';
import { aimd, type LimitRule, type LimitState } from './limit-rules.ts';
import { type Engine, type Guard, guardOf, type GuardOptions, observes } from '../guard.ts';
import { Refusals } from '../refusals.ts';
import { checkOrder, type QueueOrder, type TurnedAway, WaitingLine } from '../waiting-line.ts';

export interface AdaptiveLimitOptions extends GuardOptions {
  /** How the limit is found. @defaultValue `aimd()` */
  readonly algorithm?: LimitRule;
  /** How many calls may wait for room. @defaultValue 0 */
  readonly maxQueue?: number;
  /** Milliseconds a call may wait for room. @defaultValue 1_000 */
  readonly queueTimeoutMs?: number;
  /** Who is next among those of the same `criticality`; see `bulkhead`. @defaultValue 'fifo' */
  readonly order?: QueueOrder;
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

class AdaptiveLimiter implements Watcher<Start>, Engine<AdaptiveLimitOptions, AdaptiveLimitSnapshot> {
  readonly reporter: Reporter;
  readonly #refusals: Refusals;
  readonly #clock: Clock;
  readonly #line = new WaitingLine();
  readonly #usualRule = aimd();
  #rule: LimitRule;
  #state: LimitState;
  #maxQueue = 0;
  #queueTimeoutMs = 0;
  #classify: Classify | undefined;
  #running = 0;

  constructor(options: AdaptiveLimitOptions) {
    this.reporter = new Reporter('adaptive-limit', options);
    this.#refusals = new Refusals(this.reporter);
    this.#clock = options.clock ?? systemClock;
    this.#rule = ruleOf(options, this.#usualRule);
    this.#state = this.#rule.create();
    this.configure(options);
  }

  /** Another rule begins with its own limit. */
  configure(options: AdaptiveLimitOptions): void {
    const where = 'adaptiveLimit';
    const rule = ruleOf(options, this.#usualRule);
    const maxQueue = checkCount(where, 'maxQueue', options.maxQueue ?? 0, 0);
    const queueTimeoutMs = checkDuration(where, 'queueTimeoutMs', options.queueTimeoutMs ?? 1000);
    const classify = options.classify && checkFunction(where, 'classify', options.classify);
    const order = checkOrder(where, options.order);
    this.#refusals.observes = observes(where, options);
    this.#maxQueue = maxQueue;
    this.#queueTimeoutMs = queueTimeoutMs;
    this.#classify = classify;
    this.#line.order = order;
    if (rule !== this.#rule) this.#state = rule.create();
    this.#rule = rule;
    this.#serve();
  }

  export(): AdaptiveLimitState {
    return { limit: this.#limit };
  }

  hydrate({ limit }: AdaptiveLimitState): void {
    this.#state.resume?.(checkCount('adaptiveLimit.hydrate', 'limit', limit));
    this.#serve();
  }

  execute<Q, S>(next: Next<Q, S>, request: Q, context: Context): Promise<S> {
    if (this.#running < this.#limit) {
      this.#running++;
      return this.#run(next, request, context);
    }
    return this.#beyond(next, request, context);
  }

  /** A call ended, or its caller left: what it says about the server. */
  ended({ startMs, inFlight }: Start, { kind }: Outcome, failed: boolean, result: unknown): void {
    const dropped = kind === 'overload' || (failed && isTimeoutError(result));
    if (kind !== 'success' && !dropped) return;
    const before = this.#limit;
    this.#state.record(startMs, this.#clock.now(), inFlight, dropped);
    if (this.reporter.on && before !== this.#limit)
      this.reporter.tell('limit', { from: before, to: this.#limit, running: this.#running });
  }

  snapshot(): AdaptiveLimitSnapshot {
    return {
      limit: this.#limit,
      running: this.#running,
      waiting: this.#line.size,
      refused: this.#refusals.count,
    };
  }

  get #limit(): number {
    // A rule of somebody else’s may answer with anything; below one call nothing would ever change.
    return Math.max(1, Math.floor(this.#state.limit) || 1);
  }

  /** Runs a call that has a place. */
  #run<Q, S>(next: Next<Q, S>, request: Q, context: Context): Promise<S> {
    const start: Start = { startMs: this.#clock.now(), inFlight: this.#running };
    return new Watch(context, this.#classify, this, start)
      .follow(invoke(next, request, context))
      .then(this.#kept, this.#lost) as Promise<S>;
  }

  // Made once: a pair of closures per call would double the cost of the whole guard.
  readonly #kept = (value: unknown): unknown => {
    this.#release();
    return value;
  };

  readonly #lost = (error: unknown): never => {
    this.#release();
    throw error;
  };

  #beyond<Q, S>(next: Next<Q, S>, request: Q, context: Context): Promise<S> {
    const full = this.#line.size >= this.#maxQueue;
    if (this.#refusals.observes) {
      this.#refusals.add({ reason: full ? 'queue-full' : 'wait', limit: this.#limit });
      this.#running++;
      return this.#run(next, request, context);
    }
    if (full && !this.#line.displace(context)) return Promise.reject(this.#refuse('queue-full'));
    const turn = this.#line.join(context, this.#queueTimeoutMs, (why) => this.#refuse(why));
    // The reaction runs in this caller's async context, whoever frees the place (law 8).
    return turn.then(() => {
      if (context.scope?.aborted !== true) return this.#run(next, request, context);
      // The place came free and the caller left in one tick: it goes to the next.
      this.#release();
      throw context.scope.reason;
    });
  }

  #release(): void {
    this.#running--;
    this.#serve();
  }

  /** Lets in whom there is room for now, by a limit that may have changed. */
  #serve(): void {
    while (this.#running < this.#limit && this.#line.next()) this.#running++;
  }

  #refuse(reason: TurnedAway): LimitReachedError {
    this.#refusals.add({ reason, limit: this.#limit });
    return new LimitReachedError(reason, this.#limit);
  }
}

function ruleOf({ algorithm }: AdaptiveLimitOptions, usual: LimitRule): LimitRule {
  return checkPort('adaptiveLimit', 'algorithm', algorithm ?? usual, 'create');
}
