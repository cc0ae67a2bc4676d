/** The register on real Redis servers, which are killed, paused, and emptied while it is used. */
import { checkReplicaContract } from 'evenkeel/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { putRow, readRow, RedisReplica, redisRegister } from '../../examples/redis-register/register.ts';
import { redisIsInstalled, RedisServer } from '../../examples/redis-register/servers.ts';
import { trouble } from '../../examples/redis-register/trouble.ts';

const installed = redisIsInstalled();
if (!installed) console.warn('skipped: redis-server is not installed (apt-get install redis-server)');

describe.skipIf(!installed)('a register on real Redis servers', () => {
  const servers: RedisServer[] = [];
  const replicas: RedisReplica[] = [];
  const start = async (count: number): Promise<RedisReplica[]> => {
    const started = await Promise.all(Array.from({ length: count }, () => RedisServer.start()));
    servers.push(...started);
    const own = started.map(({ port }) => new RedisReplica(port));
    replicas.push(...own);
    return own;
  };

  afterEach(async () => {
    for (const { connection } of replicas.splice(0)) connection.close();
    await Promise.all(servers.splice(0).map((server) => server.remove()));
  });

  it('keeps the contract of a replica by its script', async () => {
    const [replica] = await start(1);
    const value = (n: number): string => `value ${n}`;
    expect(
      await checkReplicaContract({ replica: replica as RedisReplica, read: readRow, write: putRow, value }),
    ).toEqual([]);
  }, 30_000);

  it('writes, reads, deletes and updates with a minority dead, and finds what a killed server had', async () => {
    const own = await start(3);
    const register = redisRegister(own);
    await register.write('k', 'v');
    await servers[0]?.kill();
    expect(await register.read('k')).toBe('v');
    await register.update('k', (value) => `${value}+`);
    await servers[0]?.start();
    await servers[1]?.kill();
    expect(await register.read('k')).toBe('v+');
    await register.delete('k');
    expect(await register.read('k')).toBeUndefined();
    await servers[2]?.kill();
    await expect(register.read('k')).rejects.toMatchObject({ code: 'EVENKEEL_QUORUM', required: 2 });
  }, 30_000);

  it('is linearizable while two are killed, one is paused and one comes back empty', async () => {
    const lines: string[] = [];
    const found = await trouble(4, (line) => lines.push(line));
    expect(found).toMatchObject({ verdict: 'linearizable', outOfOrder: 0, copied: 3 });
    expect(found.operations).toBeGreaterThan(200);
    expect(lines).toHaveLength(5);
  }, 60_000);
});
