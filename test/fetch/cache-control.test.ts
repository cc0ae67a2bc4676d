import { describe, expect, it } from 'vitest';
import { conditionOf, directivesOf, keepingOf, mayUseKept, varyOf } from '../../src/fetch/cache-control.ts';
import { bytesOf, KeptResponse } from '../../src/fetch/kept-response.ts';

const NONE = { ttlMs: 0, staleWhileRevalidateMs: 0, staleIfErrorMs: 0 };
const OWN = { ttlMs: 5000, staleWhileRevalidateMs: 6000, staleIfErrorMs: 7000 };

describe('cache-control', () => {
  it.each([
    ['', []],
    ['max-age=60', [['max-age', '60']]],
    ['Public, MAX-AGE = "60" , x', [['public', ''], ['max-age', '60'], ['x', '']]],
    ['private="a, b", no-store', [['private', 'a, b'], ['no-store', '']]],
    ['max-age=1, max-age=9', [['max-age', '1']]],
    [',,=;', []],
  ])('reads %j', (text, directives) => {
    expect([...directivesOf(text)]).toEqual(directives);
  }); // prettier-ignore

  const kept: [string, number, Record<string, string>, number | undefined][] = [
    ['max-age', 200, { 'cache-control': 'max-age=60' }, 60_000],
    ['s-maxage before max-age', 200, { 'cache-control': 'max-age=60, s-maxage=10' }, 10_000],
    ['less its age', 200, { 'cache-control': 'max-age=60', age: '50' }, 10_000],
    ['older than it may be, with a validator', 200, { 'cache-control': 'max-age=60', age: '90', etag: '"1"' }, 0],
    ['expires by its own date', 200, { expires: 'Thu, 01 Jan 2026 00:01:00 GMT', date: 'Thu, 01 Jan 2026 00:00:00 GMT' }, 60_000],
    ['expires in the past, with a validator', 200, { expires: '0', etag: '"1"' }, 0],
    ['max-age before expires', 200, { 'cache-control': 'max-age=1', expires: 'Thu, 01 Jan 2099 00:00:00 GMT' }, 1000],
    ['no-cache with a validator', 200, { 'cache-control': 'max-age=60, no-cache', etag: '"1"' }, 0],
    ['a lifetime that is no number', 200, { 'cache-control': 'max-age=soon', etag: '"1"' }, 0],
    ['a very long lifetime', 200, { 'cache-control': 'max-age=99999999999999999999' }, 2 ** 32 * 1000],
    ['nothing said', 200, {}, undefined],
    ['nothing said but a validator', 200, { 'last-modified': 'yesterday' }, 0],
    ['max-age=0', 200, { 'cache-control': 'max-age=0' }, undefined],
    ['no-store', 200, { 'cache-control': 'no-store, max-age=60' }, undefined],
    ['private', 200, { 'cache-control': 'private, max-age=60' }, undefined],
    ['private fields', 200, { 'cache-control': 'private="x", max-age=60' }, undefined],
    ['a cookie', 200, { 'cache-control': 'max-age=60', 'set-cookie': 'a=b' }, undefined],
    ['vary *', 200, { 'cache-control': 'max-age=60', vary: 'accept, *' }, undefined],
    ['an event stream', 200, { 'cache-control': 'max-age=60', 'content-type': 'text/event-stream; charset=utf-8' }, undefined],
    ['a part', 206, { 'cache-control': 'max-age=60' }, undefined],
    ['not found, with a lifetime', 404, { 'cache-control': 'max-age=60' }, 60_000],
    ['a teapot, with a lifetime', 418, { 'cache-control': 'max-age=60' }, 60_000],
    ['too many requests', 429, { 'cache-control': 'max-age=60' }, undefined],
    ['unavailable', 503, { 'cache-control': 'max-age=60' }, undefined],
  ]; // prettier-ignore

  it.each(kept)('keeps %s for as long as is said', (_, status, headers, ttlMs) => {
    expect(keepingOf(status, new Headers(headers), NONE)?.ttlMs).toBe(ttlMs);
  });

  it('takes the user’s windows only where the server says nothing', () => {
    const keeping = (headers: Record<string, string>, status = 200) =>
      keepingOf(status, new Headers(headers), OWN);
    expect(keeping({})).toEqual(OWN);
    expect(keeping({}, 418)).toBeUndefined();
    expect(keeping({ 'cache-control': 'max-age=1, stale-while-revalidate=2, stale-if-error=3' })).toEqual({
      ttlMs: 1000,
      staleWhileRevalidateMs: 2000,
      staleIfErrorMs: 3000,
    });
    for (const strict of ['must-revalidate', 'proxy-revalidate'])
      expect(keeping({ 'cache-control': `max-age=1, ${strict}` })).toEqual({ ...NONE, ttlMs: 1000 });
    expect(keeping({ 'cache-control': 'no-cache', etag: '"1"' })).toEqual(NONE);
  });

  it('hears what the caller wants', () => {
    const may = (headers: Record<string, string>, mode?: string) => mayUseKept(new Headers(headers), mode);
    expect(may({})).toBe(true);
    expect(may({ 'cache-control': 'max-age=5' }, 'default')).toBe(true);
    for (const mode of ['no-store', 'reload', 'no-cache']) expect(may({}, mode)).toBe(false);
    for (const said of ['no-store', 'no-cache', 'max-age=0'])
      expect(may({ 'cache-control': said })).toBe(false);
    expect(may({ pragma: 'no-cache' })).toBe(false);
    for (const name of ['range', 'if-none-match', 'if-modified-since', 'if-range'])
      expect(may({ [name]: 'x' })).toBe(false);
  });

  it('knows validators and what an answer depends on', () => {
    expect(conditionOf(new Headers({ etag: 'W/"1"', 'last-modified': 'then' }))).toEqual({
      'if-none-match': 'W/"1"',
      'if-modified-since': 'then',
    });
    expect(conditionOf(new Headers())).toEqual({});
    expect(varyOf(new Headers({ vary: 'Accept-Language, ,accept' }))).toEqual(['accept-language', 'accept']);
  });
});

describe('a kept response', () => {
  const body = (...parts: string[]) =>
    new ReadableStream<Uint8Array>({
      start: (controller) => {
        for (const part of parts) controller.enqueue(new TextEncoder().encode(part));
        controller.close();
      },
    });

  it('is given out as new ones, whose bodies are their own', async () => {
    const response = new Response(body('one', 'two'), { status: 201, statusText: 'Made', headers: { age: '5', x: 'y' } });
    const bytes = (await bytesOf(response, 6)) as Uint8Array<ArrayBuffer>;
    const kept = new KeptResponse(response, bytes, NONE, new Headers());
    const one = kept.toResponse(2500);
    expect([one.status, one.statusText, one.headers.get('age'), one.headers.get('x')]).toEqual([201, 'Made', '7', 'y']);
    new Uint8Array(await one.arrayBuffer()).fill(0);
    expect(await kept.toResponse(0).text()).toBe('onetwo');
    expect(kept.size).toBeGreaterThan(6);
  }); // prettier-ignore

  it.each([204, 205])('of status %i has no body', async (status) => {
    const kept = new KeptResponse(new Response(null, { status }), new Uint8Array(), NONE, new Headers());
    expect(kept.toResponse(0).body).toBeNull();
    expect(await bytesOf(new Response(null, { status }), 5)).toEqual(new Uint8Array());
  });

  it('that is too long is handed on whole, as it comes', async () => {
    const long = await bytesOf(new Response(body('one', 'two', 'three'), { status: 203 }), 5);
    expect(long).toBeInstanceOf(Response);
    expect((long as Response).status).toBe(203);
    expect(await (long as Response).text()).toBe('onetwothree');
  });

  it('that breaks off is none', async () => {
    const broken = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new Error('broken')) });
    await expect(bytesOf(new Response(broken), 5)).rejects.toThrow('broken');
  }); // prettier-ignore
});
