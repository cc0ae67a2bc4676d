/** The caching fetch over real sockets: bodies, validators, and connections that are let go. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { resilientFetch } from 'evenkeel';
import { afterEach, describe, expect, it } from 'vitest';

let server: Server;
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

async function serve(answer: (request: IncomingMessage, response: ServerResponse, n: number) => void) {
  let count = 0;
  server = createServer((request, response) => answer(request, response, ++count));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const fetch = resilientFetch({ origins: [origin], cache: { staleIfErrorMs: 60_000 }, timeoutMs: 5000, maxAttempts: 1 });
  return { fetch, origin, count: () => count };
} // prettier-ignore

describe('a caching fetch over sockets', () => {
  it('keeps compressed bodies as they are read, and gives them out again', async () => {
    const { fetch, origin, count } = await serve((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'application/json', 'cache-control': 'max-age=60' });
      response.end(gzipSync(JSON.stringify({ a: 'x'.repeat(100_000) })));
    }); // prettier-ignore
    for (let n = 0; n < 3; n++) {
      const response = await fetch('/big');
      const { a } = (await response.json()) as { a: string };
      expect([a.length, response.url, response.headers.get('content-type')]).toEqual([
        100_000,
        `${origin}/big`,
        'application/json',
      ]);
    }
    expect(count()).toBe(1);
    expect(fetch.snapshot().openBodies).toBe(0);
  });

  it('asks conditionally, and is answered without a body', async () => {
    const { fetch, count } = await serve((request, response) => {
      if (request.headers['if-none-match'] === '"1"')
        response.writeHead(304, { etag: '"1"', 'cache-control': 'no-cache' }).end();
      else response.writeHead(200, { etag: '"1"', 'cache-control': 'no-cache' }).end('body');
    });
    for (let n = 0; n < 3; n++) expect(await (await fetch('/a')).text()).toBe('body');
    expect(count()).toBe(3);
  });

  it('goes on from what it has when the server breaks off in the middle of a body', async () => {
    const { fetch, count } = await serve((_, response, n) => {
      response.writeHead(200, { 'content-length': '8', 'cache-control': 'max-age=0, stale-if-error=60' });
      if (n === 1) response.end('complete');
      else response.write('half', () => response.destroy());
    });
    expect(await (await fetch('/a')).text()).toBe('complete');
    expect(await (await fetch('/a')).text()).toBe('complete');
    expect(count()).toBe(2);
  });

  it('streams what may not be kept: the first part is there before the last is sent', async () => {
    let finish = (): void => {};
    const { fetch } = await serve((_, response) => {
      response.writeHead(200, { 'cache-control': 'no-store' });
      response.write('first');
      finish = () => void response.end(' last');
    });
    const reader = ((await fetch('/stream')).body as ReadableStream<Uint8Array>).getReader();
    const { value } = await reader.read();
    expect(new TextDecoder().decode(value)).toBe('first');
    finish();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe(' last');
    await reader.cancel();
  });
});
