/** Tiers over real Redis processes that are killed, paused, started anew and replaced by a replica. */
import { tiered, type TieredCache } from 'evenkeel';
import { redisStore } from 'evenkeel/redis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CLIENTS, type Clients, REDIS, RedisServer, stopAll, until } from './redis-server.ts';

interface Origin {
  readonly asked: string[];
  /** Ends the loads that are under way, and those to come. */
  readonly finish: () => void;
  readonly hold: () => void;
}

describe.skipIf(!REDIS).each(CLIENTS)('tiers over Redis by %s', (_, clientsOf) => {
  let server: RedisServer;
  let clients: Clients;
  const caches: TieredCache<string, string>[] = [];
  let origin: Origin & { readonly load: (key: string) => Promise<string> };

  const originOf = (): typeof origin => {
    const asked: string[] = [];
    let waiting: (() => void)[] | undefined;
    return {
      asked,
      hold: () => (waiting ??= []),
      finish: () => {
        for (const end of waiting?.splice(0) ?? []) end();
        waiting = undefined;
      },
      load: async (key) => {
        asked.push(key);
        const value = `${key} ${asked.length}`;
        await new Promise<void>((resolve) => (waiting === undefined ? resolve() : waiting.push(resolve)));
        return value;
      },
    };
  };

  beforeEach(async () => {
    server = await RedisServer.start();
    clients = clientsOf();
    origin = originOf();
  });
  afterEach(async () => {
    for (const cache of caches.splice(0)) cache[Symbol.dispose]();
    clients.close();
    server.resume();
    await stopAll();
  });

  const start = async (port = server.port): Promise<TieredCache<string, string>> => {
    const cache = tiered<string, string>({
      near: {
        load: origin.load,
        ttlMs: 60_000,
        staleIfErrorMs: 60_000,
        tags: (value) => [`tag:${value.split(' ')[0]}`],
      },
      far: redisStore({ client: await clients.connect(port) }),
      leaseMs: 500,
      guard: { timeoutMs: 150, openMs: 100 },
    });
    caches.push(cache);
    return cache;
  };

  it('make one load for all processes', async () => {
    const processes = await Promise.all(Array.from({ length: 5 }, () => start()));
    origin.hold();
    const answers = Promise.all(processes.flatMap((one) => [one.get('a'), one.get('a')]));
    await until(() => origin.asked.length > 0, 'one loads');
    await until(() => processes.filter((one) => one.snapshot().far.waited > 0).length === 4, 'the others wait');
    origin.finish();
    expect(new Set(await answers)).toEqual(new Set(['a 1']));
    expect(origin.asked).toEqual(['a']);
  });

  it('forget everywhere what one of them changes', async () => {
    const [one, other] = [await start(), await start()];
    await Promise.all([one.get('a'), other.get('a'), one.get('b'), other.get('b')]);
    // Until both of them hear each other; each load writes in its own time.
    await until(async () => {
      await one.set('probe', 'p');
      await other.get('probe');
      await one.delete('probe');
      return await eventually(() => other.peek('probe') === undefined);
    }, 'they hear each other');
    await one.invalidateTag('tag:a');
    await until(() => other.peek('a') === undefined, 'the tag is gone');
    await other.set('b', 'b set');
    await until(() => one.peek('b') === undefined, 'the old value is gone');
    expect(await one.get('b')).toBe('b set');
    expect(await other.get('a')).not.toBe('a 1');
  });

  it('read on when it is killed during a load, and use it when it is back', async () => {
    const [one, other] = [await start(), await start()];
    await one.get('warm');
    origin.hold();
    const loading = [one.get('a'), other.get('a')];
    await until(() => origin.asked.includes('a'), 'one loads');
    await server.kill();
    const cold = other.get('b');
    await until(() => origin.asked.includes('b'), 'the other does without');
    origin.finish();
    for (const answer of await Promise.all([...loading, cold])) expect(answer).toMatch(/^[ab] /);
    expect(await one.get('warm')).toMatch(/^warm /);
    await server.start();
    await until(async () => {
      const key = `back ${origin.asked.length}`;
      await one.get(key);
      return one.snapshot().far.writes > 1;
    }, 'it is used again');
  });

  it('wait no longer than they must for one that is paused', async () => {
    const cache = await start();
    await cache.get('warm');
    server.pause();
    const startMs = performance.now();
    const answers: string[] = [];
    for (let n = 0; n < 12; n++) answers.push(await cache.get(`k${n}`));
    // Five times the limit, and one that tries each tenth of a second; then nobody waits.
    expect(performance.now() - startMs).toBeLessThan(3000);
    expect(answers).toHaveLength(12);
    expect(cache.snapshot().far.state).not.toBe('closed');
    server.resume();
    await until(async () => {
      await cache.get(`on ${origin.asked.length}`);
      return cache.snapshot().far.state === 'closed';
    }, 'the circuit closes');
  });

  it('fill one that comes back empty, and say again what it could not be told', async () => {
    const [one, other] = [await start(), await start()];
    await one.get('a');
    await until(async () => (await server.say('DBSIZE')) !== ':0\r\n', 'it is written');
    await server.kill();
    await expect(one.delete('a')).rejects.toBeInstanceOf(Error);
    expect(one.snapshot().far.unsaid).toBe(1);
    await server.start();
    expect(await server.say("EXISTS evenkeel:v:{1'a}")).toBe(':0\r\n');
    await until(async () => {
      await one.get(`again ${origin.asked.length}`);
      return one.snapshot().far.unsaid === 0;
    }, 'it is told');
    const value = await one.get('a');
    await until(async () => (await server.say('EXISTS evenkeel:v:{1\'a}')) === ':1\r\n', 'it is written again');
    await other.delete('unrelated').catch(() => {});
    expect(await (await start()).get('a')).toBe(value);
  }); // prettier-ignore

  it('go on with a replica that takes over, which knows what was written', async () => {
    const replica = await RedisServer.start();
    await replica.say(`REPLICAOF 127.0.0.1 ${server.port}`);
    await until(async () => (await replica.say('INFO replication')).includes('master_link_status:up'), 'it follows');
    const before = await start();
    const value = await before.get('a');
    await until(async () => (await replica.say("EXISTS evenkeel:v:{1'a}")) === ':1\r\n', 'it knows');
    // It is a replica still: what is written is refused, and fails no read.
    const early = await start(replica.port);
    expect(await early.get('new')).toMatch(/^new /);
    await expect(early.delete('new')).rejects.toBeInstanceOf(Error);
    await server.kill();
    await replica.say('REPLICAOF NO ONE');
    const after = await start(replica.port);
    expect(await after.get('a')).toBe(value);
    expect(origin.asked.filter((key) => key === 'a')).toHaveLength(1);
    await after.invalidateTag('tag:a');
    expect(await (await start(replica.port)).get('a')).not.toBe(value);
    await until(async () => {
      await early.get(`later ${origin.asked.length}`);
      return early.snapshot().far.unsaid === 0;
    }, 'the early one is heard');
    await replica.stop();
  });

  it('believe no value that was written over by something else', async () => {
    const cache = await start();
    await server.say("SET evenkeel:v:{1'a} nonsense");
    expect(await cache.get('a')).toBe('a 1');
    await until(async () => (await (await start()).get('a')) === 'a 1', 'it is sound again');
  });
}); // prettier-ignore

async function eventually(holds: () => boolean): Promise<boolean> {
  for (let turn = 0; turn < 50 && !holds(); turn++) await new Promise((resolve) => setTimeout(resolve, 2));
  return holds();
}
