/**
 * The balancer: gives each attempt to one of several endpoints, and learns from how it went.
 *
 *   call ─▶ a trial that is due? ─▶ else the picker: untried, then healthy, then cheap ─▶ send ─▶ learn
 */
import { type Clock, systemClock } from '../core/clock.ts';
import type { Context } from '../core/context.ts';
import { type Endpoint, labelOf, toEndpoints } from '../core/endpoint.ts';
import type { HealthPort } from '../core/health.ts';
import { type Observer, Reporter } from '../core/observer.ts';
import { checkFunction, checkPort } from '../core/options.ts';
import { type Classify, FAILURE, type Outcome } from '../core/outcome.ts';
import { promised, transportOf } from '../core/policy.ts';
import { type Random, systemRandom } from '../core/random.ts';
import type { CallContext, CallOptions } from '../core/transport.ts';
import { hasTried, markTried } from '../core/tried.ts';
import { Watch, type Watcher } from '../core/watch.ts';
import type { Cost } from './cost.ts';
import { type EndpointView, Member } from './member.ts';
import { p2c } from './p2c.ts';
import { peakEwma } from './peak-ewma.ts';
import type { Picker, PickerState } from './picker.ts';
import { type ReadyOptions, whenReady } from './ready.ts';

/** Told when the work of a call is really over, and whether what came after the answer failed. */
export type Done = (outcome?: 'success' | 'failure') => void;

export interface BalanceOptions<E, Q, S> {
  /** Addresses, or `endpoint(address, …)` where more is to be said; at least one, each once. */
  readonly endpoints: readonly (E | Endpoint<E>)[];
  /** Sends one attempt to one address. */
  readonly send: (address: E, request: Q, context: CallContext) => Promise<S>;
  /** How candidates are compared. @defaultValue `p2c()` */
  readonly pick?: Picker;
  /** What one endpoint costs now. @defaultValue `peakEwma()` */
  readonly cost?: Cost;
  /** Who knows how well the endpoints are. @defaultValue all are taken as healthy */
  readonly health?: HealthPort<E>;
  /** Judges how an attempt settled. @defaultValue what throws has failed */
  readonly classify?: Classify;
  /**
   * For answers that go on after the promise has resolved, such as streams: call `done` when the work is over.
   * Until then the call counts as in flight. @defaultValue over when the promise settles
   */
  readonly completion?: (response: S, done: Done) => void;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly observer?: Observer;
  /** In events. */
  readonly name?: string;
}

/** What {@link balance} makes: a transport over several endpoints. */
export interface Balanced<E, Q, S> {
  (request: Q, options?: CallOptions): Promise<S>;
  /** The endpoints as they stand now. */
  endpoints(): EndpointView<E>[];
  /**
   * Replaces the endpoints. Who stays, by identity, keeps all that is known of it; who goes finishes its calls.
   * An empty list changes nothing: the last good one stays.
   */
  update(endpoints: readonly (E | Endpoint<E>)[]): void;
  /** Resolves when enough endpoints are known to be well; begins the probing of a `health` tracker. */
  ready(options?: ReadyOptions): Promise<void>;
  snapshot(): BalanceSnapshot<E>;
}

export interface BalanceSnapshot<E> {
  readonly endpoints: readonly EndpointView<E>[];
  /** Trial calls sent to endpoints that may have recovered. */
  readonly trials: number;
  /** Updates with an empty list, which were not followed. */
  readonly emptyUpdates: number;
}

/**
 * Balances calls over endpoints by the power of two choices: of two drawn at random, the call goes to the one
 * that is healthier, else cheaper. Another attempt of the same call goes to another endpoint.
 *
 * Put `retry` outside of it, so that a failure of one endpoint is another's success; and give it a `health`
 * tracker where endpoints fail for longer. Not for choosing who holds a key: calls go anywhere.
 *
 * @throws {@link OptionError} at construction for no endpoints, one that is there twice, or a `send` that is no
 * function; at the call if `send` does not return a promise
 * @example
 * ```ts
 * import { balance, pipe, retry } from 'evenkeel';
 * const call = pipe(
 *   balance({
 *     endpoints: ['bad', 'good'],
 *     send: async (host, id: number) => {
 *       if (host === 'bad') throw new Error('down');
 *       return `${host}:${id}`;
 *     },
 *   }),
 *   retry({ maxAttempts: 2, baseDelayMs: 1 }),
 * );
 * if ((await call(7)) !== 'good:7') throw new Error('not retried on the other');
 * ```
 */
export function balance<E, Q = void, S = unknown>(options: BalanceOptions<E, Q, S>): Balanced<E, Q, S> {
  const balancer = new Balancer(options);
  const call = transportOf<Q, S>(
    (_next, request, context) => balancer.execute(request, context),
    () => Promise.reject(),
    balancer.clock,
  );
  return Object.assign(call, {
    endpoints: () => balancer.views(),
    update: (endpoints: readonly (E | Endpoint<E>)[]) => balancer.update(endpoints),
    ready: (ready?: ReadyOptions) => balancer.ready(ready),
    snapshot: () => balancer.snapshot(),
  });
}

/** One attempt under way. */
interface Attempt<E> {
  readonly member: Member<E>;
  readonly startMs: number;
  readonly ticket: number;
}

class Balancer<E, Q, S> implements Watcher<Attempt<E>> {
  readonly clock: Clock;
  readonly #send: (address: E, request: Q, context: CallContext) => Promise<S>;
  readonly #picker: PickerState;
  readonly #cost: Cost;
  readonly #health: HealthPort<E> | undefined;
  readonly #classify: Classify | undefined;
  readonly #completion: ((response: S, done: Done) => void) | undefined;
  readonly #reporter: Reporter;
  #members: readonly Member<E>[] = [];
  #started = false;
  #trials = 0;
  #emptyUpdates = 0;

  constructor(options: BalanceOptions<E, Q, S>) {
    this.clock = options.clock ?? systemClock;
    this.#send = checkFunction('balance', 'send', options.send);
    this.#picker = checkPort('balance', 'pick', options.pick ?? p2c(), 'create').create(
      options.random ?? systemRandom,
    );
    this.#cost = checkPort('balance', 'cost', options.cost ?? peakEwma(), 'meter');
    this.#health = options.health && checkPort('balance', 'health', options.health, 'track');
    this.#classify = options.classify && checkFunction('balance', 'classify', options.classify);
    this.#completion = options.completion && checkFunction('balance', 'completion', options.completion);
    this.#reporter = new Reporter('balancer', options);
    this.#adopt(toEndpoints('balance', 'endpoints', options.endpoints));
  }

  execute(request: Q, context: Context): Promise<S> {
    if (!this.#started) this.#start();
    const startMs = this.clock.now();
    const attempt = this.#pick(startMs, context);
    const { member } = attempt;
    markTried(context.call, member);
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
    const { member, startMs, ticket } = attempt;
    member.answered(startMs, this.clock.now(), outcome, ticket);
    if (failed || this.#completion === undefined) member.release();
    else this.#complete(this.#completion, attempt, result as S);
  }

  update(list: readonly (E | Endpoint<E>)[]): void {
    if (Array.isArray(list) && list.length === 0) {
      this.#emptyUpdates++;
      if (this.#reporter.on) this.#reporter.tell('empty-update', { kept: this.#members.length });
      return;
    }
    this.#adopt(toEndpoints('balance', 'endpoints', list));
  }

  ready(options?: ReadyOptions): Promise<void> {
    this.#start();
    return whenReady(options, this.clock, this.#health, () => this.#members.map(({ health }) => health));
  }

  views(): EndpointView<E>[] {
    const nowMs = this.clock.now();
    return this.#members.map((member) => member.view(nowMs));
  }

  snapshot(): BalanceSnapshot<E> {
    return { endpoints: this.views(), trials: this.#trials, emptyUpdates: this.#emptyUpdates };
  }

  #start(): void {
    this.#started = true;
    this.#health?.start();
  }

  #pick(nowMs: number, context: Context): Attempt<E> {
    const trial =
      this.#health !== undefined && nowMs >= this.#health.nextTrialMs
        ? this.#trial(nowMs, context)
        : undefined;
    if (trial !== undefined) return trial;
    const member = this.#picker.pick(nowMs, context.call) as Member<E>;
    if (this.#reporter.on) this.#tellPick(member, nowMs, context, 'picked');
    return { member, startMs: nowMs, ticket: member.health?.ticket ?? 0 };
  }

  /** One call finds out whether an ejected endpoint has recovered; it would never win a comparison. */
  #trial(nowMs: number, context: Context): Attempt<E> | undefined {
    for (const member of this.#members) {
      if (hasTried(context.call, member)) continue;
      const ticket = member.health?.admitTrial(nowMs);
      if (ticket === undefined) continue;
      this.#trials++;
      if (this.#reporter.on) this.#tellPick(member, nowMs, context, 'trial');
      return { member, startMs: nowMs, ticket };
    }
    return undefined;
  }

  #complete(completion: (response: S, done: Done) => void, attempt: Attempt<E>, response: S): void {
    let open = true;
    const done: Done = (outcome) => {
      if (!open) return;
      open = false;
      attempt.member.release();
      if (outcome === 'failure') {
        attempt.member.note(attempt.startMs, this.clock.now(), FAILURE, attempt.ticket);
      }
    };
    try {
      completion(response, done);
    } catch {
      // Watching an answer must not break the call that has it.
      done();
    }
  }

  /** Keeps the members that stay, makes those that are new. */
  #adopt(endpoints: readonly Endpoint<E>[]): void {
    const known = new Map(this.#members.map((member) => [member.endpoint.id, member]));
    const health = this.#health?.track(this, endpoints);
    this.#members = endpoints.map((endpoint, index) => {
      const member = known.get(endpoint.id) ?? new Member(endpoint, this.#cost.meter());
      member.describe(endpoint, health?.[index]);
      return member;
    });
    this.#picker.update(this.#members);
    if (known.size > 0 && this.#reporter.on) this.#reporter.tell('updated', { endpoints: endpoints.length });
  }

  #tellPick(member: Member<E>, nowMs: number, context: Context, type: string): void {
    const { status, pending, latencyMs } = member.view(nowMs);
    const endpoint = labelOf(member.endpoint.address);
    this.#reporter.tell(type, {
      endpoint,
      attempt: context.attempt,
      status,
      pending,
      latencyMs,
      cost: member.cost(nowMs),
    });
  }
}
