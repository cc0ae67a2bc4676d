/**
 * A response as it is kept: its head and its bytes. A `Response` can be read once, so each caller gets a new one made
 * of the same bytes, of which it takes a copy.
 */
import { ageMs, keepingOf, type OwnWindows, varyOf } from './cache-control.ts';

/** Statuses whose responses may have no body, not even an empty one. */
const BODILESS = new Set([204, 205, 304]);

export class KeptResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  readonly url: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly windows: OwnWindows;
  /** Of the request that brought it: the values of the headers that the answer depends on. */
  readonly varied: ReadonlyMap<string, string | null>;

  constructor(
    response: Pick<Response, 'status' | 'statusText' | 'headers' | 'url'>,
    bytes: Uint8Array<ArrayBuffer>,
    windows: OwnWindows,
    asked: Headers,
  ) {
    this.status = response.status;
    this.statusText = response.statusText;
    this.headers = response.headers;
    this.url = response.url;
    this.bytes = bytes;
    this.windows = windows;
    this.varied = new Map(varyOf(response.headers).map((name) => [name, asked.get(name)]));
  }

  /** How much room it takes, in bytes. */
  get size(): number {
    let size = this.bytes.byteLength + this.url.length;
    for (const [name, value] of this.headers) size += name.length + value.length;
    return size;
  }

  /** Whether it answers a request with these headers too. */
  answers(headers: Headers): boolean {
    for (const [name, value] of this.varied) if (headers.get(name) !== value) return false;
    return true;
  }

  /** The same, confirmed by a 304 whose headers are newer (RFC 9111 §4.3.4); `undefined` if it may no longer be kept. */
  confirmed(headers: Headers, own: OwnWindows, asked: Headers): KeptResponse | undefined {
    const merged = new Headers(this.headers);
    merged.delete('age');
    // A 304 has no body, and says nothing of the one that is kept.
    for (const [name, value] of headers)
      if (!/^content-(?:length|encoding|type|range)$/.test(name)) merged.set(name, value);
    const windows = keepingOf(this.status, merged, own);
    if (windows === undefined) return undefined;
    const { status, statusText, url } = this;
    return new KeptResponse({ status, statusText, headers: merged, url }, this.bytes, windows, asked);
  }

  /** A response of its own for one caller. */
  toResponse(sinceMs: number): Response {
    const headers = new Headers(this.headers);
    headers.set('age', String(Math.floor((ageMs(this.headers) + sinceMs) / 1000)));
    return this.#made(headers);
  }

  /** The same for one that was not kept, but came for several callers. */
  copy(): Response {
    return this.#made(new Headers(this.headers));
  }

  #made(headers: Headers): Response {
    const { status, statusText, url } = this;
    const body = BODILESS.has(status) ? null : this.bytes;
    return Object.defineProperty(new Response(body, { status, statusText, headers }), 'url', { value: url });
  }
}

/** The whole body; or, where it is longer than that, the response with all of it still to come. */
export async function bytesOf(
  response: Response,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | Response> {
  const { body } = response;
  if (body === null || body === undefined) return new Uint8Array();
  const reader = body.getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return joined(parts, length);
    parts.push(value);
    length += value.byteLength;
    if (length > maxBytes) return resumed(response, parts, reader);
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return bytes;
}

/** What has been read goes before what is left. */
function resumed(
  response: Response,
  parts: Uint8Array[],
  reader: ReadableStreamDefaultReader<Uint8Array>,
): Response {
  const body = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const part = parts.shift();
      if (part !== undefined) {
        controller.enqueue(part);
        return;
      }
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
  const { status, statusText, headers, url } = response;
  return Object.defineProperty(new Response(body, { status, statusText, headers }), 'url', { value: url });
}
