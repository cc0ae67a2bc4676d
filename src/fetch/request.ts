/** One request as it passes through the layers: what to ask for, apart from whom. */
import type { Context } from '../core/context.ts';
import { contextOf } from '../core/context.ts';
import type { CallOptions } from '../core/transport.ts';
import { isPath, pathOf } from './origins.ts';

/** What a caller may say about one fetch: all that `fetch` takes, and evenkeel's own. */
export type FetchInit = RequestInit & CallOptions & { readonly duplex?: string };

/** What the layers see; `method` and `body` decide whether it may be sent again (law 14). */
export interface FetchRequest {
  /** What was asked for, as it was written. */
  readonly url: string;
  /** The part that any origin can serve; `undefined` until it is known which origins there are. */
  readonly path: string | undefined;
  readonly method: string;
  readonly body: unknown;
  readonly input: Request | undefined;
  readonly init: FetchInit | undefined;
  /** The caller's own signal; it outlives the call, with the body. */
  readonly signal: AbortSignal | undefined;
  /** The call around this one, if its context was handed in. */
  readonly outer: Context | undefined;
}

export function toRequest(
  input: string | URL | Request,
  init: FetchInit | undefined,
  origins: ReadonlySet<string>,
): FetchRequest {
  const request = typeof input === 'object' && 'url' in input ? input : undefined;
  const url = typeof input === 'string' ? input : 'url' in input ? input.url : input.href;
  const outer = init === undefined ? undefined : contextOf(init);
  return {
    url,
    path: origins.size === 0 && !isPath(url) ? undefined : pathOf(url, origins),
    method: (init?.method ?? request?.method ?? 'GET').toUpperCase(),
    body: init?.body ?? request?.body ?? undefined,
    input: request,
    init,
    signal:
      (outer !== undefined && (outer as unknown) === init ? undefined : init?.signal) ?? request?.signal,
    outer,
  };
}

/** The arguments of the wire's own fetch for one attempt at one origin. */
export function toWire(
  request: FetchRequest,
  origin: string,
  signal: AbortSignal,
): [input: string | Request, init: RequestInit] {
  const { init, input } = request;
  const wire: RequestInit = { ...init, signal };
  const key = init?.idempotencyKey;
  if (key !== undefined) {
    const headers = new Headers(init?.headers ?? input?.headers);
    if (!headers.has('idempotency-key')) headers.set('idempotency-key', key);
    wire.headers = headers;
  }
  const url = origin + request.path;
  return [input === undefined ? url : new Request(url, input), wire];
}
