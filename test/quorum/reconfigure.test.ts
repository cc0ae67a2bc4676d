/** Replicas are exchanged, 3 → 5 → 3, while clients write and read and the network does what it does. */
import { majority, quorumRegister, type Versioned } from 'evenkeel';
import { checkLinearizability, checkTagOrder, registerModel, virtualClock } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';
import { clientFrom, registerOf } from '../simulation/registers/clients.ts';
import { KEYS, type Replica, trouble, type World, world } from '../simulation/registers/world.ts';
import { memoryReplica } from './replicas.ts';

type Register = ReturnType<typeof registerOf>;

/** All come, or none goes on. */
function barrier(size: number) {
  const waiting = new Map<string, { resolve: () => void; reject: (error: unknown) => void }[]>();
  let broken = false;
  return {
    come: (stage: string) =>
      new Promise<void>((resolve, reject) => {
        if (broken) return reject(new Error('somebody has given up'));
        const there = [...(waiting.get(stage) ?? []), { resolve, reject }];
        waiting.set(stage, there);
        if (there.length === size) for (const one of there) one.resolve();
      }),
    giveUp: () => {
      broken = true;
      for (const one of [...waiting.values()].flat()) one.reject(new Error('somebody has given up'));
    },
  };
}

/** Every client changes to these replicas; again and again, until all have. */
async function changeTo(
  { network, clock }: World,
  registers: readonly Register[],
  replicas: readonly Replica[],
) {
  for (let attempt = 1; ; attempt++) {
    if (attempt > 5) network.heal();
    if (attempt > 5) for (const replica of replicas) replica.thaw();
    if (attempt > 5) for (const replica of replicas) if (replica.state === 'down') replica.restart();
    const { come, giveUp } = barrier(registers.length);
    const results = await Promise.allSettled(
      registers.map((register, n) =>
        register
          .reconfigure({ replicas, keys: n === 0 ? KEYS : [], together: come })
          .catch((error: unknown) => {
            giveUp();
            throw error;
          }),
      ),
    );
    if (results.every(({ status }) => status === 'fulfilled')) return;
    await new Promise<void>((resolve) => clock.setTimeout(resolve, 20));
  }
}

describe('reconfigure', () => {
  it('3 → 5 → 3 under load loses nothing, in a hundred histories', async () => {
    let changed = 0;
    for (let seed = 1; seed <= 100; seed++) {
      const one = world(seed, 5);
      const [three, five, others] = [one.replicas.slice(0, 3), one.replicas, one.replicas.slice(2)];
      const registers = ['c0', 'c1', 'c2', 'c3'].map((name) => registerOf({ ...one, replicas: three }, name));
      await trouble(
        one,
        registers.map((register) => clientFrom(one, register)),
        async () => {
          await new Promise<void>((resolve) => one.clock.setTimeout(resolve, 50));
          await changeTo(one, registers, five);
          await changeTo(one, registers, others);
          changed++;
        },
      );
      const operations = one.history.operations();
      const { verdict, counterexample } = checkLinearizability(operations, registerModel);
      expect([seed, verdict, counterexample]).toEqual([seed, 'linearizable', []]);
      expect(checkTagOrder(operations)).toEqual([]);
      expect(registers.map((register) => register.snapshot().membership)).toEqual(
        registers.map(() => 'stable'),
      );
    }
    expect(changed).toBe(100);
  });

  it('copies every key, and then asks only the new ones', async () => {
    const [old, added] = [
      [1, 2, 3].map(() => memoryReplica<string>()),
      [1, 2].map(() => memoryReplica<string>()),
    ];
    const register = quorumRegister({
      replicas: old,
      ...memoryReplica.ports<string>(),
      consistency: 'linearizable',
    });
    const keys = Array.from({ length: 50 }, (_, n) => `k${n}`);
    for (const key of keys) await register.write(key, `value of ${key}`);
    const replicas = [old[0], ...added] as typeof old;
    expect(await register.reconfigure({ replicas, keys })).toEqual({ copied: 50 });
    for (const gone of old.slice(1)) gone.rows.clear();
    const asked = old[2]?.asked;
    for (const key of keys) expect(await register.read(key)).toBe(`value of ${key}`);
    expect(old[2]?.asked).toBe(asked);
  });

  it('takes an operation in flight for one of the old until it has ended', async () => {
    const clock = virtualClock();
    const [old, added] = [[1, 2, 3].map(() => memoryReplica<string>()), memoryReplica<string>()];
    const ports = memoryReplica.ports<string>();
    const register = quorumRegister({
      replicas: old,
      read: ports.read,
      write: (replica, key, versioned: Versioned<string>) =>
        new Promise<void>((resolve) =>
          clock.setTimeout(() => resolve(ports.write(replica, key, versioned)), 100),
        ),
      consistency: 'linearizable',
      clock,
    });
    const write = register.write('k', 'v');
    await clock.advance(50);
    let done = false;
    const change = register
      .reconfigure({ replicas: [...old.slice(0, 2), added], keys: ['k'] })
      .then(() => (done = true));
    await clock.advance(49);
    expect([register.snapshot().membership, done]).toEqual(['joint', false]);
    await clock.advance(200);
    await Promise.all([write, change]);
    expect(register.snapshot()).toMatchObject({ membership: 'stable', inFlight: 0 });
    // Two of the new three have it, which is what a write leaves too; a read brings it to the third.
    (old[0] as { state: string }).state = 'down';
    const read = register.read('k');
    await clock.advance(200);
    expect([await read, added.rows.get('k')?.value]).toEqual(['v', 'v']);
  });

  it('goes back to the old replicas if the keys cannot be copied, and stays with both after that', async () => {
    const old = [1, 2, 3].map(() => memoryReplica<string>());
    const dead = [1, 2, 3].map(() => memoryReplica<string>('down'));
    const register = quorumRegister({
      replicas: old,
      ...memoryReplica.ports<string>(),
      consistency: 'linearizable',
    });
    await register.write('k', 'v');
    await expect(register.reconfigure({ replicas: dead, keys: ['k'] })).rejects.toThrow(/of the new/);
    expect(register.snapshot().membership).toBe('stable');
    expect(await register.read('k')).toBe('v');
    const more = [...old, memoryReplica<string>(), memoryReplica<string>()];
    const together = async (stage: string): Promise<void> => {
      if (stage === 'copied') throw new Error('nobody answers');
    };
    await expect(register.reconfigure({ replicas: more, keys: ['k'], together })).rejects.toThrow(
      'nobody answers',
    );
    expect(register.snapshot().membership).toBe('joint');
    expect(await register.read('k')).toBe('v');
    await register.reconfigure({ replicas: more, keys: ['k'] });
    expect(register.snapshot().membership).toBe('stable');
  });

  it('is refused while one is under way, and for replicas that are none', async () => {
    const old = [1, 2, 3].map(() => memoryReplica<string>());
    const register = quorumRegister({
      replicas: old,
      ...memoryReplica.ports<string>(),
      consistency: 'linearizable',
    });
    let go = (): void => {};
    const together = (): Promise<void> => new Promise<void>((resolve) => (go = resolve));
    const first = register.reconfigure({ replicas: old.slice(0, 1), keys: [], together });
    await Promise.resolve();
    await expect(register.reconfigure({ replicas: old, keys: [] })).rejects.toMatchObject({
      code: 'EVENKEEL_RECONFIGURING',
    });
    while (register.snapshot().membership === 'joint') {
      go();
      await Promise.resolve();
    }
    await first;
    await expect(register.reconfigure({ replicas: [], keys: [] })).rejects.toThrow(/replicas/);
    const quorum = { read: 1, write: majority(3) - 1 };
    await expect(register.reconfigure({ replicas: old, quorum, keys: [] })).rejects.toThrow(/quorum/);
    await expect(register.reconfigure({ replicas: old, keys: [''] })).rejects.toThrow(/keys/);
  });

  it('ends when its caller leaves, and goes back', async () => {
    const clock = virtualClock();
    const old = [1, 2, 3].map(() => memoryReplica<string>());
    const register = quorumRegister({
      replicas: old,
      ...memoryReplica.ports<string>(),
      consistency: 'linearizable',
      clock,
    });
    const caller = new AbortController();
    const silent = [1, 2, 3].map(() => memoryReplica<string>('silent'));
    const change = register.reconfigure({ replicas: silent, keys: ['k'] }, { signal: caller.signal });
    const left = change.catch((error: unknown) => error);
    await clock.advance(10);
    caller.abort('gone');
    expect(await left).toBe('gone');
    await clock.advance(20_000);
    expect(register.snapshot().membership).toBe('stable');
    expect(clock.pendingTimers).toBe(0);
  });
});
