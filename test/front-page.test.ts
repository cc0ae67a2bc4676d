/** The front page (DESIGN §1) as written: names, option names and shapes are the contract. */
import {
  agree,
  balance,
  cache,
  circuitBreaker,
  coalescingCache,
  consecutiveFailures,
  failureRate,
  healthTracker,
  majority,
  p2c,
  peakEwma,
  pipe,
  compareTags,
  quorumRead,
  quorumRegister,
  quorumWrite,
  type Versioned,
  resilientFetch,
  retry,
  timeout,
} from 'evenkeel';
import { fakeOrigins, fakeTransport, seededRandom, virtualClock } from 'evenkeel/testing';
import { afterEach, describe, expect, expectTypeOf, it, vi } from 'vitest';

interface User {
  readonly id: string;
}
const { signal } = new AbortController();

afterEach(() => vi.unstubAllGlobals());

describe('the front page', () => {
  it('one line for fetch users', async () => {
    const servers = fakeOrigins(['http://10.0.0.11:8080', 'http://10.0.0.12:8080']);
    vi.stubGlobal('fetch', servers.fetch);
    const fetch = resilientFetch({
      origins: ['http://10.0.0.11:8080', 'http://10.0.0.12:8080'],
      timeoutMs: 2_000,
    });
    const response = await fetch('/users/42');
    expectTypeOf(response).toEqualTypeOf<Response>();
    expect(await response.text()).toMatch(/\/users\/42$/);
  });

  it('compose by hand', async () => {
    const rpc = async (_host: string, _method: string, id: string, _signal: AbortSignal): Promise<User> => ({
      id,
    });
    const getUser = pipe(
      balance({
        endpoints: ['10.0.0.11', '10.0.0.12', '10.0.0.13'],
        send: (host, id: string, { signal }) => rpc(host, 'getUser', id, signal),
      }),
      timeout({ timeoutMs: 300 }),
      retry({ maxAttempts: 3 }),
      timeout({ timeoutMs: 1_000 }),
      cache({ ttlMs: 5_000, staleIfErrorMs: 3_600_000 }),
    );
    const user = await getUser('42', { signal });
    expectTypeOf(user).toEqualTypeOf<User>();
    expect(user).toEqual({ id: '42' });
  });

  it('fetch is a transport, with its own options', async () => {
    const servers = fakeOrigins(['http://a.test']);
    vi.stubGlobal('fetch', servers.fetch);
    const [url, body] = ['http://a.test/x', 'body'];
    await pipe(globalThis.fetch, retry())(url, { method: 'PUT', body });
    expect(servers.requests).toMatchObject([{ method: 'PUT', body: 'body' }]);
  });

  it('a policy guards a single function', async () => {
    const load = async (_signal: AbortSignal) => 42;
    const charge = async () => 'charged';
    const value = await retry({ maxAttempts: 4 }).run(
      ({ signal, attempt }) => load(signal).then((n) => n + attempt),
      {
        signal,
      },
    );
    expectTypeOf(value).toEqualTypeOf<number>();
    expect(value).toBe(43);
    const breaker = circuitBreaker({ trip: consecutiveFailures({ failures: 5 }), openMs: 10_000 });
    expect(await breaker.run(() => charge())).toBe('charged');
    expectTypeOf(breaker.state).toEqualTypeOf<'closed' | 'open' | 'half-open'>();
    expect(breaker.state).toBe('closed');
  });

  it('health on its own, and plugged into a balancer', async () => {
    const ping = async (_host: string, _signal: AbortSignal) => true;
    const endpoints = ['10.0.0.11', '10.0.0.12'];
    const send = async (host: string, n: number) => `${host}:${n}`;
    using health = healthTracker<string>({
      detectors: [
        consecutiveFailures({ failures: 5 }),
        failureRate({ windowMs: 10_000, minimumCalls: 20, rate: 0.5 }),
      ],
      probe: {
        check: (host, { signal }) => ping(host, signal),
        intervalMs: 5_000,
        timeoutMs: 1_000,
        healthyAfter: 2,
        unhealthyAfter: 3,
      },
    });
    const call = balance({
      endpoints,
      send,
      health,
      pick: p2c({ choices: 2 }),
      cost: peakEwma({ decayMs: 10_000 }),
    });
    expect(await call(1)).toMatch(/:1$/);
    expect(call.endpoints()).toMatchObject(
      endpoints.map((endpoint) => ({ endpoint, status: 'healthy', pending: 0, weight: 1 })),
    );
    expectTypeOf(health.status('10.0.0.11')).toEqualTypeOf<'healthy' | 'degraded' | 'unhealthy'>();
    health.report('10.0.0.11', 'failure', 12);
    health.watch(endpoints);
    expect(health.status('10.0.0.11')).toBe('healthy');
  });

  it('the cache on its own', async () => {
    const db = { user: async (id: string, _signal: AbortSignal): Promise<User> => ({ id }) };
    const user: User = { id: '42' };
    const users = coalescingCache({
      load: (id: string, { signal }) => db.user(id, signal),
      ttlMs: 5_000,
      staleWhileRevalidateMs: 10_000,
      staleIfErrorMs: 3_600_000,
      maxEntries: 50_000,
    });
    const found = await users.get('42', { signal });
    expectTypeOf(found).toEqualTypeOf<User>();
    expect(found).toEqual(user);
    expect(await users.lookup('42')).toMatchObject({ value: user, state: 'fresh' });
    expect(users.peek('42')).toMatchObject(user);
    users.set('42', user);
    users.delete('42');
    users.invalidateTag('team:7');
    expect(users.snapshot()).toMatchObject({ entries: 0 });
  });

  it('a register on three replicas', async () => {
    const node = () => {
      const rows = new Map<string, Versioned<string>>();
      return {
        get: async (key: string, _signal: AbortSignal) => rows.get(key),
        putIfNewer: async (key: string, versioned: Versioned<string>, _signal: AbortSignal) => {
          const row = rows.get(key);
          if (row === undefined || compareTags(versioned.tag, row.tag) > 0) rows.set(key, versioned);
        },
      };
    };
    const [a, b, c] = [node(), node(), node()];
    const register = quorumRegister({
      replicas: [a, b, c],
      read: (replica, key: string, { signal }) => replica.get(key, signal),
      write: (replica, key: string, versioned, { signal }) => replica.putIfNewer(key, versioned, signal),
      consistency: 'linearizable',
    });
    await register.write('leader', 'n1');
    const leader = await register.read('leader');
    expectTypeOf(leader).toEqualTypeOf<string | undefined>();
    expect(leader).toBe('n1');
  });

  it('quorums over any replicas', async () => {
    const replica = (version: number) => ({
      get: async (_key: string, _signal: AbortSignal) => ({ version }),
      put: async (_key: string, _value: string, _signal: AbortSignal) => true,
      head: async (_signal: AbortSignal) => ({ hash: 'h' }),
    });
    const replicas = [replica(1), replica(2), replica(3)];
    const rpcNodes = replicas;
    const read = await quorumRead(
      {
        replicas,
        required: majority(replicas.length),
        read: (replica, { signal }) => replica.get('k', signal),
        newest: (x, y) => x.version - y.version,
      },
      { signal },
    );
    expectTypeOf(read.value).toEqualTypeOf<{ version: number }>();
    expect(read.value.version).toBeGreaterThan(1);
    expect(read.replies).toHaveLength(3);
    const written = await quorumWrite({
      replicas,
      required: 2,
      write: (replica, { signal }) => replica.put('k', 'v', signal),
    });
    expect(written.acks).toBe(2);
    expect((await written.settled).map(({ status }) => status)).toEqual(['acked', 'acked', 'acked']);
    const same = await agree({
      replicas: rpcNodes,
      required: 2,
      ask: (node, { signal }) => node.head(signal),
      canonical: (head) => head.hash,
    });
    expect(same.value).toEqual({ hash: 'h' });
    expect(same.dissent).toEqual([]);
  });

  it('tests without network, without waiting', async () => {
    const clock = virtualClock();
    const wire = fakeTransport<string, number>();
    const answer = pipe(wire, retry({ maxAttempts: 2, clock, random: seededRandom(1) }))('ping');
    wire.next().reject(new Error('boom'));
    await clock.advance(1_000);
    wire.next().resolve(42);
    expect(await answer).toBe(42);
  });
});
