/**
 * A cache in front of a fetch. Responses are kept as the server allows, for callers with the same credentials and the
 * same of all headers that the answer depends on (law 13); what may not be kept goes past it, and is coalesced with
 * nothing.
 */
import { type CacheAside, cacheAside } from '../cache/cache-aside.ts';
import type { LoadContext } from '../cache/loaded.ts';
import type { CacheSnapshot } from '../cache/statistics.ts';
import { BoundedMap } from '../core/bounded-map.ts';
import { contextOf } from '../core/context.ts';
import { OptionError } from '../core/errors.ts';
import { checkCount, checkDuration } from '../core/options.ts';
import type { CallOptions } from '../core/transport.ts';
import { conditionOf, isSafe, keepingOf, mayUseKept, type OwnWindows } from '../fetch/cache-control.ts';
import { discardResponse } from '../fetch/discard.ts';
import { bytesOf, KeptResponse } from '../fetch/kept-response.ts';
import type { FetchInit, FetchRequest } from '../fetch/request.ts';
import type { Ports } from './fetch-words.ts';

/** How {@link resilientFetch} keeps responses of GET. */
export interface FetchCacheOptions {
  /** How long a response is fresh whose server does not say. @defaultValue 0 */
  readonly ttlMs?: number;
  /** Where the server does not say: how long a stale one is served at once while it is renewed. @defaultValue 0 */
  readonly staleWhileRevalidateMs?: number;
  /** Where the server does not say: how long a stale one stands in for a failed request. @defaultValue 0 */
  readonly staleIfErrorMs?: number;
  /** After a failed request, how long stale is served without another; doubles with each. @defaultValue 1_000 */
  readonly refreshBackoffMs?: number;
  /** A request that takes longer goes on, but stale is served if it may be. @defaultValue Infinity */
  readonly softTimeoutMs?: number;
  /** How many requests may be under way to fill the cache. @defaultValue 100 */
  readonly maxLoads?: number;
  /** The most bytes of all responses; the least recently used is dropped. @defaultValue 50_000_000 */
  readonly maxBytes?: number;
  /** A longer body is handed on as it comes, and not kept. @defaultValue 1_000_000 */
  readonly maxBodyBytes?: number;
}

type Fetch = (input: string | URL | Request, init?: FetchInit) => Promise<Response>;

/** What says that the responses to a request are not kept; whoever meets it goes past the cache. */
class NotKept {
  readonly windows: OwnWindows = { ttlMs: 10_000, staleWhileRevalidateMs: 0, staleIfErrorMs: 0 };
  readonly size: number = 100;
}

/** A response that says that the server could not do it: to the cache a failure, to its callers the answer. */
class FailedResponse extends Error {
  readonly kept: KeptResponse;

  constructor(kept: KeptResponse) {
    super(`the server answered ${kept.status}`);
    this.kept = kept;
  }

  override get name(): string {
    return 'FailedResponse';
  }
}

/** RFC 5861 §4. */
const FAILURES = new Set([500, 502, 503, 504]);
/** One for each thing that a first answer can teach of what the next depends on. */
const MAX_TURNS = 3;
/** Of so many resources it is remembered which headers their answers depend on. */
const MAX_VARIED = 10_000;

/** What one caller asks. */
interface Asked {
  readonly path: string;
  readonly headers: Headers;
  readonly key: unknown;
}

export class CachingFetch {
  readonly #fetch: Fetch;
  readonly #cache: CacheAside<Asked, KeptResponse | NotKept>;
  readonly #own: OwnWindows;
  readonly #maxBodyBytes: number;
  readonly #varied: BoundedMap<string, readonly string[]>;

  constructor(where: string, fetch: Fetch, options: FetchCacheOptions, ports: Ports) {
    if (typeof options !== 'object')
      throw new OptionError(where, 'cache', options, 'options of a cache, or nothing');
    this.#fetch = fetch;
    const own = (name: keyof OwnWindows): number => checkDuration(where, `cache.${name}`, options[name] ?? 0);
    this.#own = {
      ttlMs: own('ttlMs'),
      staleWhileRevalidateMs: own('staleWhileRevalidateMs'),
      staleIfErrorMs: own('staleIfErrorMs'),
    };
    this.#maxBodyBytes = checkCount(where, 'cache.maxBodyBytes', options.maxBodyBytes ?? 1_000_000);
    this.#varied = new BoundedMap(where, { maxEntries: MAX_VARIED });
    const { refreshBackoffMs, softTimeoutMs, maxLoads } = options;
    this.#cache = cacheAside({
      ...ports,
      ...(refreshBackoffMs !== undefined && { refreshBackoffMs }),
      ...(softTimeoutMs !== undefined && { softTimeoutMs }),
      ...(maxLoads !== undefined && { maxLoads }),
      ttlMs: ({ windows }) => windows.ttlMs,
      staleWhileRevalidateMs: ({ windows }) => windows.staleWhileRevalidateMs,
      staleIfErrorMs: ({ windows }) => windows.staleIfErrorMs,
      maxSize: checkCount(where, 'cache.maxBytes', options.maxBytes ?? 50_000_000),
      sizeOf: ({ size }) => size,
      key: ({ key }) => key,
      tags: (_, { path }) => [path],
    });
  }

  snapshot(): CacheSnapshot {
    return this.#cache.snapshot();
  }

  dispose(): void {
    this.#cache[Symbol.dispose]();
  }

  async fetch(
    request: FetchRequest,
    input: string | URL | Request,
    init: FetchInit | undefined,
    options: CallOptions | undefined,
  ): Promise<Response> {
    const path = (request.path ?? request.url).replace(/#.*$/, '');
    if (request.method !== 'GET' || request.body !== undefined) {
      return await this.#pass(path, request.method, input, init);
    }
    const headers = new Headers(init?.headers ?? request.input?.headers);
    if (!mayUseKept(headers, init?.cache ?? request.input?.cache)) return await this.#fetch(input, init);
    for (let turn = 0; turn < MAX_TURNS; turn++) {
      const response = await this.#turn(this.#asked(path, headers), input, init, options);
      if (response !== undefined) return response;
    }
    return await this.#fetch(input, init);
  }

  /** One look; `undefined` if what came depends on a header of which nobody knew. */
  async #turn(
    asked: Asked,
    input: string | URL | Request,
    init: FetchInit | undefined,
    options: CallOptions | undefined,
  ): Promise<Response | undefined> {
    // A response that is not kept is for the caller whose request brought it; if he has left, for nobody.
    let [mine, left] = [undefined as Response | undefined, false];
    const load = async (context: LoadContext): Promise<KeptResponse | NotKept> => {
      const loaded = await this.#load(asked, input, init, context);
      if (!(loaded instanceof Response)) return loaded;
      if (left) discardResponse(loaded);
      else mine = loaded;
      return new NotKept();
    };
    try {
      const { value, ageMs } = await this.#cache.lookupOrLoad(asked, load, options);
      // A call around this one may have ended; it has rejected its caller itself.
      const around = init && contextOf(init)?.scope;
      if (around?.aborted === true) throw around.reason;
      if (value instanceof NotKept) return mine ?? (await this.#fetch(input, init));
      return value.answers(asked.headers) ? value.toResponse(ageMs) : undefined;
    } catch (error) {
      left = true;
      if (mine !== undefined) discardResponse(mine);
      if (error instanceof FailedResponse) return error.kept.copy();
      throw error;
    }
  }

  /** What is to be kept, or the response as it came. */
  async #load(
    { path, headers }: Asked,
    input: string | URL | Request,
    init: FetchInit | undefined,
    context: LoadContext,
  ): Promise<KeptResponse | Response> {
    const known = context.known?.value instanceof KeptResponse ? context.known.value : undefined;
    const usable = known?.answers(headers) === true ? known : undefined;
    const conditional = new Headers(headers);
    if (usable !== undefined) {
      for (const [name, value] of Object.entries(conditionOf(usable.headers))) conditional.set(name, value);
    }
    const response = await this.#fetch(input, wireInit(init, conditional, context));
    if (response.status === 304 && usable !== undefined) {
      discardResponse(response);
      const confirmed = usable.confirmed(response.headers, this.#own, headers);
      if (confirmed !== undefined) return this.#learned(path, confirmed);
      return usable.copy();
    }
    const failed = FAILURES.has(response.status);
    const windows = failed ? NOTHING : keepingOf(response.status, response.headers, this.#own);
    if (windows === undefined) return response;
    const bytes = await bytesOf(response, this.#maxBodyBytes);
    if (bytes instanceof Response) return bytes;
    const kept = new KeptResponse(response, bytes, windows, headers);
    if (failed) throw new FailedResponse(kept);
    return this.#learned(path, kept);
  }

  /** Remembers on which headers the answers of this path depend. */
  #learned(path: string, kept: KeptResponse): KeptResponse {
    const before = this.#varied.get(path) ?? [];
    const names = new Set([...before, ...kept.varied.keys()]);
    if (names.size > before.length) this.#varied.set(path, [...names].sort());
    return kept;
  }

  #asked(path: string, headers: Headers): Asked {
    const names = ['authorization', 'cookie', ...(this.#varied.get(path) ?? [])];
    return { path, headers, key: [path, ...names.map((name) => [name, headers.get(name)])] };
  }

  /** Past the cache; what may have changed something is forgotten (RFC 9111 §4.4). */
  async #pass(
    path: string,
    method: string,
    input: string | URL | Request,
    init: FetchInit | undefined,
  ): Promise<Response> {
    const response = await this.#fetch(input, init);
    if (isSafe(method) || response.status >= 400) return response;
    this.#cache.invalidateTag(path);
    for (const name of ['location', 'content-location']) {
      const other = response.headers.get(name);
      const base = new URL(path, 'http://path.invalid');
      if (other === null || !URL.canParse(other, base)) continue;
      const { pathname, search } = new URL(other, base);
      this.#cache.invalidateTag(pathname + search);
    }
    return response;
  }
}

const NOTHING: OwnWindows = { ttlMs: 0, staleWhileRevalidateMs: 0, staleIfErrorMs: 0 };

/** The load's own words in the place of the first caller's: he may leave, and it goes on. */
function wireInit(init: FetchInit | undefined, headers: Headers, context: LoadContext): FetchInit {
  const wire: Record<string, unknown> = {};
  for (const name of [
    'credentials',
    'integrity',
    'keepalive',
    'mode',
    'redirect',
    'referrer',
    'referrerPolicy',
  ]) {
    const value = (init as Record<string, unknown> | undefined)?.[name];
    if (value !== undefined) wire[name] = value;
  }
  const dispatcher = (init as { readonly dispatcher?: unknown } | undefined)?.dispatcher;
  if (dispatcher !== undefined) wire['dispatcher'] = dispatcher;
  return { ...wire, headers, signal: context.signal };
}
