/**
 * resilientFetch: a fetch over several origins, wired in the one sound order.
 *
 *   timeout (the call) → retry → timeout (each attempt) → balance → fetch
 */
import { balance, type Balanced, type DrainOptions } from '../balancer/balance.ts';
import type { Done } from '../balancer/completion.ts';
import type { Cost } from '../balancer/costs/cost.ts';
import type { EndpointView } from '../balancer/member.ts';
import type { Narrowing } from '../balancer/narrowing/narrowing.ts';
import type { Picker } from '../balancer/pickers/picker.ts';
import type { ReadyOptions } from '../balancer/ready.ts';
import type { CacheSnapshot } from '../cache/statistics.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import { consecutiveFailures } from '../core/consecutive-failures.ts';
import type { Context } from '../core/context.ts';
import type { Endpoint } from '../core/endpoint.ts';
import type { EndpointSource } from '../core/endpoint-source.ts';
import { failureRate } from '../core/failure-rate.ts';
import type { HealthPort } from '../core/health.ts';
import type { Observer } from '../core/observer.ts';
import { checkCount, checkFunction, checkInterval } from '../core/options.ts';
import type { Classify } from '../core/outcome.ts';
import { pipe } from '../core/pipe.ts';
import { transportOf } from '../core/policy.ts';
import type { Random } from '../core/random.ts';
import type { Transport } from '../core/transport.ts';
import { classifyResponse } from '../fetch/classify.ts';
import { discardResponse } from '../fetch/discard.ts';
import { OpenBodies } from '../fetch/open-bodies.ts';
import { pathOf } from '../fetch/origins.ts';
import { type FetchInit, type FetchRequest, toRequest, toWire } from '../fetch/request.ts';
import { Wire } from '../fetch/wire.ts';
import { healthTracker } from '../health/health-tracker.ts';
import type { RetryPolicy, RetrySnapshot } from '../policies/retry/options.ts';
import { retry } from '../policies/retry/retry.ts';
import type { RetryBudget } from '../policies/retry/retry-budget.ts';
import { timeout } from '../policies/timeout.ts';
import { CachingFetch, type FetchCacheOptions } from './caching-fetch.ts';
import { maySendAgain, optionsOf, portsOf } from './fetch-words.ts';
import { Origins } from './origins.ts';

export interface ResilientFetchOptions<E = string> {
  /**
   * The servers that all serve the same, such as `http://10.0.0.11:8080`: at least one, each once; with
   * `endpoint(origin, …)` where more is to be said. Or a source that finds them out.
   */
  readonly origins: readonly (E | Endpoint<E>)[] | EndpointSource<E>;
  /** The origin that requests to an address name, where addresses are no text, as those found by DNS. */
  readonly origin?: (address: E) => string;
  /**
   * What the wire's `fetch` is told beside, for this address: where a name is served at several addresses, the
   * `dispatcher` of undici that dials this one. @defaultValue nothing
   */
  readonly dial?: (address: E) => object;
  /** Who is a candidate at all. @defaultValue all are */
  readonly narrow?: readonly Narrowing<NoInfer<E>>[];
  /** Milliseconds for the call with its retries, up to the headers. @defaultValue 10_000 */
  readonly timeoutMs?: number;
  /**
   * Milliseconds for each attempt of a request that may be sent again; any other has the whole `timeoutMs`.
   * @defaultValue `timeoutMs / maxAttempts`
   */
  readonly attemptTimeoutMs?: number;
  /** How many attempts a request gets, the first included. @defaultValue 3 */
  readonly maxAttempts?: number;
  /** Milliseconds after which a body that nobody reads no longer counts as in flight. @defaultValue 60_000 */
  readonly maxBodyMs?: number;
  /** What retries spend from. @defaultValue a budget of its own: 20 % of calls and 10 per second, over 10 s */
  readonly budget?: RetryBudget | 'unlimited';
  /** Keeps responses to GET in memory, as their servers allow. @defaultValue nothing is kept */
  readonly cache?: FetchCacheOptions;
  /** Judges responses. @defaultValue `classifyResponse` */
  readonly classify?: Classify;
  /** @defaultValue `p2c()` */
  readonly pick?: Picker<NoInfer<E>>;
  /** @defaultValue `relativeLatency()` */
  readonly cost?: Cost;
  /** @defaultValue a tracker that ejects after 5 failures in a row, or half of 20 calls in 10 s */
  readonly health?: HealthPort<E>;
  /** The fetch to send with. @defaultValue the platform's, looked up at each call */
  readonly fetch?: (input: string | Request, init?: RequestInit) => Promise<Response>;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly observer?: Observer;
  /** In events. */
  readonly name?: string;
}

/** What {@link resilientFetch} makes: a drop-in for `fetch`, over several origins. */
export interface ResilientFetch<E = string> {
  (input: string | URL | Request, init?: FetchInit): Promise<Response>;
  /** The origins as they stand now. */
  endpoints(): EndpointView<E>[];
  /** Replaces the origins; who stays keeps all that is known of it. */
  update(origins: readonly (E | Endpoint<E>)[]): void;
  /** Resolves when enough origins are known to be well. */
  ready(options?: ReadyOptions): Promise<void>;
  /** Refuses new calls and waits for those in flight, bodies included; resolves with how many are left. */
  drain(options?: DrainOptions): Promise<number>;
  snapshot(): ResilientFetchSnapshot<E>;
  /** Stops following a source and probing. */
  dispose(): void;
}

export interface ResilientFetchSnapshot<E = string> {
  readonly endpoints: readonly EndpointView<E>[];
  readonly retry: RetrySnapshot;
  /** Bodies that have not been read to their end. */
  readonly openBodies: number;
  /** If responses are kept. */
  readonly cache?: CacheSnapshot;
}

/**
 * A drop-in `fetch` over several origins: balances by P2C, retries elsewhere what may be sent twice, avoids and
 * ejects servers that fail or hang, and counts a response as in flight until its body has been read.
 *
 * Paths go to any origin, and so does an absolute URL on one of them; a URL elsewhere is an error. What may have
 * reached a server is sent again only if its method is idempotent, or the caller says `idempotent` or gives an
 * `idempotencyKey`, which is sent as `Idempotency-Key`. When all attempts fail, the last one's response or error
 * is the answer, as `fetch` would have given it. `timeoutMs` ends with the headers; the body has the caller's
 * signal. Not for one origin behind a balancer of its own: there `pipe(fetch, retry())` is enough.
 *
 * @throws {@link OptionError} at construction for an option out of its range
 * @throws {@link OriginError} for a URL that is on none of the origins
 * @throws {@link TimeoutError} when the time is up
 * @example
 * ```ts
 * import { resilientFetch } from 'evenkeel';
 * import { fakeOrigins } from 'evenkeel/testing';
 * const servers = fakeOrigins(['http://a.test', 'http://b.test']);
 * servers.behave('http://a.test', { fails: 'refused' });
 * const fetch = resilientFetch({ origins: servers.origins, fetch: servers.fetch });
 * const response = await fetch('/users/42');
 * if ((await response.text()) !== 'http://b.test/users/42') throw new Error('not served by the other');
 * ```
 */
export function resilientFetch<E = string>(options: ResilientFetchOptions<E>): ResilientFetch<E> {
  const fleet = new Fleet(options);
  const { balanced } = fleet;
  const send = (input: string | URL | Request, init?: FetchInit): Promise<Response> =>
    fleet.fetch(input, init);
  const cached = options.cache && new CachingFetch('resilientFetch', send, options.cache, portsOf(options));
  const fetch =
    cached === undefined
      ? send
      : async (input: string | URL | Request, init?: FetchInit): Promise<Response> => {
          const request = fleet.requestOf(input, init);
          return await cached.fetch(request, input, init, optionsOf(request));
        };
  return Object.assign(fetch, {
    endpoints: () => balanced.endpoints(),
    update: (origins: readonly (E | Endpoint<E>)[]) => fleet.update(origins),
    ready: (ready?: ReadyOptions) => balanced.ready(ready),
    drain: (drain?: DrainOptions) => balanced.drain(drain),
    snapshot: () => ({ ...fleet.snapshot(), ...(cached && { cache: cached.snapshot() }) }),
    dispose: () => {
      cached?.dispose();
      balanced.dispose();
    },
  });
}

type Send = Transport<FetchRequest, Response>;

class Fleet<E> {
  readonly balanced: Balanced<E, FetchRequest, Response>;
  readonly #retry: RetryPolicy;
  // The same balancer and the same retry, with and without a limit for each attempt.
  readonly #repeatable: Send;
  readonly #once: Send;
  readonly #bodies: OpenBodies;
  readonly #clock: Clock;
  readonly #fetch: ResilientFetchOptions['fetch'];
  readonly #dial: ((address: E) => object) | undefined;
  readonly #origins: Origins<E>;
  readonly #timeoutMs: number;

  constructor(options: ResilientFetchOptions<E>) {
    const where = 'resilientFetch';
    const timeoutMs = checkInterval(where, 'timeoutMs', options.timeoutMs ?? 10_000);
    const maxAttempts = checkCount(where, 'maxAttempts', options.maxAttempts ?? 3);
    const attemptTimeoutMs = checkInterval(
      where,
      'attemptTimeoutMs',
      options.attemptTimeoutMs ?? timeoutMs / maxAttempts,
    );
    this.#timeoutMs = timeoutMs;
    this.#bodies = new OpenBodies(checkInterval(where, 'maxBodyMs', options.maxBodyMs ?? 60_000));
    this.#fetch = options.fetch && checkFunction(where, 'fetch', options.fetch);
    this.#dial = options.dial && checkFunction(where, 'dial', options.dial);
    this.#clock = options.clock ?? systemClock;
    this.#origins = new Origins(
      options.origins,
      options.origin && checkFunction(where, 'origin', options.origin),
    );
    const classify = options.classify ?? classifyResponse;
    const shared = portsOf(options);
    this.balanced = balance<E, FetchRequest, Response>({
      ...shared,
      ...(options.narrow && { narrow: options.narrow }),
      ...(options.pick && { pick: options.pick }),
      ...(options.cost && { cost: options.cost }),
      endpoints: this.#origins.endpoints,
      health:
        options.health ?? healthTracker({ ...shared, detectors: [consecutiveFailures(), failureRate()] }),
      send: (address, request, context) => this.#send(address, request, context as Context),
      completion: (response, done) => this.#whenRead(response, done),
      classify,
    });
    const budget = options.budget === undefined ? {} : { budget: options.budget };
    this.#retry = retry({ ...shared, ...budget, maxAttempts, classify, discard: discardResponse });
    const clock = this.#clock;
    const eachAttempt = timeout({ timeoutMs: attemptTimeoutMs, clock });
    const wholeCall = timeout({ timeoutMs, clock });
    const located = (next: Send): Send => this.#located(next);
    this.#repeatable = wholeCall(located(pipe(this.balanced as Send, eachAttempt, this.#retry)));
    this.#once = wholeCall(located(pipe(this.balanced as Send, this.#retry)));
  }

  async fetch(input: string | URL | Request, init: FetchInit | undefined): Promise<Response> {
    const request = this.requestOf(input, init);
    this.#bodies.sweep(this.#clock.now());
    const options = optionsOf(request);
    return maySendAgain(request) ? this.#repeatable(request, options) : this.#once(request, options);
  }

  requestOf(input: string | URL | Request, init: FetchInit | undefined): FetchRequest {
    return toRequest(input, init, this.#origins.known);
  }

  update(origins: readonly (E | Endpoint<E>)[]): void {
    const empty = Array.isArray(origins) && origins.length === 0;
    this.balanced.update(empty ? [] : this.#origins.adopt(origins));
  }

  snapshot(): ResilientFetchSnapshot<E> {
    return {
      endpoints: this.balanced.endpoints(),
      retry: this.#retry.snapshot(),
      openBodies: this.#bodies.size,
    };
  }

  /** While a source has not answered, nobody can say whether an absolute URL is on one of the origins. */
  #located(next: Send): Send {
    return transportOf<FetchRequest, Response>(
      (go, request, context) => {
        if (request.path !== undefined) return go(request, context);
        // Begins to follow the source; what it waits for is not waited for here.
        this.balanced.ready({ timeoutMs: 0 }).catch(() => {});
        return this.#origins
          .untilKnown(context, this.#timeoutMs)
          .then(() => go({ ...request, path: pathOf(request.url, this.#origins.known) }, context));
      },
      next,
      this.#clock,
    );
  }

  async #send(address: E, request: FetchRequest, context: Context): Promise<Response> {
    const wire = new Wire(context);
    const send = this.#fetch ?? globalThis.fetch;
    try {
      const [input, init] = toWire(request, this.#origins.of(address), wire.signal);
      const response = await send(
        input,
        this.#dial === undefined ? init : { ...init, ...this.#dial(address) },
      );
      wire.handOver(request, response);
      return response;
    } catch (error) {
      wire.release();
      throw error;
    }
  }

  /** The call counts as in flight, and its caller's abort reaches it, until its body has ended. */
  #whenRead(response: Response, done: Done): void {
    const wire = Wire.of(response);
    this.#bodies.add(response, this.#clock.now(), (failed) => {
      wire?.release();
      done(failed && wire?.aborted !== true ? 'failure' : 'success');
    });
  }
}
