import { getEventListeners } from 'node:events';
import { isOriginError, isTimeoutError, peakEwma, resilientFetch, timeout } from 'evenkeel';
import { fakeOrigins, seededRandom, virtualClock } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';

const [A, B, C] = ['http://a.test', 'http://b.test', 'http://c.test'] as const;
const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

function setup(options: Partial<Parameters<typeof resilientFetch>[0]> = {}) {
  const clock = virtualClock();
  const servers = fakeOrigins([A, B, C], { clock });
  const fetch = resilientFetch({
    origins: servers.origins,
    fetch: servers.fetch,
    timeoutMs: 3000,
    clock,
    random: seededRandom(1),
    ...options,
  });
  const open = () => fetch.endpoints().reduce((sum, { pending }) => sum + pending, 0);
  const all = (behaviour: Parameters<typeof servers.behave>[1]) => {
    for (const origin of servers.origins) servers.behave(origin, behaviour);
  };
  /** Lets time pass until the promise has settled. */
  const ends = async <T>(promise: Promise<T>): Promise<T> => {
    const state = { open: true };
    const done = () => (state.open = false);
    promise.then(done, done);
    while (state.open) await clock.advance(10);
    return promise;
  };
  return { clock, servers, fetch, open, all, ends };
}

describe('resilientFetch', () => {
  it('sends a path to any of the origins, and spreads', async () => {
    const { fetch, servers, ends } = setup();
    for (let n = 0; n < 30; n++) {
      const response = await ends(fetch(`/users/${n}?q=1`));
      expect(await response.text()).toMatch(new RegExp(`^http://[abc].test/users/${n}\\?q=1$`));
    }
    expect(new Set(servers.requests.map(({ origin }) => origin)).size).toBe(3);
  });

  it('tries another origin when one refuses, resets or answers 503', async () => {
    for (const behaviour of [
      { fails: 'refused' },
      { fails: 'reset' },
      { status: 503 },
      { status: 500 },
    ] as const) {
      const { fetch, servers, ends } = setup();
      servers.behave(A, behaviour);
      servers.behave(B, behaviour);
      for (let n = 0; n < 5; n++) expect(await (await ends(fetch('/x'))).text()).toBe('http://c.test/x');
    }
  });

  it('gives up on an origin that hangs, in time for the others', async () => {
    const { fetch, servers, clock } = setup({ maxAttempts: 3 });
    servers.behave(A, { fails: 'hang' });
    servers.behave(B, { fails: 'hang' });
    const started = clock.now();
    const answer = fetch('/x');
    await clock.advance(2500);
    expect(await (await answer).text()).toBe('http://c.test/x');
    expect(clock.now() - started).toBeLessThanOrEqual(2500);
    expect(clock.pendingTimers).toBe(0);
  });

  it('gives the last response when all attempts were answered so, with its body intact', async () => {
    const { fetch, all, ends, open } = setup();
    all({ status: 503, body: 'busy' });
    const response = await ends(fetch('/x'));
    expect([response.status, await response.text()]).toEqual([503, 'busy']);
    expect(open()).toBe(0);
  });

  it('gives the last error, as fetch would have', async () => {
    const { fetch, all, ends } = setup();
    all({ fails: 'refused' });
    const error = await ends(quiet(fetch('/x')));
    expect(error).toMatchObject({ name: 'TypeError', cause: { code: 'ECONNREFUSED' } });
  });

  describe('acts twice only if it may (law 14)', () => {
    const requests = async (behaviour: object, init: object) => {
      const { fetch, servers, all, ends } = setup();
      all(behaviour);
      await ends(quiet(fetch('/x', init)));
      return servers.requests;
    };

    it.each([
      ['a GET after a reset', { fails: 'reset' }, {}, 3],
      ['a POST after a reset', { fails: 'reset' }, { method: 'POST', body: 'b' }, 1],
      ['a POST that never left', { fails: 'refused' }, { method: 'POST', body: 'b' }, 3],
      ['a POST answered 503', { status: 503 }, { method: 'POST' }, 1],
      ['a POST that is idempotent', { status: 503 }, { method: 'POST', idempotent: true }, 3],
      ['a PUT', { fails: 'reset' }, { method: 'PUT', body: 'b' }, 3],
      ['a patch in lower case', { fails: 'reset' }, { method: 'patch' }, 1],
      ['a GET that says it is not idempotent', { fails: 'reset' }, { idempotent: false }, 1],
    ])('%s', async (_, behaviour, init, count) => {
      expect(await requests(behaviour, init)).toHaveLength(count);
    });

    it('sends the same idempotency key with every attempt, and replays the body', async () => {
      const seen = await requests({ fails: 'reset' }, { method: 'POST', body: 'pay', idempotencyKey: 'k1' });
      expect(seen.map(({ headers, body }) => [headers.get('idempotency-key'), body])).toEqual([
        ['k1', 'pay'],
        ['k1', 'pay'],
        ['k1', 'pay'],
      ]);
    });

    it.each([
      ['a string', () => 'body'],
      ['bytes', () => new TextEncoder().encode('body')],
      ['parameters', () => new URLSearchParams({ a: 'body' })],
      ['a blob', () => new Blob(['body'])],
      ['a form', () => Object.assign(new FormData(), {})],
    ])('replays %s', async (_, body) => {
      expect(await requests({ fails: 'reset' }, { method: 'PUT', body: body() })).toHaveLength(3);
    });

    it('does not replay a stream, not even when it never left', async () => {
      const body = new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode('once'));
          controller.close();
        },
      });
      expect(await requests({ fails: 'refused' }, { method: 'PUT', body, duplex: 'half' })).toHaveLength(1);
    });

    it('lets what may not be sent again have the whole time', async () => {
      const { fetch, all, ends } = setup({ timeoutMs: 3000 });
      all({ delayMs: 2500 });
      expect(await ends(quiet(fetch('/x')))).toSatisfy(isTimeoutError);
      expect(await ends(fetch('/x', { method: 'POST' }))).toMatchObject({ status: 200 });
    });
  });

  describe('counts a response as in flight until its body ends', () => {
    it.each([
      ['text', (r: Response) => r.text()],
      ['json', (r: Response) => r.json().catch(() => {})],
      ['arrayBuffer', (r: Response) => r.arrayBuffer()],
      ['blob', (r: Response) => r.blob()],
      [
        'a reader',
        async (r: Response) => {
          const reader = (r.body as ReadableStream).getReader();
          while (!(await reader.read()).done);
        },
      ],
      [
        'for await',
        async (r: Response) => {
          for await (const _ of r.body as unknown as AsyncIterable<unknown>);
        },
      ],
      [
        'a loop that is left',
        async (r: Response) => {
          for await (const _ of r.body as unknown as AsyncIterable<unknown>) break;
        },
      ],
      ['cancel', (r: Response) => (r.body as ReadableStream).cancel()],
      ['pipeTo', (r: Response) => (r.body as ReadableStream).pipeTo(new WritableStream())],
      [
        'pipeThrough',
        async (r: Response) => {
          const through = (r.body as ReadableStream<Uint8Array>).pipeThrough(new TransformStream());
          await new Response(through).text();
        },
      ],
      ['tee', async (r: Response) => (r.body as ReadableStream).tee()],
      [
        'a look at body, then text',
        async (r: Response) => {
          void r.body;
          await r.text();
        },
      ],
    ])('read by %s', async (_, read) => {
      const { fetch, open, ends, clock } = setup();
      const response = await ends(fetch('/x'));
      expect(open()).toBe(1);
      expect(response).toBeInstanceOf(Response);
      await read(response);
      await clock.settle();
      expect(open()).toBe(0);
      expect(fetch.snapshot().openBodies).toBe(0);
    });

    it('not at all, when there is none', async () => {
      const { fetch, open, all, ends } = setup();
      await ends(fetch('/x', { method: 'HEAD' }));
      all({ status: 204 });
      await ends(fetch('/x'));
      expect(open()).toBe(0);
    });

    it('and no longer than maxBodyMs, when nobody reads it', async () => {
      const { fetch, open, ends, clock } = setup({ maxBodyMs: 500 });
      await ends(fetch('/x'));
      expect(open()).toBe(1);
      await clock.advance(500);
      await (await ends(fetch('/y'))).text();
      expect(open()).toBe(0);
      expect(clock.pendingTimers).toBe(0);
    });

    it('and counts a body that breaks off as the server’s failure', async () => {
      const { fetch, servers, open, ends } = setup({ origins: [A], cost: peakEwma() });
      servers.behave(A, { fails: 'die' });
      const response = await ends(fetch('/x'));
      await expect(response.text()).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } });
      expect(open()).toBe(0);
      expect(fetch.endpoints()[0]?.latencyMs).toBe(5000);
    });
  });

  it('hands the caller’s abort to the body, after the call has settled and its time is over', async () => {
    const { fetch, all, ends, clock, open } = setup();
    all({ fails: 'stall' });
    const caller = new AbortController();
    const response = await ends(fetch('/x', { signal: caller.signal }));
    const text = quiet(response.text());
    await clock.advance(10_000);
    expect(open()).toBe(1);
    const reason = new Error('left');
    caller.abort(reason);
    expect(await text).toBe(reason);
    expect(open()).toBe(0);
    expect(fetch.endpoints().every(({ latencyMs }) => latencyMs !== 5000)).toBe(true);
    expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0);
  });

  it('leaves no listener on the caller’s signal once the body has been read', async () => {
    const { fetch, ends, clock } = setup();
    const caller = new AbortController();
    for (let n = 0; n < 20; n++) await (await ends(fetch('/x', { signal: caller.signal }))).text();
    await clock.settle();
    expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0);
  });

  it('joins a call it is made in, body and all', async () => {
    const { fetch, all, ends, clock } = setup();
    all({ fails: 'stall' });
    for (const spread of [false, true]) {
      const text = timeout({ timeoutMs: 200, clock }).run(async (context) =>
        (await fetch('/x', spread ? { ...context } : context)).text(),
      );
      expect(isTimeoutError(await ends(quiet(text)))).toBe(true);
      await clock.advance(10);
      expect(fetch.snapshot().openBodies).toBe(0);
    }
  });

  it('cancels or drains the bodies of failed attempts', async () => {
    const { fetch, servers, open, ends, clock } = setup();
    servers.behave(A, { status: 503, headers: { 'content-length': '14' } });
    servers.behave(B, { status: 503, fails: 'stall' });
    for (let n = 0; n < 5; n++) await (await ends(fetch('/x'))).text();
    await clock.settle();
    expect(open()).toBe(0);
  });

  it('sends an absolute URL on one of the origins to any, and refuses one elsewhere', async () => {
    const { fetch, servers, ends } = setup();
    servers.behave(A, { fails: 'refused' });
    expect(await (await ends(fetch(new URL('http://a.test/x?y#z')))).text()).toMatch(
      /^http:\/\/[bc].test\/x\?y/,
    );
    // The body of a Request is a stream: it cannot be sent again, not even when it never left.
    servers.behave(A, {});
    expect(
      await (await ends(fetch(new Request('http://a.test/r', { method: 'PUT', body: 'b' })))).text(),
    ).toMatch(/\/r$/);
    for (const url of ['http://evil.test/x', '//evil.test/x', 'https://a.test/x']) {
      const error = await quiet(fetch(url));
      expect(isOriginError(error), url).toBe(true);
    }
    expect(String(await quiet(fetch('http://user:secret@evil.test/token=1')))).not.toMatch(/secret|token/);
    expect(servers.requests.every(({ origin }) => origin !== 'http://evil.test')).toBe(true);
    expect(await (await ends(fetch('/\\evil.test/x'))).text()).toMatch(/^http:\/\/[abc]\.test\//);
  });

  it('waits as long as Retry-After says, in seconds or as a date', async () => {
    for (const headers of [
      { 'retry-after': '1' },
      { 'retry-after': 'Wed, 21 Oct 2026 07:28:01 GMT', date: 'Wed, 21 Oct 2026 07:28:00 GMT' },
    ]) {
      const { fetch, servers, all, clock } = setup({ origins: [A] });
      all({ status: 429, headers });
      const answer = fetch('/x');
      await clock.advance(990);
      expect(servers.requests).toHaveLength(1);
      all({});
      await clock.advance(20);
      expect((await answer).status).toBe(200);
    }
  });

  it('takes other origins, and keeps the last when given none', async () => {
    const { fetch, servers, ends } = setup({ origins: [A] });
    fetch.update([]);
    await (await ends(fetch('/x'))).text();
    fetch.update([B]);
    await (await ends(fetch('/x'))).text();
    expect(servers.requests.map(({ origin }) => origin)).toEqual([A, B]);
    expect(isOriginError(await quiet(fetch('http://a.test/x')))).toBe(true);
  });

  it('rejects at once with the caller’s reason', async () => {
    const { fetch, all } = setup();
    all({ fails: 'hang' });
    const caller = new AbortController();
    const answer = quiet(fetch('/x', { signal: caller.signal }));
    caller.abort('left');
    expect(await answer).toBe('left');
    expect(await quiet(fetch('/x', { signal: AbortSignal.abort('before') }))).toBe('before');
  });

  it.each([
    [{ origins: [] }, /origins must be a list of at least one/],
    [{ origins: 'http://a.test' }, /origins must be a list/],
    [{ origins: ['a.test'] }, /origins must be an http or https origin/],
    [{ origins: ['http://a.test/api'] }, /origins must be/],
    [{ origins: ['http://u:p@a.test'] }, /origins must be/],
    [{ origins: ['ftp://a.test'] }, /origins must be/],
    [{ origins: [A, `${A}/`] }, /once/],
    [{ timeoutMs: 0 }, /timeoutMs must be/],
    [{ attemptTimeoutMs: Number.NaN }, /attemptTimeoutMs must be/],
    [{ maxAttempts: 0 }, /maxAttempts must be/],
    [{ fetch: 5 }, /fetch must be/],
  ])('refuses %o', (options, message) => {
    expect(() => resilientFetch({ origins: [A], ...options } as never)).toThrow(message);
  });
});
