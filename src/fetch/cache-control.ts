/**
 * What HTTP says about keeping a response (RFC 9111, RFC 5861), as pure functions of its headers.
 *
 * Not a whole shared cache: no heuristics by Last-Modified, no ranges, no HEAD, no `only-if-cached`, no warnings.
 */

/** The windows that are used where the server says nothing. */
export interface OwnWindows {
  readonly ttlMs: number;
  readonly staleWhileRevalidateMs: number;
  readonly staleIfErrorMs: number;
}

/** For how long a response is good for what, from its request on; `undefined` if it may not be kept at all. */
export type Keeping = OwnWindows | undefined;

/** Directives by their names in lower case; one without an argument has an empty one. */
export function directivesOf(header: string | null): ReadonlyMap<string, string> {
  const directives = new Map<string, string>();
  for (const [, name = '', quoted, plain] of (header ?? '').matchAll(
    /([\w-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]*)))?/g,
  )) {
    // Said twice, the first counts, and never less than the stricter: RFC 9111 §4.2.1 leaves the choice.
    if (!directives.has(name.toLowerCase())) directives.set(name.toLowerCase(), quoted ?? plain ?? '');
  }
  return directives;
}

/** RFC 9110 §15.1: what may be kept where nothing is said, but for 206 and 501. */
const KEPT_BY_DEFAULT = new Set([200, 203, 204, 300, 301, 308, 404, 405, 410, 414]);
/** Never kept: interim, partial, not modified, and what says that the server could not do it. */
const NEVER_KEPT = new Set([206, 304, 408, 429, 500, 502, 503, 504]);

/** Whether and for how long this response may be kept, and served to whoever asks the same in the same name. */
export function keepingOf(status: number, headers: Headers, own: OwnWindows): Keeping {
  const said = directivesOf(headers.get('cache-control'));
  if (status < 200 || NEVER_KEPT.has(status) || said.has('no-store') || said.has('private')) return undefined;
  // A cookie is for one caller; and an event stream has no end that could be waited for.
  if (headers.has('set-cookie') || headers.get('vary')?.includes('*') === true) return undefined;
  if (/^text\/event-stream\b/i.test(headers.get('content-type') ?? '')) return undefined;
  const explicitMs = lifetimeMs(said, headers);
  if (explicitMs === undefined && !KEPT_BY_DEFAULT.has(status)) return undefined;
  const always = said.has('no-cache');
  const ttlMs = always ? 0 : Math.max(0, (explicitMs ?? own.ttlMs) - ageMs(headers));
  const strict = always || said.has('must-revalidate') || said.has('proxy-revalidate');
  const window = (name: string, ownMs: number): number => (strict ? 0 : (seconds(said.get(name)) ?? ownMs));
  const keeping = {
    ttlMs,
    staleWhileRevalidateMs: window('stale-while-revalidate', own.staleWhileRevalidateMs),
    staleIfErrorMs: window('stale-if-error', own.staleIfErrorMs),
  };
  const useful = Math.max(keeping.ttlMs, keeping.staleWhileRevalidateMs, keeping.staleIfErrorMs) > 0;
  return useful || headers.has('etag') || headers.has('last-modified') ? keeping : undefined;
}

/** How old the response was when it came, by the caches on its way. */
export function ageMs(headers: Headers): number {
  return seconds(headers.get('age') ?? undefined) ?? 0;
}

/** The names of the request's headers on which the answer depends, in lower case. */
export function varyOf(headers: Headers): string[] {
  const names = (headers.get('vary') ?? '').split(',').map((name) => name.trim().toLowerCase());
  return names.filter((name) => name !== '');
}

/** What asks whether a kept response has changed (RFC 9110 §13); nothing if it has no validator. */
export function conditionOf(headers: Headers): Readonly<Record<string, string>> {
  const condition: Record<string, string> = {};
  const [etag, modified] = [headers.get('etag'), headers.get('last-modified')];
  if (etag !== null) condition['if-none-match'] = etag;
  if (modified !== null) condition['if-modified-since'] = modified;
  return condition;
}

/** Headers that make a request one for the wire alone: a part, or a condition of the caller's own. */
const CONDITIONAL = [
  'range',
  'if-none-match',
  'if-modified-since',
  'if-match',
  'if-unmodified-since',
  'if-range',
];

/** Whether the caller wants what is kept at all. */
export function mayUseKept(headers: Headers, mode: string | undefined): boolean {
  if (mode === 'no-store' || mode === 'reload' || mode === 'no-cache') return false;
  if (CONDITIONAL.some((name) => headers.has(name))) return false;
  const said = directivesOf(headers.get('cache-control'));
  if (said.has('no-store') || said.has('no-cache') || seconds(said.get('max-age')) === 0) return false;
  return !directivesOf(headers.get('pragma')).has('no-cache');
}

/** RFC 9110 §9.2.1: methods that change nothing; all others forget what is kept. */
export function isSafe(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS' || method === 'TRACE';
}

/** What the server says, in the order of RFC 9111 §4.2.1; `undefined` if it says nothing. */
function lifetimeMs(said: ReadonlyMap<string, string>, headers: Headers): number | undefined {
  for (const name of ['s-maxage', 'max-age']) {
    // What is no number of seconds is over at once.
    if (said.has(name)) return seconds(said.get(name)) ?? 0;
  }
  const expires = headers.get('expires');
  if (expires === null) return undefined;
  // Both by the server's clock, whatever that says.
  const ms = Date.parse(expires) - Date.parse(headers.get('date') ?? '');
  return ms > 0 ? ms : 0;
}

/** 136 years are enough; more would be no whole number of milliseconds. */
const MAX_SECONDS = 2 ** 32;

function seconds(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Math.min(MAX_SECONDS, Number(text)) * 1000 : undefined;
}
