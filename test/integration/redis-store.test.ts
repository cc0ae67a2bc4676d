/** The store in Redis, by both clients, held to the suite of stores; and what only Redis can do wrong. */
import type { StoreListener } from 'evenkeel/cache';
import { redisStore } from 'evenkeel/redis';
import { isOptionError } from 'evenkeel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { storeSuite } from '../conformance/store-suite.ts';
import { CLIENTS, REDIS, RedisServer, stopAll, until } from './redis-server.ts';

const context = undefined as never;

describe.skipIf(!REDIS).each(CLIENTS)('by %s', (name, clientsOf) => {
  let server: RedisServer;
  let suites = 0;

  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(stopAll);

  storeSuite(`in Redis by ${name}`, async () => {
    const clients = clientsOf();
    const prefix = `suite${++suites}:`;
    const ready = [await clients.connect(server.port), await clients.connect(server.port)];
    const stops: (() => void)[] = [];
    return {
      connect: () => {
        const store = redisStore({ client: ready.shift() as never, prefix });
        const followed = (listener: StoreListener) => {
          const stop = store.follow?.(listener) ?? (() => {});
          stops.push(stop);
          return stop;
        };
        return { ...store, follow: followed };
      },
      pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      stop: () => {
        for (const stop of stops) stop();
        clients.close();
      },
    };
  });

  it('takes what is no value of ours for nothing, and lends the key', async () => {
    const clients = clientsOf();
    const client = await clients.connect(server.port);
    const store = redisStore({ client, prefix: 'corrupt:' });
    const broken = [
      'SET corrupt:v:{KEY} text',
      'HSET corrupt:v:{KEY} t x s 1 f 9999999999999 m {]',
      'HSET corrupt:v:{KEY} t x s 1 f 9999999999999 m null',
      'HSET corrupt:v:{KEY} t x s 1 f 9999999999999 m {"c":1,"g":[5]}',
      'HSET corrupt:v:{KEY} t x s never f soon m {"c":1,"g":[]}',
      'HSET corrupt:v:{KEY} t x',
      'LPUSH corrupt:v:{KEY} x',
    ];
    for (const [at, command] of broken.entries()) {
      await server.say(command.replace('KEY', `k${at}`));
      const opening = await store.open(`k${at}`, { token: 'mine', ms: 1000, when: 'stale' }, context);
      expect(opening, command).toMatchObject({ stored: undefined, leased: true });
      const value = {
        text: 'sound',
        sinceMs: opening.nowMs,
        freshMs: 1000,
        keepMs: 1000,
        costMs: 0,
        tags: [],
      };
      expect(await store.write(`k${at}`, value, 'mine', context)).toBe(true);
      expect((await store.open(`k${at}`, undefined, context)).stored?.text).toBe('sound');
    }
    clients.close();
  });

  it('leaves a validator out that is not JSON, and keeps very long times', async () => {
    const clients = clientsOf();
    const store = redisStore({ client: await clients.connect(server.port), prefix: 'odd:' });
    const { nowMs } = await store.open('a', { token: 'mine', ms: 1000, when: 'stale' }, context);
    const value = { text: 't', sinceMs: nowMs, freshMs: Infinity, keepMs: Infinity, costMs: 0, tags: [], validator: 7n };
    expect(await store.write('a', value, 'mine', context)).toBe(true);
    const { stored } = await store.open('a', undefined, context);
    expect(stored).toMatchObject({ text: 't', validator: undefined });
    expect(stored?.freshMs).toBeGreaterThan(1e15);
    clients.close();
  }); // prettier-ignore

  it('hears after a reconnect what was said meanwhile, and says if that is not known', async () => {
    const own = await RedisServer.start();
    const clients = clientsOf();
    const [speaker, hearer] = [await clients.connect(own.port), await clients.connect(own.port)];
    const [one, other] = [redisStore({ client: speaker, logLength: 5 }), redisStore({ client: hearer, logLength: 5 })];
    const heard: string[] = [];
    const stop = other.follow?.({
      removed: (key) => heard.push(key),
      invalidated: () => {},
      cleared: () => {},
      lost: () => heard.push('lost'),
    });
    await until(() => heard.includes('lost'), 'it begins to listen');
    await one.remove('a', context);
    await until(() => heard.includes('a'), 'it hears');
    heard.length = 0;
    // All connections that listen break off, and messages are said before they are back.
    await own.say('CLIENT KILL TYPE pubsub');
    await Promise.all(['b', 'c'].map((key) => one.remove(key, context)));
    await until(() => heard.length >= 2, 'it catches up');
    expect([...heard].sort()).toEqual(['b', 'c']);
    heard.length = 0;
    await own.say('CLIENT KILL TYPE pubsub');
    await Promise.all(Array.from({ length: 20 }, (_, n) => one.remove(`k${n}`, context)));
    await one.remove('last', context);
    await until(() => heard.includes('last') || heard.includes('lost'), 'it knows that it missed something');
    stop?.();
    clients.close();
    await own.stop();
  }); // prettier-ignore
});

describe('a Redis store', () => {
  const client = { call: async () => [], duplicate: () => ({}) } as never;

  it.each([
    ['client', { client: {} as never }],
    ['client', { client: undefined as never }],
    ['prefix', { client, prefix: 5 as never }],
    ['stampMs', { client, stampMs: Infinity }],
    ['fenceMs', { client, fenceMs: 0 }],
    ['logLength', { client, logLength: 0 }],
  ])('refuses a bad %s', (option, said) => {
    let error: unknown;
    try {
      redisStore(said);
    } catch (thrown) {
      error = thrown;
    }
    expect(isOptionError(error)).toBe(true);
    expect(error).toMatchObject({ option });
  });
});
