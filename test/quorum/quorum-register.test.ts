import {
  compareTags,
  eachQuorum,
  encodeTag,
  isOptionError,
  isQuorumError,
  isRegisterWriteError,
  isReplicaContractError,
  isTimeoutError,
  type ObserverEvent,
  preferenceOrder,
  quorumRegister,
  type QuorumRegisterOptions,
  type RegisterWriteError,
  type Versioned,
  weighted,
} from 'evenkeel';
import { checkReplicaContract, seededRandom, virtualClock } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';
import { type MemoryReplica, memoryReplica, watched } from './replicas.ts';

type Replica = MemoryReplica<string>;
const { read, write } = memoryReplica.ports<string>();

function make(replicas: number, options: Partial<QuorumRegisterOptions<Replica, string>> = {}) {
  const clock = virtualClock();
  const members = Array.from({ length: replicas }, () => memoryReplica<string>());
  const all = {
    replicas: members,
    read,
    write,
    consistency: 'linearizable' as const,
    clock,
    random: seededRandom(7),
  };
  return { clock, members, register: quorumRegister<Replica, string>({ ...all, ...options }) };
}

const tagOf = (replica: Replica | undefined, key = 'k'): string | undefined => {
  const row = replica?.rows.get(key);
  return row && `${row.tag.counter}`;
};

describe('quorumRegister', () => {
  it.each([1, 2, 3, 4, 5])(
    'reads what was written, of %d replicas, and of deleted ones nothing',
    async (n) => {
      const { register, members } = make(n);
      expect(await register.read('k')).toBeUndefined();
      const { tag, acks, settled } = await register.write('k', 'v1');
      expect([tag.counter, acks]).toEqual([1, Math.floor(n / 2) + 1]);
      expect((await settled).every(({ status }) => status === 'acked')).toBe(true);
      expect(await register.read('k')).toBe('v1');
      await register.delete('k');
      expect(await register.read('k')).toBeUndefined();
      expect(await register.lookup('k')).toMatchObject({
        value: undefined,
        tag: { counter: 2 },
        path: 'fast',
      });
      expect(members[0]?.rows.get('k')).toMatchObject({ deleted: true });
      expect((await register.write('k', 'v2')).tag.counter).toBe(3);
      expect(await register.read('k')).toBe('v2');
    },
  );

  it('goes on with any minority dead, and fails at once with more', async () => {
    const { register, members } = make(5);
    await register.write('k', 'v');
    for (const one of members.slice(0, 2)) one.state = 'down';
    expect(await register.read('k')).toBe('v');
    await register.write('k', 'w');
    (members[2] as Replica).state = 'down';
    const failed = await register.read('k').catch((error: unknown) => error);
    expect(isQuorumError(failed) && failed.required).toBe(3);
    const error = (await register.write('k', 'x').catch((failure: unknown) => failure)) as RegisterWriteError;
    expect(isRegisterWriteError(error)).toBe(true);
    expect([error.outcome, error.tag, error.unfinished]).toEqual(['not-applied', undefined, undefined]);
  });

  it('takes the fast path exactly if c + R > N, and else writes back to those who had less', async () => {
    const { register, members } = make(5, { repair: 'none' });
    await register.write('k', 'v');
    const old = { tag: { counter: 1, writer: 'old' }, value: 'old' };
    const newer: Versioned<string> = { tag: { counter: 9, writer: 'new' }, value: 'new' };
    const holdersOf = (c: number): void => {
      for (const [n, one] of members.entries()) one.rows = new Map([['k', n < c ? newer : old]]);
    };
    for (const [c, path] of [
      [5, 'fast'],
      [4, 'fast'],
      [3, 'fast'],
      [2, 'write-back'],
      [1, 'write-back'],
    ] as const) {
      const fresh = make(5, { repair: 'none', replicas: members }).register;
      holdersOf(c);
      expect([c, (await fresh.lookup('k')).path]).toEqual([c, path]);
      const have = members.filter((one) => one.rows.get('k')?.value === 'new').length;
      expect(have).toBe(path === 'fast' ? c : 5);
    }
  });

  it('a regular read answers without writing back', async () => {
    const { register, members } = make(3, { consistency: 'regular', repair: 'none' });
    members[0]?.rows.set('k', { tag: { counter: 1, writer: 'w' }, value: 'v' });
    expect(await register.lookup('k')).toMatchObject({ value: 'v', path: 'regular' });
    expect(members[1]?.rows.size).toBe(0);
  });

  it('brings up to date in the background who answered with less, and who answers later', async () => {
    const { register, members } = make(3);
    const row = { tag: { counter: 4, writer: 'w' }, value: 'v' };
    for (const one of members.slice(0, 2)) one.rows.set('k', row);
    expect((await register.lookup('k')).path).toBe('fast');
    await new Promise((resolve) => setImmediate(resolve));
    expect(members[2]?.rows.get('k')).toEqual(row);
    expect(register.snapshot()).toMatchObject({ repaired: 1, repairsShed: 0 });
  });

  it('no two writes of one register have one tag, also not side by side, nor two incarnations', async () => {
    const { register, members } = make(3);
    const writes = await Promise.all(
      Array.from({ length: 50 }, (_, n) => register.write(n % 2 ? 'k' : 'l', `${n}`)),
    );
    const again = make(3, { replicas: members, random: seededRandom(8) }).register;
    writes.push(await again.write('k', 'x'));
    expect(new Set(writes.map(({ tag }) => encodeTag(tag))).size).toBe(51);
    expect(again.snapshot().writer).not.toBe(register.snapshot().writer);
    expect(register.snapshot().writer).toMatch(/^w\.[\w-]+$/);
    expect(make(1, { writer: 'api-1' }).register.snapshot().writer).toBeUndefined();
  });

  it('an indeterminate write is finished with the same tag, and does not come back over a later one', async () => {
    const { register, members } = make(3, { repair: 'none' });
    await register.write('k', 'first');
    let down = false;
    const flaky = make(3, {
      replicas: members,
      repair: 'none',
      random: seededRandom(9),
      write: async (replica, key, versioned) => {
        if (down && replica !== members[0]) throw new Error('reset');
        return write(replica, key, versioned);
      },
    }).register;
    down = true;
    const error = (await flaky
      .write('k', 'second')
      .catch((failure: unknown) => failure)) as RegisterWriteError;
    expect([error.outcome, error.tag?.counter, error.name]).toEqual([
      'indeterminate',
      2,
      'RegisterWriteError',
    ]);
    expect(JSON.stringify(error)).not.toContain('second');
    expect(members.map((one) => tagOf(one))).toEqual(['2', '1', '1']);
    down = false;
    const kept = JSON.parse(JSON.stringify(error.unfinished));
    expect((await flaky.retry(error)).tag).toEqual(error.tag);
    expect(members.map((one) => tagOf(one))).toEqual(['2', '2', '2']);
    await register.write('k', 'third');
    // Once more, after a restart: what was written since stays.
    await make(3, { replicas: members }).register.retry(kept);
    expect(await register.read('k')).toBe('third');
    await expect(flaky.retry(new Error('another'))).rejects.toThrow(/failed/);
  });

  it('says of a write for which time ran out what is known of it', async () => {
    const { register, members, clock } = make(3);
    await register.write('k', 'v');
    for (const one of members) one.state = 'silent';
    const inQuery = register.write('k', 'w', { timeoutMs: 100 }).catch((error: unknown) => error);
    await clock.advance(100);
    const error = (await inQuery) as RegisterWriteError;
    expect([isTimeoutError(error), error.outcome]).toEqual([true, 'not-applied']);
    let puts = 0;
    const slow = make(3, { replicas: members, clock, write: () => (puts++, new Promise(() => {})) }).register;
    for (const one of members) one.state = 'up';
    const inPut = slow.write('k', 'w', { timeoutMs: 100 }).catch((failure: unknown) => failure);
    await clock.advance(100);
    const late = (await inPut) as RegisterWriteError;
    expect([isTimeoutError(late), late.outcome, late.tag?.counter, puts]).toEqual([
      true,
      'indeterminate',
      2,
      3,
    ]);
    await clock.advance(10_000);
    expect(clock.pendingTimers).toBe(0);
  });

  it('rejects at once when its caller leaves, in both phases, and calls no more replicas', async () => {
    const { members, clock } = make(3);
    for (const phase of ['query', 'put'] as const) {
      const calls = { read: 0, write: 0 };
      const hang = (): Promise<never> => new Promise(() => {});
      const register = make(3, {
        replicas: members,
        clock,
        read: (...all) => (calls.read++, phase === 'query' ? hang() : read(all[0], all[1])),
        write: () => (calls.write++, hang()),
      }).register;
      const caller = new AbortController();
      const left = register.write('k', 'v', { signal: caller.signal }).catch((error: unknown) => error);
      await clock.advance(1);
      caller.abort('gone');
      expect(await left).toBe('gone');
      await clock.advance(20_000);
      expect(calls).toEqual({ read: 3, write: phase === 'query' ? 0 : 3 });
      expect([clock.pendingTimers, register.snapshot().inFlight]).toEqual([0, 0]);
    }
  });

  it('an abort at any moment ends any operation at once, once, and leaves nothing', async () => {
    const operations: ((
      register: ReturnType<typeof make>['register'],
      signal: AbortSignal,
    ) => Promise<unknown>)[] = [
      (register, signal) => register.read('k', { signal }),
      (register, signal) => register.write('k', 'new', { signal }),
      (register, signal) => register.delete('k', { signal }),
      (register, signal) => register.update('k', (value) => `${value}+`, { signal }),
      (register, signal) =>
        register.reconfigure({ replicas: [memoryReplica<string>()], keys: ['k', 'l'] }, { signal }),
    ];
    for (const operation of operations) {
      for (let ms = 0; ms <= 40; ms += 3) {
        const clock = virtualClock();
        const slowly = (): Promise<void> => new Promise((resolve) => void clock.setTimeout(resolve, 7));
        const { register, members } = make(3, {
          clock,
          read: (replica, key) => slowly().then(() => read(replica, key)),
          write: (replica, key, row) => slowly().then(() => write(replica, key, row)),
        });
        members[0]?.rows.set('k', { tag: { counter: 3, writer: 'other' }, value: 'old' });
        const caller = new AbortController();
        const call = watched(operation(register, caller.signal));
        await clock.advance(ms);
        const before = call.settlements;
        caller.abort('gone');
        await clock.settle();
        expect([call.settlements, before === 1 || call.error === 'gone']).toEqual([1, true]);
        await clock.advance(60_000);
        expect([call.settlements, clock.pendingTimers, register.snapshot().inFlight]).toEqual([1, 0, 0]);
        expect(register.snapshot().membership).toBe('stable');
      }
    }
  });

  it('updates of one key wait for each other, so that none is lost within the process', async () => {
    const { register } = make(3);
    const add = (value: string | undefined): string => `${value ?? ''}x`;
    const updates = Array.from({ length: 20 }, () => register.update('k', add));
    await Promise.resolve();
    expect(register.snapshot().updating).toBe(1);
    await Promise.all(updates);
    expect(register.snapshot().updating).toBe(0);
    expect(await register.read('k')).toBe('x'.repeat(20));
    await register.update('k', async () => undefined);
    expect(await register.read('k')).toBeUndefined();
    const boom = new Error('boom');
    await expect(register.update('k', () => Promise.reject(boom))).rejects.toBe(boom);
    await expect(make(1, { maxWaitingUpdates: 0 }).register.update('k', 1 as never)).rejects.toThrow(
      /change/,
    );
  });

  it('an update has no more time than it is given, and those behind it go on', async () => {
    const { register, clock } = make(3, { timeoutMs: 1_000 });
    const hung = watched(register.update('k', () => new Promise(() => {})));
    const behind = watched(register.update('k', () => 'behind', { timeoutMs: 2_000 }));
    const limited = watched(register.update('k', () => new Promise(() => {}), { timeoutMs: 100 }));
    await clock.advance(1_000);
    expect(hung.error).toMatchObject({ outcome: 'not-applied', name: 'TimeoutError' });
    expect(behind.settlements).toBe(1);
    await clock.advance(1_000);
    expect(limited.error).toMatchObject({ outcome: 'not-applied' });
    expect([clock.pendingTimers, register.snapshot().updating]).toEqual([0, 0]);
  });

  it('a change of replicas has no more time than its caller gives it', async () => {
    const { register, clock, members } = make(3);
    const silent = [1, 2, 3].map(() => memoryReplica<string>('silent'));
    const change = watched(register.reconfigure({ replicas: silent, keys: ['k'] }, { timeoutMs: 100 }));
    await clock.advance(100);
    expect(isTimeoutError(change.error)).toBe(true);
    await clock.advance(20_000);
    expect([register.snapshot().membership, clock.pendingTimers]).toEqual(['stable', 0]);
    expect(members[0]?.asked).toBeGreaterThan(0);
  });

  it('bounds the updates that wait, and writes nothing once its caller has left', async () => {
    const { register, members, clock } = make(1, { maxWaitingUpdates: 1 });
    let go = (): void => {};
    const caller = new AbortController();
    const first = register.update('k', () => new Promise((resolve) => (go = () => resolve('late'))), {
      signal: caller.signal,
    });
    const second = register.update('k', () => 'second');
    await expect(register.update('k', () => 'third')).rejects.toMatchObject({ code: 'EVENKEEL_GATE_FULL' });
    await clock.settle();
    caller.abort('gone');
    await expect(first).rejects.toBe('gone');
    go();
    await second;
    expect(members[0]?.rows.get('k')).toMatchObject({ value: 'second', tag: { counter: 1 } });
  });

  it('finds the replicas of a key where the store is partitioned', async () => {
    const nodes = ['a', 'b', 'c', 'd', 'e', 'f'];
    const stores = new Map(nodes.map((name) => [name, memoryReplica<string>()]));
    const register = quorumRegister<string, string>({
      replicas: (key) => preferenceOrder(key, nodes).slice(0, 3),
      read: (name, key) => read(stores.get(name) as Replica, key),
      write: (name, key, row) => write(stores.get(name) as Replica, key, row),
      consistency: 'linearizable',
    });
    for (let n = 0; n < 60; n++) await register.write(`k${n}`, `v${n}`);
    for (let n = 0; n < 60; n++) expect(await register.read(`k${n}`)).toBe(`v${n}`);
    const sizes = [...stores.values()].map(({ rows }) => rows.size);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(180);
    expect(Math.min(...sizes)).toBeGreaterThan(10);
  });

  it('counts by rules where replicas weigh differently or stand in groups', async () => {
    const members = [1, 2, 3, 4].map(() => memoryReplica<string>());
    const heavy = weighted<Replica>({ votesOf: (one) => (one === members[0] ? 2 : 1) });
    const { register } = make(4, { replicas: members, quorum: { read: heavy, write: heavy } });
    for (const one of members.slice(2)) one.state = 'down';
    await register.write('k', 'v');
    expect(await register.read('k')).toBe('v');
    const groupOf = (one: Replica): string => (members.indexOf(one) < 2 ? 'eu' : 'us');
    const each = eachQuorum({ groupOf });
    const grouped = make(4, { replicas: members, quorum: { read: each, write: each } }).register;
    await expect(grouped.read('k')).rejects.toThrow(/us 0 of 2/);
    const light = weighted<Replica>({ votesOf: () => 1, required: 2 });
    expect(() => make(4, { replicas: members, quorum: { read: light, write: light } })).toThrow(
      /meets every write/,
    );
  });

  it('a straggler keeps no process alive once the read has its answer', async () => {
    const kinds: unknown[] = [];
    const inner = virtualClock();
    const clock = {
      now: () => inner.now(),
      clearTimeout: (timer: unknown) => inner.clearTimeout(timer),
      setTimeout: (fn: () => void, ms: number, kind?: 'background') => (
        kinds.push(kind),
        inner.setTimeout(fn, ms)
      ),
    };
    const members = [1, 2, 3].map(() => memoryReplica<string>());
    (members[2] as Replica).state = 'silent';
    const slow: typeof read = async (replica, key) => {
      if (replica === members[1]) await new Promise<void>((resolve) => void inner.setTimeout(resolve, 10));
      return read(replica, key);
    };
    const call = make(3, { replicas: members, clock, read: slow }).register.read('k');
    await inner.advance(10);
    await call;
    // While the call waits its timer does keep it alive; then one that does not takes its place.
    expect(kinds).toEqual([undefined, 'background']);
    await inner.advance(10_000);
    expect(inner.pendingTimers).toBe(0);
  });

  it('tells how each read was found', async () => {
    const events: ObserverEvent[] = [];
    const { register } = make(3, { observer: (event) => events.push(event) });
    await register.write('k', 'v');
    await register.read('k');
    const [last] = events.filter(({ type }) => type === 'register-read');
    expect(last).toMatchObject({ room: 'quorum', path: 'fast', holders: 2, of: 3 });
  });

  it('one key is empty and the other is not', async () => {
    const { register } = make(3);
    await register.write('a', '1');
    expect([await register.read('a'), await register.read('b')]).toEqual(['1', undefined]);
  });
});

describe('a replica that breaks the contract', () => {
  it('went back: its answers do not count until it has caught up, and it is brought up to date', async () => {
    const events: ObserverEvent[] = [];
    const { register, members } = make(3, { observer: (event) => events.push(event) });
    await register.write('k', 'v');
    await register.read('k');
    members[0]?.rows.clear(); // restarted empty
    const { value, replies } = await register.lookup('k');
    expect(value).toBe('v');
    expect(isReplicaContractError((replies[0] as { error?: unknown }).error)).toBe(true);
    expect(events.map(({ type, breach }) => [type, breach])).toContainEqual(['contract-broken', 'went-back']);
    expect(JSON.stringify(events)).not.toContain('"k"');
    await new Promise((resolve) => setImmediate(resolve));
    expect(members[0]?.rows.get('k')?.value).toBe('v');
    expect((await register.lookup('k')).replies.filter(({ status }) => status === 'failed')).toEqual([]);
    expect(register.snapshot().breaches).toBe(1);
  });

  it('went back also if it was only ever read', async () => {
    const { register, members } = make(3, { repair: 'none' });
    for (const one of members) one.rows.set('k', { tag: { counter: 5, writer: 'other' }, value: 'v' });
    await register.read('k');
    members[0]?.rows.set('k', { tag: { counter: 4, writer: 'other' }, value: 'restored' });
    expect(await register.read('k')).toBe('v');
    expect(register.snapshot().breaches).toBe(1);
  });

  it('is no breach for who does not know it: a replica that has left and comes back starts anew', async () => {
    const { register, members } = make(3, { repair: 'none' });
    await register.write('k', 'v');
    await register.reconfigure({ replicas: members.slice(1), keys: ['k'] });
    members[0]?.rows.clear();
    await register.reconfigure({ replicas: members, keys: ['k'] });
    expect(await register.read('k')).toBe('v');
    expect(register.snapshot().breaches).toBe(0);
  });

  it('has different values under one tag: no read can be right', async () => {
    const { register, members } = make(3);
    const tag = { counter: 1, writer: 'twice' };
    for (const [n, one] of members.entries()) one.rows.set('k', { tag, value: `v${n}` });
    await expect(register.read('k')).rejects.toMatchObject({ breach: 'equal-tags' });
    for (const one of members) one.rows.set('k', { tag, value: 'same' });
    expect(await register.read('k')).toBe('same');
  });

  it.each<[string, unknown]>([
    ['no object', 'v'],
    ['no tag', { value: 'v' }],
    ['a counter that is none', { tag: { counter: Number.NaN, writer: 'w' }, value: 'v' }],
    ['the last counter there is', { tag: { counter: Number.MAX_SAFE_INTEGER, writer: 'w' }, value: 'v' }],
    ['a counter beyond all numbers', { tag: { counter: 2 ** 60, writer: 'w' }, value: 'v' }],
    ['a writer that is none', { tag: { counter: 1, writer: 'a b' }, value: 'v' }],
  ])('answers with %s', async (_, answer) => {
    const { members } = make(3);
    const register = make(3, {
      replicas: members,
      read: async (replica, key) => (replica === members[0] ? (answer as never) : read(replica, key)),
    }).register;
    await register.write('k', 'v');
    expect(await register.read('k')).toBe('v');
    expect(register.snapshot().breaches).toBeGreaterThan(0);
  });

  it('has a newer tag of this writer than this writer has made', async () => {
    const { register, members } = make(3);
    await register.write('k', 'v');
    const writer = register.snapshot().writer ?? '';
    members[0]?.rows.set('k', { tag: { counter: 1_000, writer }, value: 'forged' });
    expect(await register.read('k')).toBe('v');
    expect(register.snapshot().breaches).toBe(1);
  });

  it('answers twice, or after the deadline: nothing comes of it', async () => {
    const clock = virtualClock();
    const members = [1, 2, 3].map(() => memoryReplica<string>());
    let late = (): void => {};
    const { register } = make(3, {
      clock,
      replicas: members,
      replicaTimeoutMs: 50,
      read: (replica, key) =>
        replica === members[2]
          ? new Promise(
              (resolve) => (late = () => resolve({ tag: { counter: 99, writer: 'late' }, value: 'late' })),
            )
          : read(replica, key),
    });
    await register.write('k', 'v');
    await clock.advance(100);
    late();
    late();
    expect(await register.read('k')).toBe('v');
    expect((await register.write('k', 'w')).tag.counter).toBe(2);
  });
});

describe('what is no register', () => {
  it.each<[string, Partial<QuorumRegisterOptions<Replica, string>>]>([
    ['replicas', { replicas: [] }],
    ['read', { read: undefined as never }],
    ['write', { write: 1 as never }],
    ['consistency', { consistency: 'strong' as never }],
    ['quorum', { quorum: { read: 1, write: 2 } }],
    ['required', { quorum: { read: 0, write: 3 } }],
    ['required', { quorum: { read: 2, write: 4 } }],
    ['timeoutMs', { timeoutMs: 0 }],
    ['replicaTimeoutMs', { replicaTimeoutMs: Number.NaN }],
    ['repair', { repair: 'blocking' as never }],
    ['maxConcurrent', { maxConcurrent: 0 }],
    ['maxEntries', { maxTrackedKeys: 0 }],
    ['writer', { writer: 'a:b' }],
    ['hints', { hints: {} as never }],
  ])('is refused: %s', (option, options) => {
    try {
      make(3, options);
      expect.unreachable();
    } catch (error) {
      expect(isOptionError(error) && error.option).toBe(option);
    }
  });

  it('refuses keys and values that are none, at the call', async () => {
    const { register } = make(3);
    await expect(register.read('')).rejects.toThrow(/key/);
    await expect(register.write('k', undefined as never)).rejects.toThrow(/value/);
    await expect(register.write('k', 'v', { timeoutMs: -1 })).rejects.toThrow(/timeoutMs/);
    const doubled = memoryReplica<string>();
    expect(() => make(2, { replicas: [doubled, doubled] })).toThrow(/once/);
  });
});

describe('checkReplicaContract', () => {
  const value = (n: number): string => `value ${n}`;

  it('finds nothing wrong with a replica that keeps it', async () => {
    expect(await checkReplicaContract({ replica: memoryReplica<string>(), read, write, value })).toEqual([]);
  });

  it.each<[string, (rows: Map<string, Versioned<string>>, key: string, row: Versioned<string>) => unknown]>([
    ['an older write changes nothing', (rows, key, row) => rows.set(key, row)],
    [
      'counters are compared as numbers',
      (rows, key, row) =>
        String(row.tag.counter) > String(rows.get(key)?.tag.counter ?? '') && rows.set(key, row),
    ],
    [
      'of equal counters the higher writer wins',
      (rows, key, row) => row.tag.counter > (rows.get(key)?.tag.counter ?? 0) && rows.set(key, row),
    ],
    [
      'a tombstone is kept, and keeps older writes out',
      (rows, key, row) =>
        row.deleted === true
          ? rows.delete(key)
          : compareTags(row.tag, rows.get(key)?.tag ?? { counter: 0, writer: '' }) > 0 && rows.set(key, row),
    ],
    [
      'of writes that come at once the newest stays',
      async (rows, key, row) => {
        const old = rows.get(key);
        await new Promise((resolve) => setImmediate(resolve)); // looks, and then leaps
        if (old === undefined || compareTags(row.tag, old.tag) > 0) rows.set(key, row);
      },
    ],
    [
      'a first write is stored, value and tag',
      (rows, key, row) => {
        if (compareTags(row.tag, rows.get(key)?.tag ?? { counter: 0, writer: '' }) > 0) {
          rows.set(key, { ...row, value: 'something else' });
        }
      },
    ],
    ['keys do not touch', (rows, _, row) => rows.set('contract-one', row)],
    [
      'the same write twice is one',
      () => {
        throw new Error('unique constraint');
      },
    ],
  ])('finds: %s', async (rule, put) => {
    const broken = await checkReplicaContract({
      replica: new Map<string, Versioned<string>>(),
      read: async (rows, key) => rows.get(key),
      write: async (rows, key, row) => put(rows, key, row),
      value,
    });
    expect(broken.map((one) => one.rule)).toContain(rule);
  });
});
