/** resilientFetch over real HTTP servers: what a fake cannot show of sockets that are refused, reset and cut. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { peakEwma, resilientFetch } from 'evenkeel';
import { afterEach, describe, expect, it } from 'vitest';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const servers: Server[] = [];

async function start(handler: Handler): Promise<string> {
  const server = createServer(handler);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** An origin where nobody listens. */
async function startNobody(): Promise<string> {
  const origin = await start(() => {});
  const server = servers.pop() as Server;
  await new Promise((resolve) => server.close(resolve));
  return origin;
}

/** Resolves when the condition holds. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

const well: Handler = (request, response) => response.end(`${request.method} ${request.url}`);

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

describe('resilientFetch, over real servers', () => {
  it('goes on to another server when one refuses, resets or fails', async () => {
    const origins = [
      await startNobody(),
      await start((request) => request.socket.destroy()),
      await start((_, response) => response.writeHead(500).end('no')),
      await start(well),
    ];
    const fetch = resilientFetch({ origins, maxAttempts: 4, budget: 'unlimited' });
    for (let call = 0; call < 20; call++)
      expect(await (await fetch(`/x${call}`)).text()).toBe(`GET /x${call}`);
  });

  it('does not send a POST again that a server has cut off after reading it', async () => {
    let [seen, served] = [0, 0];
    const cut = await start((request) => {
      request.resume().on('end', () => {
        seen++;
        request.socket.destroy();
      });
    });
    const good = await start((request, response) => {
      served++;
      well(request, response);
    });
    const fetch = resilientFetch({ origins: [cut, good] });
    let failed = 0;
    for (let call = 0; call < 10; call++) {
      const answer = await fetch('/pay', { method: 'POST', body: 'once' }).catch(() => failed++);
      if (answer instanceof Response) await answer.text();
    }
    expect([seen, served]).toEqual([failed, 10 - failed]);
    expect(failed).toBeGreaterThan(0);
    seen = served = 0;
    for (let call = 0; call < 10; call++) {
      await (await fetch('/pay', { method: 'POST', body: 'once', idempotencyKey: `k${call}` })).text();
    }
    expect(served).toBe(10);
  });

  it('sees a body that its server cuts off', async () => {
    const origin = await start((request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half');
      setImmediate(() => request.socket.destroy());
    });
    const fetch = resilientFetch({ origins: [origin], cost: peakEwma() });
    const response = await fetch('/x');
    expect(fetch.endpoints()[0]?.pending).toBe(1);
    await expect(response.text()).rejects.toThrow(/terminated/);
    expect(fetch.endpoints()[0]).toMatchObject({ pending: 0 });
    expect(fetch.endpoints()[0]?.latencyMs).toBeGreaterThan(1000);
  });

  it('cuts the connection when the caller leaves, before the headers and while the body comes', async () => {
    let closed = 0;
    const origin = await start((request, response) => {
      response.on('close', () => closed++);
      if (request.url === '/stream') response.writeHead(200).write('first');
    });
    const fetch = resilientFetch({ origins: [origin] });
    const early = new AbortController();
    const waiting = fetch('/hang', { signal: early.signal }).catch((error: unknown) => error);
    await until(() => fetch.endpoints()[0]?.pending === 1);
    early.abort(new Error('before'));
    expect(await waiting).toEqual(new Error('before'));
    const late = new AbortController();
    const response = await fetch('/stream', { signal: late.signal });
    const text = response.text().catch((error: unknown) => error);
    late.abort(new Error('during'));
    expect(await text).toEqual(new Error('during'));
    await until(() => closed >= 1 && fetch.snapshot().openBodies === 0);
    expect(fetch.endpoints()[0]?.pending).toBe(0);
  });

  it('gives a stream back as it comes, and keeps its connection for the next request', async () => {
    const sockets = new Set<unknown>();
    const origin = await start((request, response) => {
      sockets.add(request.socket);
      if (request.url === '/busy') {
        response.writeHead(503, { 'content-length': '4' }).end('busy');
        return;
      }
      response.write('one,');
      response.end('two');
    });
    const fetch = resilientFetch({ origins: [origin], maxAttempts: 2 });
    for (let call = 0; call < 5; call++) {
      let text = '';
      const body = (await fetch('/x')).body as unknown as AsyncIterable<Uint8Array>;
      for await (const chunk of body) text += new TextDecoder().decode(chunk);
      expect(text).toBe('one,two');
      expect(await (await fetch('/busy')).text()).toBe('busy');
      await until(() => fetch.snapshot().openBodies === 0);
    }
    // The failed first attempts of /busy were drained, not cut.
    expect(sockets.size).toBeLessThanOrEqual(2);
  });
});
