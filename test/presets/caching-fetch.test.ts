import { isOptionError, isOriginError, resilientFetch, timeout } from 'evenkeel';
import { seededRandom, virtualClock } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';
import type { FetchCacheOptions } from '../../src/presets/caching-fetch.ts';

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly signal: AbortSignal | null;
}
type Answer = (asked: Asked, n: number) => Response | Promise<Response>;

/** A fetch with a cache over a server that answers as the test says. */
function caching(answer: Answer, cache: FetchCacheOptions = {}) {
  const clock = virtualClock();
  const asked: Asked[] = [];
  const fetch = resilientFetch({
    origins: ['http://a.test'],
    maxAttempts: 1,
    cache,
    clock,
    random: seededRandom(1),
    fetch: async (input, init) => {
      const request = new Request(input, init?.body === undefined ? { ...init, signal: null } : {});
      const { pathname, search } = new URL(typeof input === 'string' ? input : input.url);
      const one = { method: init?.method ?? request.method, path: pathname + search, headers: new Headers(init?.headers ?? request.headers), signal: init?.signal ?? null }; // prettier-ignore
      asked.push(one);
      return await answer(one, asked.length);
    },
  });
  const text = async (path: string, init?: Parameters<typeof fetch>[1]) =>
    await (await fetch(path, init)).text();
  return { clock, asked, fetch, text };
}

const reply = (body: string, headers: Record<string, string> = {}, status = 200): Response =>
  new Response(body, { status, headers: { 'content-type': 'text/plain', ...headers } });
const fresh = (body: string, headers: Record<string, string> = {}) =>
  reply(body, { 'cache-control': 'max-age=60', ...headers });

describe('a fetch with a cache', () => {
  it('asks once while a response is fresh, and gives each caller one of his own', async () => {
    const { asked, clock, fetch, text } = caching((_, n) => fresh(`body ${n}`, { etag: '"1"' }));
    const [one, other] = await Promise.all([fetch('/a'), fetch('http://a.test/a#part')]);
    expect([await one.text(), await other.text()]).toEqual(['body 1', 'body 1']);
    await clock.advance(30_000);
    const later = await fetch('/a');
    expect([later.status, later.ok, later.headers.get('age'), later.headers.get('content-type')]).toEqual([200, true, '30', 'text/plain']); // prettier-ignore
    expect(await later.text()).toBe('body 1');
    expect(asked).toHaveLength(1);
    await text('/a?q=1');
    expect(asked).toHaveLength(2);
    expect(fetch.snapshot().cache).toMatchObject({ entries: 2, hits: 1, misses: 2, coalesced: 1 });
  });

  it('has no cache unless it is told to', async () => {
    const fetch = resilientFetch({ origins: ['http://a.test'], fetch: async () => fresh('x') });
    await fetch('/a');
    expect(fetch.snapshot().cache).toBeUndefined();
  });

  it.each(['no-store', 'private, max-age=60', 'max-age=0'])(
    'keeps nothing that says %s, and shares it with nobody',
    async (said) => {
      const { asked, text } = caching((_, n) => reply(`body ${n}`, { 'cache-control': said }));
      const all = await Promise.all([text('/a'), text('/a'), text('/a')]);
      expect(new Set(all).size).toBe(3);
      await text('/a');
      expect(asked).toHaveLength(4);
    },
  );

  it('keeps nothing that sets a cookie, and no event stream', async () => {
    for (const headers of [{ 'set-cookie': 'id=1' }, { 'content-type': 'text/event-stream' }]) {
      const { asked, text } = caching((_, n) => fresh(`body ${n}`, headers));
      expect([await text('/a'), await text('/a')]).toEqual(['body 1', 'body 2']);
      expect(asked).toHaveLength(2);
    }
  });

  it('keeps callers apart by Authorization and Cookie', async () => {
    const { asked, text } = caching(({ headers }) =>
      fresh(`for ${headers.get('authorization') ?? ''}${headers.get('cookie') ?? 'nobody'}`),
    );
    const callers = [{}, { authorization: 'Bearer 1' }, { Authorization: 'Bearer 2' }, { cookie: 'id=1' }];
    for (let round = 0; round < 2; round++) {
      const seen = await Promise.all(callers.map((headers) => text('/a', { headers: headers as never })));
      expect(seen).toEqual(['for nobody', 'for Bearer 1nobody', 'for Bearer 2nobody', 'for id=1']);
    }
    expect(asked).toHaveLength(4);
  });

  it('learns on which headers an answer depends, also when callers ask at once', async () => {
    const { asked, text } = caching(({ headers }) => fresh(`in ${headers.get('accept-language')}`, { vary: 'Accept-Language' }));
    const ask = (language: string) => text('/a', { headers: { 'accept-language': language, trace: String(Math.random()) } });
    expect(await Promise.all([ask('de'), ask('en'), ask('de')])).toEqual(['in de', 'in en', 'in de']);
    const before = asked.length;
    expect(await Promise.all([ask('en'), ask('fr')])).toEqual(['in en', 'in fr']);
    await ask('fr');
    expect(asked.length - before).toBe(1);
  }); // prettier-ignore

  it('asks whether it has changed, and takes over newer headers', async () => {
    const { asked, clock, fetch, text } = caching(({ headers }) =>
      headers.get('if-none-match') === '"1"'
        ? new Response(null, { status: 304, headers: { 'cache-control': 'max-age=120', 'x-new': 'yes', etag: '"1"' } })
        : fresh('large', { etag: '"1"', 'last-modified': 'then' }),
    ); // prettier-ignore
    await text('/a');
    await clock.advance(60_000);
    const again = await fetch('/a');
    expect([await again.text(), again.status, again.headers.get('x-new')]).toEqual(['large', 200, 'yes']);
    expect(asked[1]?.headers.get('if-modified-since')).toBe('then');
    await clock.advance(119_000);
    expect(await text('/a')).toBe('large');
    expect(asked).toHaveLength(2);
  });

  it('serves stale while it renews, if the server or the user says so', async () => {
    for (const [headers, cache] of [
      [{ 'cache-control': 'max-age=1, stale-while-revalidate=10' }, {}],
      [{ 'cache-control': 'max-age=1' }, { staleWhileRevalidateMs: 10_000 }],
    ] as const) {
      const { clock, text } = caching((_, n) => reply(`body ${n}`, headers), cache);
      await text('/a');
      await clock.advance(2000);
      expect(await text('/a')).toBe('body 1');
      await clock.settle();
      expect(await text('/a')).toBe('body 2');
    }
  });

  it('serves stale in the place of a 5xx or a failure, but not if it must be asked for', async () => {
    for (const [strict, seen] of [['', 'body 1'], [', must-revalidate', 'down']] as const) {
      const { clock, text } = caching(
        (_, n) => (n === 1 ? reply('body 1', { 'cache-control': `max-age=1${strict}` }) : reply('down', {}, 503)),
        { staleIfErrorMs: 3_600_000 },
      );
      await text('/a');
      await clock.advance(2000);
      expect(await text('/a')).toBe(seen);
    }
    const broken = caching((_, n) => {
      if (n > 1) throw new TypeError('fetch failed');
      return reply('body 1', { 'cache-control': 'max-age=1, stale-if-error=60' });
    });
    await broken.text('/a');
    await broken.clock.advance(2000);
    expect(await broken.text('/a')).toBe('body 1');
    await broken.clock.advance(60_000);
    await expect(broken.text('/a')).rejects.toThrow('fetch failed');
  }); // prettier-ignore

  it('gives all who wait the answer of a server that could not, and keeps it for nobody', async () => {
    const { asked, fetch, text } = caching((_, n) => reply(`down ${n}`, { 'retry-after': '5' }, 503));
    const [one, other] = await Promise.all([fetch('/a'), fetch('/a')]);
    expect([one.status, await one.text(), await other.text(), other.headers.get('retry-after')]).toEqual([503, 'down 1', 'down 1', '5']); // prettier-ignore
    expect(await text('/a')).toBe('down 2');
    expect(asked).toHaveLength(2);
  });

  it('forgets what an unsafe method may have changed, also where it says it did, and not if it failed', async () => {
    let status = 200;
    const { asked, text } = caching(({ method }, n) =>
      method === 'GET' ? fresh(`body ${n}`) : reply('', { 'content-location': '/b' }, status),
    );
    await Promise.all([text('/a'), text('/b'), text('/c')]);
    status = 500;
    await text('/a', { method: 'POST', body: 'x', idempotent: false });
    expect(await text('/a')).toBe('body 1');
    status = 200;
    await text('/a', { method: 'PUT', body: 'x' });
    expect([await text('/a'), await text('/b'), await text('/c')]).toEqual(['body 6', 'body 7', 'body 3']);
    expect(asked).toHaveLength(7);
  });

  it('does not keep what was asked before a change and came after it', async () => {
    let finish: (response: Response) => void = () => {};
    const { clock, text } = caching(({ method }, n) =>
      method !== 'GET' ? reply('') : n === 1 ? new Promise<Response>((resolve) => (finish = resolve)) : fresh('new'),
    ); // prettier-ignore
    const before = text('/a');
    await clock.settle();
    await text('/a', { method: 'DELETE' });
    finish(fresh('old'));
    expect(await before).toBe('old');
    expect(await text('/a')).toBe('new');
  });

  it('lets one caller leave without the other, and keeps what comes', async () => {
    let finish: (response: Response) => void = () => {};
    const { asked, clock, text } = caching(() => new Promise<Response>((resolve) => (finish = resolve)));
    const caller = new AbortController();
    const left = text('/a', { signal: caller.signal }).catch((error: unknown) => error);
    const stays = text('/a');
    await clock.settle();
    caller.abort('left');
    expect(await left).toBe('left');
    expect(asked[0]?.signal?.aborted).toBe(false);
    finish(fresh('body'));
    expect(await stays).toBe('body');
    expect(await text('/a')).toBe('body');
    expect(asked).toHaveLength(1);
  });

  it('gives up a body that nobody is left for', async () => {
    let [cancelled, finish] = [false, (_response: Response): void => {}];
    const { clock, fetch } = caching(() => new Promise<Response>((resolve) => (finish = resolve)));
    const answer = timeout({ timeoutMs: 10, clock }).run((context) => fetch('/a', context)).catch((error: unknown) => error);
    await clock.advance(10);
    expect(await answer).toMatchObject({ name: 'TimeoutError' });
    const body = new ReadableStream({ pull: () => {}, cancel: () => void (cancelled = true) });
    finish(new Response(body, { headers: { 'cache-control': 'no-store' } }));
    await clock.settle();
    expect(cancelled).toBe(true);
  }); // prettier-ignore

  it('gives up what may not be kept when the caller it came for has left', async () => {
    let [cancelled, finish] = [false, (_response: Response): void => {}];
    const { clock, fetch } = caching(() => new Promise<Response>((resolve) => (finish = resolve)));
    const caller = new AbortController();
    const answer = fetch('/a', { signal: caller.signal }).catch((error: unknown) => error);
    await clock.settle();
    caller.abort('left');
    expect(await answer).toBe('left');
    const body = new ReadableStream({ pull: () => {}, cancel: () => void (cancelled = true) });
    finish(new Response(body, { headers: { 'cache-control': 'no-store' } }));
    await clock.settle();
    expect(cancelled).toBe(true);
  });

  it('counts the age anew when a response is confirmed', async () => {
    const { clock, fetch, text } = caching(({ headers }) =>
      headers.has('if-none-match')
        ? new Response(null, { status: 304, headers: { 'cache-control': 'max-age=60' } })
        : fresh('body', { etag: '"1"', age: '50' }),
    );
    await text('/a');
    await clock.advance(10_000);
    expect((await fetch('/a')).headers.get('age')).toBe('0');
    await clock.advance(20_000);
    expect((await fetch('/a')).headers.get('age')).toBe('20');
  });

  it('hands on a body that is too long, as it comes, and keeps it not', async () => {
    const { asked, text } = caching((_, n) => fresh(`body ${n} ${'x'.repeat(100)}`), { maxBodyBytes: 50 });
    expect([(await text('/a')).slice(0, 6), (await text('/a')).slice(0, 6)]).toEqual(['body 1', 'body 2']);
    expect(asked).toHaveLength(2);
  });

  it('goes past it for other methods, parts, conditions of the caller and those who want none', async () => {
    const { asked, text, fetch } = caching((_, n) => fresh(`body ${n}`));
    await text('/a');
    await fetch('/a', { method: 'HEAD' });
    await text('/a', { headers: { range: 'bytes=0-1' } });
    await text('/a', { headers: { 'if-none-match': '"1"' } });
    await text('/a', { cache: 'no-store' });
    await text('/a', { headers: { 'cache-control': 'no-cache' } });
    await fetch(new Request('http://a.test/a', { cache: 'reload' }));
    expect(asked).toHaveLength(7);
    expect(await (await fetch(new Request('http://a.test/a'))).text()).toBe('body 1');
  });

  it('takes the user’s time to live only where the server says nothing', async () => {
    const { asked, clock, text } = caching(({ path }, n) => (path === '/said' ? fresh(`b ${n}`) : reply(`b ${n}`)), { ttlMs: 5000 }); // prettier-ignore
    await Promise.all([text('/said'), text('/silent')]);
    await clock.advance(5000);
    await Promise.all([text('/said'), text('/silent')]);
    expect(asked.map(({ path }) => path)).toEqual(['/said', '/silent', '/silent']);
  });

  it('refuses an origin that is none of its own, also for what it has', async () => {
    const { text } = caching(() => fresh('x'));
    await text('/a');
    expect(isOriginError(await text('http://b.test/a').catch((error: unknown) => error))).toBe(true);
  });

  it('tells no credential to anybody who listens', async () => {
    const events: unknown[] = [];
    const fetch = resilientFetch({
      origins: ['http://a.test'],
      cache: { ttlMs: 1000 },
      observer: (event) => events.push(event),
      fetch: async () => reply('x'),
    });
    await fetch('/a', { headers: { authorization: 'Bearer secret', cookie: 'id=secret' } });
    expect(events.length).toBeGreaterThan(0);
    expect(JSON.stringify(events)).not.toContain('secret');
  });

  it.each([
    ['cache', 5 as never],
    ['cache.ttlMs', { ttlMs: -1 }],
    ['cache.staleIfErrorMs', { staleIfErrorMs: Number.NaN }],
    ['cache.maxBytes', { maxBytes: 0 }],
    ['cache.maxBodyBytes', { maxBodyBytes: 0.5 }],
    ['maxLoads', { maxLoads: 0 }],
  ])('refuses a bad %s by name', (option, cache: FetchCacheOptions) => {
    let thrown: unknown;
    try {
      resilientFetch({ origins: ['http://a.test'], cache });
    } catch (error) {
      thrown = error;
    }
    expect(isOptionError(thrown)).toBe(true);
    expect(thrown).toMatchObject({ option });
  });
});
