import { type Clock, systemClock } from '../core/clock.ts';
import { OptionError } from '../core/errors.ts';

/** How one fake origin behaves. */
export interface OriginBehaviour {
  /** @defaultValue 200 */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** @defaultValue the URL that was asked for */
  readonly body?: string;
  /** Milliseconds before the headers. @defaultValue 0 */
  readonly delayMs?: number;
  /**
   * - `refused`: no connection (`ECONNREFUSED`): the request never left.
   * - `reset`: the connection broke (`ECONNRESET`): nobody knows whether the server acted.
   * - `hang`: no answer, ever.
   * - `stall`: headers and half of the body, then nothing.
   * - `die`: headers and half of the body, then a broken connection.
   *
   * @defaultValue it does not fail
   */
  readonly fails?: 'refused' | 'reset' | 'hang' | 'stall' | 'die';
}

/** A request that a fake origin has seen. */
export interface OriginRequest {
  readonly origin: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: string;
}

/** What {@link fakeOrigins} makes. */
export interface FakeOrigins {
  readonly origins: readonly string[];
  /** A `fetch` that knows these origins only. */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
  /** Every request so far. */
  readonly requests: readonly OriginRequest[];
  /** From now on the origin behaves so. */
  behave(origin: string, behaviour: OriginBehaviour): void;
}

/**
 * A fake `fetch` whose origins fail, hang or stall as the test says; without a network.
 *
 * @example
 * ```ts
 * import { fakeOrigins } from 'evenkeel/testing';
 * const servers = fakeOrigins(['http://a.test']);
 * servers.behave('http://a.test', { status: 503, headers: { 'retry-after': '1' } });
 * const response = await servers.fetch('http://a.test/');
 * if (response.status !== 503) throw new Error('it should be busy');
 * ```
 */
export function fakeOrigins(
  origins: readonly string[],
  options: { readonly clock?: Clock } = {},
): FakeOrigins {
  const clock = options.clock ?? systemClock;
  const behaviours = new Map<string, OriginBehaviour>(origins.map((origin) => [origin, {}]));
  const requests: OriginRequest[] = [];
  return {
    origins,
    requests,
    behave(origin, behaviour) {
      if (!behaviours.has(origin))
        throw new OptionError('fakeOrigins', 'origin', origin, 'one of the origins');
      behaviours.set(origin, behaviour);
    },
    async fetch(input, init) {
      const request = new Request(input, init);
      const { origin } = new URL(request.url);
      const behaviour = behaviours.get(origin);
      const { method, url, headers, signal } = request;
      requests.push({ origin, method, url, headers, body: await request.text() });
      signal.throwIfAborted();
      if (behaviour === undefined) throw networkError('ENOTFOUND');
      if (behaviour.fails === 'refused') throw networkError('ECONNREFUSED');
      if (behaviour.delayMs !== undefined) await delay(clock, behaviour.delayMs, signal);
      if (behaviour.fails === 'reset') throw networkError('ECONNRESET');
      if (behaviour.fails === 'hang') await delay(clock, Infinity, signal);
      return respond(behaviour, url, method, signal);
    },
  };
}

function networkError(code: string): TypeError {
  return new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) });
}

/** Waits; rejects when the signal aborts. For ever makes no timer. */
function delay(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = ms === Infinity ? undefined : clock.setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clock.clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

function respond(behaviour: OriginBehaviour, url: string, method: string, signal: AbortSignal): Response {
  const { status = 200, headers = {}, body = url, fails } = behaviour;
  const bodiless = method === 'HEAD' || [204, 205, 304].includes(status);
  const whole = new TextEncoder().encode(body);
  const broken = fails === 'stall' || fails === 'die';
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      signal.addEventListener('abort', () => controller.error(signal.reason));
      controller.enqueue(broken ? whole.slice(0, whole.length >> 1) : whole);
      if (!broken) controller.close();
    },
    pull(controller) {
      if (fails === 'die') controller.error(networkError('ECONNRESET'));
    },
  });
  return new Response(bodiless ? null : stream, { status, headers });
}
