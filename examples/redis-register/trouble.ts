/**
 * Clients that write and read while servers are killed, paused, and come back, one of them empty; and the history of
 * what they saw.
 */
import { encodeTag, type RegisterWriteError } from 'evenkeel';
import { checkLinearizability, checkTagOrder, recordHistory, registerModel } from 'evenkeel/testing';
import { RedisReplica, redisRegister } from './register.ts';
import { RedisServer } from './servers.ts';

export interface Findings {
  readonly operations: number;
  readonly unknown: number;
  readonly verdict: string;
  readonly outOfOrder: number;
  readonly copied: number;
}

const KEYS = ['x', 'y', 'z'];
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export async function trouble(clients: number, tell: (line: string) => void): Promise<Findings> {
  const servers = await Promise.all([1, 2, 3, 4, 5].map(() => RedisServer.start()));
  try {
    return await run(servers, clients, tell);
  } finally {
    await Promise.all(servers.map((server) => server.remove()));
  }
}

async function run(servers: RedisServer[], clients: number, tell: (line: string) => void): Promise<Findings> {
  const history = recordHistory();
  // Each client has connections of its own, as a process has.
  const replicas = Array.from({ length: clients }, () => servers.map(({ port }) => new RedisReplica(port)));
  const registers = replicas.map((own) => redisRegister(own));
  const state = { over: false, done: 0 };
  let values = 0;
  const work = async (register: (typeof registers)[number], client: string): Promise<void> => {
    while (!state.over) {
      const key = KEYS[Math.floor(Math.random() * KEYS.length)] ?? '';
      if (Math.random() < 0.5) {
        const read = history.called({ type: 'read', key, value: undefined, client });
        await register.lookup(key).then(
          ({ value, tag }) => read.returned({ value, tag: tag && encodeTag(tag) }),
          () => read.unknown(),
        );
      } else {
        const value = `${client}.${++values}`;
        const write = history.called({ type: 'write', key, value, client });
        await register
          .write(key, value)
          .catch((error: RegisterWriteError) => {
            if (error.outcome === 'not-applied') throw error;
            return register.retry(error);
          })
          .then(
            ({ tag }) => write.returned({ tag: encodeTag(tag) }),
            (error: RegisterWriteError) => {
              if (error.outcome === 'not-applied') write.refused();
              else write.unknown({ tag: error.tag && encodeTag(error.tag) });
            },
          );
      }
      state.done++;
      await sleep(5 * Math.random());
    }
  };
  const working = registers.map((register, n) => work(register, `c${n}`));
  // Each trouble lasts until the clients have got on with their work in spite of it.
  const getOn = async (): Promise<void> => {
    const goal = state.done + 100;
    while (state.done < goal) await sleep(10);
  };
  const copied = await nemesis(servers, replicas, registers, getOn, tell).finally(() => (state.over = true));
  await Promise.all(working);
  for (const { connection } of replicas.flat()) connection.close();
  const operations = history.operations();
  return {
    operations: operations.length,
    unknown: operations.filter(({ endedAt }) => endedAt === Infinity).length,
    verdict: checkLinearizability(operations, registerModel).verdict,
    outOfOrder: checkTagOrder(operations).length,
    copied,
  };
}

async function nemesis(
  servers: RedisServer[],
  replicas: RedisReplica[][],
  registers: readonly ReturnType<typeof redisRegister>[],
  getOn: () => Promise<void>,
  tell: (line: string) => void,
): Promise<number> {
  const [first, second, third] = servers as [RedisServer, RedisServer, RedisServer];
  await getOn();
  tell('two of five are killed');
  await Promise.all([first.kill(), second.kill()]);
  await getOn();
  tell('one of them comes back with its append-only file');
  await first.start();
  await getOn();
  tell('another is paused');
  third.signal('SIGSTOP');
  await getOn();
  third.signal('SIGCONT');
  await getOn();
  // A replica that has forgotten is a new one: it must not answer for the old one before it has everything.
  tell('the other comes back empty: it joins as a new replica, by a joint quorum');
  const empty = await RedisServer.start();
  servers.push(empty);
  const together = barrier(registers.length);
  const changed = await Promise.all(
    registers.map((register, n) => {
      const own = replicas[n] ?? [];
      const next = own.map((one) => (one.port === second.port ? new RedisReplica(empty.port) : one));
      own.push(...next.filter((one) => !own.includes(one)));
      return register.reconfigure({ replicas: next, keys: n === 0 ? KEYS : [], together });
    }),
  );
  tell('and another of the first five is killed');
  await third.kill();
  await getOn();
  return changed.reduce((sum, { copied }) => sum + copied, 0);
}

/** Nobody goes on until all have come; between processes it takes a service that they all trust. */
function barrier(size: number): (stage: string) => Promise<void> {
  const waiting = new Map<string, (() => void)[]>();
  return (stage) =>
    new Promise((resolve) => {
      const there = [...(waiting.get(stage) ?? []), resolve];
      waiting.set(stage, there);
      if (there.length === size) for (const go of there) go();
    });
}
