/**
 * HTTPS and virtual hosts over discovered addresses: the connection goes to the address, the certificate, SNI and
 * Host are those of the name. With node:https always; with undici's own dispatcher where undici is installed.
 */
import { readFileSync } from 'node:fs';
import { Agent, createServer, request, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { balance, endpoint, resilientFetch } from 'evenkeel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { staticEndpoints } from '../../src/discovery/index.ts';
import { type DnsAddress, lookupOf } from '../../src/discovery/dns.ts';

/** Self-signed, for api.test and tenant.test, valid until 2120. */
const fixture = (file: string) =>
  readFileSync(new URL(`../discovery/fixtures/api.test.${file}.pem`, import.meta.url));
const [key, cert] = [fixture('key'), fixture('cert')];

const servers: Server[] = [];
let addresses: DnsAddress[] = [];

beforeAll(async () => {
  let port = 0;
  for (const address of ['127.0.0.1', '127.0.0.2']) {
    const server = createServer({ key, cert }, ({ socket, headers }, response) => {
      const { servername } = socket as TLSSocket & { servername?: string };
      response.end([address, servername, headers.host?.replace(/:\d+$/, '')].join(' '));
    });
    await new Promise<void>((resolve) => server.listen(port, address, resolve));
    ({ port } = server.address() as AddressInfo);
    servers.push(server);
  }
  addresses = ['127.0.0.1', '127.0.0.2'].map((address) => ({ name: 'api.test', address, port, family: 4 }));
});

afterAll(async () => {
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** Sockets are kept by host name: an agent for all would send on the other address's socket. */
const agents = new WeakMap<DnsAddress, Agent>();
function agentOf(address: DnsAddress): Agent {
  const known = agents.get(address) ?? new Agent({ keepAlive: true, ca: cert, lookup: lookupOf(address) });
  agents.set(address, known);
  return known;
}

function ask(agent: Agent, hostname: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ hostname, port, agent }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve(text)).on('error', reject);
    })
      .on('error', reject)
      .end();
  });
}

describe('HTTPS over discovered addresses', () => {
  it('dials the address, and keeps SNI, certificate and Host of the name', async () => {
    const call = balance({
      endpoints: addresses.map((address) => endpoint(address, { id: address.address })),
      send: (address) => ask(agentOf(address), address.name, address.port),
    });
    const answers = new Set<string>();
    while (answers.size < 2) answers.add(await call());
    expect([...answers].sort()).toEqual(['127.0.0.1 api.test api.test', '127.0.0.2 api.test api.test']);
  });

  it('reaches another virtual host at the same address', async () => {
    const [, second] = addresses as [DnsAddress, DnsAddress];
    expect(await ask(agentOf(second), 'tenant.test', second.port)).toBe('127.0.0.2 tenant.test tenant.test');
  });

  it('refuses a server whose certificate is for another name', async () => {
    const [first] = addresses as [DnsAddress];
    await expect(ask(agentOf(first), 'other.test', first.port)).rejects.toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
  });
});

interface Undici {
  Agent: new (options: object) => object & { close(): Promise<void> };
  fetch: (url: string | Request, init?: object) => Promise<Response>;
}

// Not a literal: it need not be there to compile either.
const undici: Undici | undefined = await import(['undici'].join('')).catch(() => undefined);

describe.skipIf(undici === undefined)('undici over discovered addresses', () => {
  it('dials the address under resilientFetch, and keeps SNI, certificate and Host of the name', async () => {
    const { Agent: Dispatcher, fetch } = undici as Undici;
    const dispatchers = new Map(
      addresses.map((address) => [
        address,
        new Dispatcher({ connect: { lookup: lookupOf(address), ca: cert } }),
      ]),
    );
    const get = resilientFetch({
      origins: staticEndpoints(addresses.map((address) => endpoint(address, { id: address.address }))),
      origin: ({ name, port }) => `https://${name}:${port}`,
      dial: (address) => ({ dispatcher: dispatchers.get(address) }),
      fetch,
    });
    const answers = new Set<string>();
    while (answers.size < 2) answers.add(await (await get('/')).text());
    expect([...answers].sort()).toEqual(['127.0.0.1 api.test api.test', '127.0.0.2 api.test api.test']);
    for (const dispatcher of dispatchers.values()) await dispatcher.close();
  });
});
