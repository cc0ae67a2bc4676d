/**
 * resilientFetch: a fetch over several origins, wired in the one sound order.
 *
 *   timeout (the call) → retry → timeout (each attempt) → balance → fetch
 */
import { balance, type Balanced } from '../balancer/balance.ts';
import type { Done } from '../balancer/completion.ts';
import type { Cost } from '../balancer/costs/cost.ts';
import type { EndpointView } from '../balancer/member.ts';
import type { Picker } from '../balancer/pickers/picker.ts';
import type { ReadyOptions } from '../balancer/ready.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import { consecutiveFailures } from '../core/consecutive-failures.ts';
import { type Context, within } from '../core/context.ts';
import { OptionError } from '../core/errors.ts';
import { failureRate } from '../core/failure-rate.ts';
import type { HealthPort } from '../core/health.ts';
import type { Observer } from '../core/observer.ts';
import { checkCount, checkFunction, checkInterval } from '../core/options.ts';
import type { Classify } from '../core/outcome.ts';
import { pipe } from '../core/pipe.ts';
import type { Random } from '../core/random.ts';
import { mayRepeat } from '../core/repeat.ts';
import type { CallOptions, Transport } from '../core/transport.ts';
import { classifyResponse } from '../fetch/classify.ts';
import { discardResponse } from '../fetch/discard.ts';
import { OpenBodies } from '../fetch/open-bodies.ts';
import { toOrigin } from '../fetch/origins.ts';
import { type FetchInit, type FetchRequest, toRequest, toWire } from '../fetch/request.ts';
import { Wire } from '../fetch/wire.ts';
import { healthTracker } from '../health/health-tracker.ts';
import { retry, type RetryPolicy, type RetrySnapshot } from '../policies/retry.ts';
import type { RetryBudget } from '../policies/retry-budget.ts';
import { timeout } from '../policies/timeout.ts';

export interface ResilientFetchOptions {
  /** The servers that all serve the same, such as `http://10.0.0.11:8080`; at least one, each once. */
  readonly origins: readonly string[];
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
  /** Judges responses. @defaultValue `classifyResponse` */
  readonly classify?: Classify;
  /** @defaultValue `p2c()` */
  readonly pick?: Picker;
  /** @defaultValue `peakEwma()` */
  readonly cost?: Cost;
  /** @defaultValue a tracker that ejects after 5 failures in a row, or half of 20 calls in 10 s */
  readonly health?: HealthPort<string>;
  /** The fetch to send with. @defaultValue the platform's, looked up at each call */
  readonly fetch?: (input: string | Request, init?: RequestInit) => Promise<Response>;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly observer?: Observer;
  /** In events. */
  readonly name?: string;
}

/** What {@link resilientFetch} makes: a drop-in for `fetch`, over several origins. */
export interface ResilientFetch {
  (input: string | URL | Request, init?: FetchInit): Promise<Response>;
  /** The origins as they stand now. */
  endpoints(): EndpointView<string>[];
  /** Replaces the origins; who stays keeps all that is known of it. */
  update(origins: readonly string[]): void;
  /** Resolves when enough origins are known to be well. */
  ready(options?: ReadyOptions): Promise<void>;
  snapshot(): ResilientFetchSnapshot;
}

export interface ResilientFetchSnapshot {
  readonly endpoints: readonly EndpointView<string>[];
  readonly retry: RetrySnapshot;
  /** Bodies that have not been read to their end. */
  readonly openBodies: number;
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
export function resilientFetch(options: ResilientFetchOptions): ResilientFetch {
  const fleet = new Fleet(options);
  const fetch = (input: string | URL | Request, init?: FetchInit): Promise<Response> =>
    fleet.fetch(input, init);
  return Object.assign(fetch, {
    endpoints: () => fleet.balanced.endpoints(),
    update: (origins: readonly string[]) => fleet.update(origins),
    ready: (ready?: ReadyOptions) => fleet.balanced.ready(ready),
    snapshot: () => fleet.snapshot(),
  });
}

type Send = Transport<FetchRequest, Response>;

class Fleet {
  readonly balanced: Balanced<string, FetchRequest, Response>;
  readonly #retry: RetryPolicy;
  // The same balancer and the same retry, with and without a limit for each attempt.
  readonly #repeatable: Send;
  readonly #once: Send;
  readonly #bodies: OpenBodies;
  readonly #clock: Clock;
  readonly #fetch: ResilientFetchOptions['fetch'];
  #origins: ReadonlySet<string>;

  constructor(options: ResilientFetchOptions) {
    const where = 'resilientFetch';
    const timeoutMs = checkInterval(where, 'timeoutMs', options.timeoutMs ?? 10_000);
    const maxAttempts = checkCount(where, 'maxAttempts', options.maxAttempts ?? 3);
    const attemptTimeoutMs = checkInterval(
      where,
      'attemptTimeoutMs',
      options.attemptTimeoutMs ?? timeoutMs / maxAttempts,
    );
    this.#bodies = new OpenBodies(checkInterval(where, 'maxBodyMs', options.maxBodyMs ?? 60_000));
    this.#fetch = options.fetch && checkFunction(where, 'fetch', options.fetch);
    this.#clock = options.clock ?? systemClock;
    const origins = originsOf(options.origins);
    this.#origins = new Set(origins);
    const classify = options.classify ?? classifyResponse;
    const shared = portsOf(options);
    this.balanced = balance<string, FetchRequest, Response>({
      ...shared,
      ...(options.pick && { pick: options.pick }),
      ...(options.cost && { cost: options.cost }),
      endpoints: origins,
      health:
        options.health ?? healthTracker({ ...shared, detectors: [consecutiveFailures(), failureRate()] }),
      send: (origin, request, context) => this.#send(origin, request, context as Context),
      completion: (response, done) => this.#whenRead(response, done),
      classify,
    });
    const budget = options.budget === undefined ? {} : { budget: options.budget };
    this.#retry = retry({ ...shared, ...budget, maxAttempts, classify, discard: discardResponse });
    const clock = this.#clock;
    const [eachAttempt, wholeCall] = [
      timeout({ timeoutMs: attemptTimeoutMs, clock }),
      timeout({ timeoutMs, clock }),
    ];
    this.#repeatable = pipe(this.balanced as Send, eachAttempt, this.#retry, wholeCall);
    this.#once = pipe(this.balanced as Send, this.#retry, wholeCall);
  }

  async fetch(input: string | URL | Request, init: FetchInit | undefined): Promise<Response> {
    const request = toRequest(input, init, this.#origins);
    this.#bodies.sweep(this.#clock.now());
    const options = optionsOf(request);
    return maySendAgain(request) ? this.#repeatable(request, options) : this.#once(request, options);
  }

  update(origins: readonly string[]): void {
    if (Array.isArray(origins) && origins.length === 0) {
      this.balanced.update([]);
      return;
    }
    const list = originsOf(origins);
    this.balanced.update(list);
    this.#origins = new Set(list);
  }

  snapshot(): ResilientFetchSnapshot {
    return {
      endpoints: this.balanced.endpoints(),
      retry: this.#retry.snapshot(),
      openBodies: this.#bodies.size,
    };
  }

  async #send(origin: string, request: FetchRequest, context: Context): Promise<Response> {
    const wire = new Wire(context);
    const send = this.#fetch ?? globalThis.fetch;
    try {
      const response = await send(...toWire(request, origin, wire.signal));
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

function originsOf(origins: readonly string[]): string[] {
  if (!Array.isArray(origins))
    throw new OptionError('resilientFetch', 'origins', origins, 'a list of origins');
  return origins.map((origin) => toOrigin('resilientFetch', origin));
}

function portsOf(
  options: ResilientFetchOptions,
): Pick<ResilientFetchOptions, 'clock' | 'random' | 'observer' | 'name'> {
  return {
    ...(options.clock && { clock: options.clock }),
    ...(options.random && { random: options.random }),
    ...(options.observer && { observer: options.observer }),
    ...(options.name !== undefined && { name: options.name }),
  };
}

/** Of what the caller said, that which the layers heed; the rest goes to the wire with the request. */
function optionsOf(request: FetchRequest): CallOptions | undefined {
  const { init, signal, outer } = request;
  if (outer !== undefined && (init as unknown) === outer) return outer;
  if (init === undefined && signal === undefined) return undefined;
  const options: CallOptions = {
    signal,
    timeoutMs: init?.timeoutMs,
    idempotent: init?.idempotent,
    idempotencyKey: init?.idempotencyKey,
    affinityKey: init?.affinityKey,
    criticality: init?.criticality,
  };
  return outer === undefined ? options : within(outer, options);
}

/** Whether a failure that may have reached the server could be followed by another attempt. */
function maySendAgain(request: FetchRequest): boolean {
  return mayRepeat(request, request.init ?? {}, undefined);
}
