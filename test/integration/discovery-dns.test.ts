/** Discovery by a real name server, a process of the test's own: TTLs, silence and SERVFAIL on the wire. */
import { Resolver } from 'node:dns/promises';
import { createServer, get, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { balance, pipe, retry } from 'evenkeel';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { dns, type DnsAddress, type DnsOptions, lookupOf } from '../../src/discovery/dns.ts';
import { hosts, nameServer, type NameServer, until, type Zone } from '../discovery/dns-process.ts';
import { followed, idsOf } from '../discovery/kit.ts';

const open: { [Symbol.asyncDispose](): Promise<void> }[] = [];

/** Takes it down at the end of the test. */
function closing<T extends { [Symbol.asyncDispose](): Promise<void> }>(one: T): T {
  open.push(one);
  return one;
}

async function named(records: Zone, options: Partial<DnsOptions> = {}) {
  const server = closing(await nameServer(records));
  const source = dns({ name: 'api.test', port: 80, resolver: server.resolver(), ...options });
  closing({ [Symbol.asyncDispose]: async () => source.dispose() });
  return { server, source };
}

afterEach(async () => {
  vi.restoreAllMocks();
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

describe('a name', () => {
  it('is asked for again when its records expire, and not before', async () => {
    const { server, source } = await named({ 'api.test': { A: hosts(1, '10.0.0.1', '10.0.0.2') } });
    const one = followed(source);
    await until(() => one.heard.length === 1);
    const sinceMs = performance.now();
    await until(() => server.queries.length === 2);
    expect(performance.now() - sinceMs).toBeGreaterThan(950);
    expect(one.heard).toEqual(['10.0.0.1:80 10.0.0.2:80']);
  });

  it('is seen to lose an address within its TTL and a second', async () => {
    const ttlMs = 2000;
    const { server, source } = await named({
      'api.test': { A: hosts(ttlMs / 1000, '10.0.0.1', '10.0.0.2') },
    });
    const one = followed(source);
    await until(() => one.heard.length === 1);
    await server.set({ records: { 'api.test': { A: hosts(ttlMs / 1000, '10.0.0.1') } } });
    const removedMs = performance.now();
    await until(() => one.heard.length === 2);
    expect(performance.now() - removedMs).toBeLessThan(ttlMs + 1000);
    expect(one.heard.at(-1)).toBe('10.0.0.1:80');
  });

  const quick = { minTtlMs: 50, baseDelayMs: 50, maxDelayMs: 100, timeoutMs: 2500 };
  it.each([
    ['says SERVFAIL', { rcode: 2 }, 'ESERVFAIL'],
    ['refuses', { rcode: 5 }, 'EREFUSED'],
    ['is silent', { drop: null }, 'ETIMEOUT'],
    ['does not know the name any more', { records: {} }, 'ENOTFOUND'],
    ['has no address for it any more', { records: { 'api.test': {} } }, 'ENODATA'],
  ])(
    'keeps its addresses when its server %s, and has new ones when it is well again',
    async (_, change, code) => {
      const { server, source } = await named({ 'api.test': { A: hosts(0, '10.0.0.1') } }, quick);
      followed(source);
      await until(() => source.snapshot().state === 'fresh');
      await server.set(change);
      await until(() => source.snapshot().state === 'stale');
      expect(source.snapshot().lastError).toMatchObject({ code });
      expect(idsOf(source)).toBe('10.0.0.1:80');
      await server.set({ rcode: 0, drop: 0, records: { 'api.test': { A: hosts(60, '10.0.0.2') } } });
      await until(() => source.snapshot().state === 'fresh');
      expect(idsOf(source)).toBe('10.0.0.2:80');
    },
  );

  it('brings both families, and one of them where the other gets no answer', async () => {
    const both = { A: hosts(0, '10.0.0.1'), AAAA: hosts(0, 'fd00::1:2') };
    const { server, source } = await named({ 'api.test': both }, { ...quick, family: 'any' });
    const one = followed(source);
    await until(() => one.heard.length === 1);
    expect(idsOf(source)).toBe('10.0.0.1:80 [fd00::1:2]:80');
    one.stop();
    await server.set({ deaf: 'AAAA' });
    const slow = new Resolver({ timeout: 60_000 });
    slow.setServers([server.address]);
    using other = dns({ name: 'api.test', port: 80, family: 'any', resolver: slow, timeoutMs: 500 });
    const two = followed(other);
    await until(() => two.heard.length > 0);
    expect(two.heard).toEqual(['10.0.0.1:80']);
    slow.cancel();
  });

  it('brings services with priority, weight and port', async () => {
    const service = { ttl: 60, priority: 1, weight: 0, port: 9000, target: 'a.test' };
    const server = closing(
      await nameServer({
        '_api._tcp.test': { SRV: [service, { ...service, weight: 60, port: 9001, target: 'b.test' }] },
        'a.test': { A: hosts(60, '10.0.0.1') },
        'b.test': { A: hosts(60, '10.0.0.2', '10.0.0.3') },
      }),
    );
    using source = dns({ name: '_api._tcp.test', type: 'srv', resolver: server.resolver() });
    const one = followed(source);
    await until(() => one.heard.length === 1);
    const seen = one.endpoints.map(({ id, weight, priority }) => `${String(id)} ${weight} ${priority}`);
    expect(seen.sort()).toEqual(['10.0.0.1:9000 1 1', '10.0.0.2:9001 30 1', '10.0.0.3:9001 30 1']);
  });
});

describe('the resolver of the system', () => {
  /** Points every resolver that is made at the server of the test, whatever the system says. */
  function pointAt(server: NameServer): void {
    type Resolve4 = (name: string, how: object) => Promise<string[]>;
    const resolve4 = Reflect.get(Resolver.prototype, 'resolve4') as Resolve4;
    vi.spyOn(Resolver.prototype, 'resolve4').mockImplementation(function (this: Resolver, name: string) {
      this.setServers([server.address]);
      return resolve4.call(this, name, { ttl: true });
    });
  }

  it('sends for an answer again that was lost, within the time of one ask', async () => {
    const server = closing(await nameServer({ 'api.test': { A: hosts(60, '10.0.0.1') } }));
    await server.set({ drop: 1 });
    pointAt(server);
    using source = dns({ name: 'api.test', port: 80 });
    const one = followed(source);
    await until(() => one.heard.length === 1);
    expect(one.heard).toEqual(['10.0.0.1:80']);
    expect(server.queries.length).toBe(2);
  });

  it('is cancelled when nobody wants the answer any more', async () => {
    const server = closing(await nameServer({}));
    await server.set({ drop: null });
    pointAt(server);
    const rejected = vi.fn();
    const lookups = vi.mocked(Resolver.prototype.resolve4).mock.results;
    using source = dns({ name: 'api.test', port: 80 });
    const one = followed(source);
    await until(() => server.queries.length === 1);
    const [lookup] = lookups as { value: Promise<unknown> }[];
    lookup?.value.catch(({ code }: { code: string }) => rejected(code));
    one.stop();
    await until(() => rejected.mock.calls.length === 1);
    expect(rejected).toHaveBeenCalledWith('ECANCELLED');
    expect(one.heard).toEqual([]);
  });
});

describe('calls over discovered addresses', () => {
  /** A server per address, all at one port. */
  async function servers(...addresses: string[]): Promise<{ port: number; servers: Server[] }> {
    let port = 0;
    const list: Server[] = [];
    for (const address of addresses) {
      const server = createServer((_, response) => response.end(address));
      await new Promise<void>((resolve) => server.listen(port, address, resolve));
      ({ port } = server.address() as AddressInfo);
      list.push(server);
      closing({ [Symbol.asyncDispose]: () => stop(server) });
    }
    return { port, servers: list };
  }

  function stop(server: Server): Promise<void> {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(() => resolve()));
  }

  const send = (address: DnsAddress): Promise<string> =>
    new Promise((resolve, reject) => {
      const { name: host, port } = address;
      get({ host, port, lookup: lookupOf(address), agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve(text)).on('error', reject);
      }).on('error', reject);
    });

  it('fail not once while a dead server is still listed', async () => {
    const addresses = ['127.0.0.1', '127.0.0.2', '127.0.0.3'];
    const { port, servers: list } = await servers(...addresses);
    const { source } = await named({ 'api.test': { A: hosts(60, ...addresses) } }, { port });
    const guarded = pipe(balance({ endpoints: source, send }), retry({ maxAttempts: 3, baseDelayMs: 1 }));
    const answered = new Set<string>();
    for (let call = 0; call < 60; call++) answered.add(await guarded());
    expect([...answered].sort()).toEqual(addresses);
    await stop(list[2] as Server);
    let failed = 0;
    for (let call = 0; call < 200; call++) {
      const answer = await guarded().catch(() => failed++);
      expect(answer).not.toBe('127.0.0.3');
    }
    expect(failed).toBe(0);
    expect(idsOf(source)).toContain('127.0.0.3');
  });

  it('in flight are left to end when their server is removed, and the state of the others stays', async () => {
    const addresses = ['127.0.0.1', '127.0.0.2'];
    const { port, servers: list } = await servers(...addresses);
    const records = (...some: string[]): Zone => ({ 'api.test': { A: hosts(0, ...some) } });
    const { server, source } = await named(records(...addresses), { port, minTtlMs: 50 });
    const call = balance({ endpoints: source, send });
    await call();
    let finish: () => void = () => {};
    const [, second] = list;
    second?.removeAllListeners('request').on('request', (_, response: { end(text: string): void }) => {
      finish = () => response.end('in the end');
    });
    const first: Promise<string>[] = [];
    const pendingAt = (address: string) =>
      call.endpoints().find(({ endpoint }) => endpoint.address === address)?.pending;
    while (pendingAt('127.0.0.2') === 0) first.push(call());
    await server.set({ records: records('127.0.0.1') });
    await until(() => call.endpoints().length === 1);
    const [stayed] = call.endpoints();
    expect(stayed).toMatchObject({ endpoint: { address: '127.0.0.1' } });
    // With the first call of all.
    expect(stayed?.picked).toBeGreaterThanOrEqual(first.length - 1);
    await until(() => finish.name === 'finish');
    finish();
    expect(await Promise.all(first)).toContain('in the end');
  });
});
