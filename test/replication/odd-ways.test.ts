/** The ways that few calls go: late refusals, odd orders, replicas that refuse, servers nobody has heard of. */
import { healthTracker, type ObserverEvent, partitioned, retry, session } from 'evenkeel';
import { seededRandom, virtualClock } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';
import { Reporter } from '../../src/core/observer.ts';
import { Nodes } from '../../src/replication/node.ts';
import { Table } from '../../src/replication/table.ts';
import { type Answer, Cluster, NotLeader, type Request, watched } from './cluster.ts';

const abc = ['a', 'b', 'c'];

function store() {
  const clock = virtualClock();
  return { clock, cluster: new Cluster(clock, abc, { p: 'a', q: 'b' }) };
}

describe('a caller who left while the request was out', () => {
  it.each([
    ['refused', () => new NotLeader('b', 2)],
    ['failed', () => new Error('reset')],
  ])('is not sent on when it is %s', async (_, error) => {
    const { clock, cluster } = store();
    let sent = 0;
    const send = async (): Promise<Answer> => {
      sent++;
      await cluster.wait(20);
      throw error();
    };
    const call = partitioned(cluster.options({ groups: cluster.load, send }));
    const caller = new AbortController();
    const mine = watched(call({ partition: 'p' }, { signal: caller.signal, idempotent: true }));
    await clock.advance(10);
    caller.abort('left');
    await clock.advance(5000);
    expect(mine.error).toBe('left');
    expect(sent).toBe(1);
  });
});

it('an answer that is a refusal comes back where its body is spent', async () => {
  const { cluster } = store();
  const call = partitioned({
    partitionOf: () => 'p',
    groups: cluster.groups(),
    send: async (server: string) => ({ try: server === 'a' ? 'b' : undefined }),
    redirect: (settled) =>
      settled.status === 'fulfilled' && settled.value.try ? { to: settled.value.try } : undefined,
  });
  expect(await call({ body: new ReadableStream() })).toEqual({ try: 'b' });
});

it.each([
  ['failed', (n: number) => (n === 0 ? new Error('reset') : new NotLeader())],
  ['was acknowledged by an old primary', (n: number) => (n === 0 ? undefined : new NotLeader())],
])('a write that %s and then goes in circles is indeterminate', async (_, answer) => {
  const { clock, cluster } = store();
  let sent = 0;
  let epoch = 1;
  const call = partitioned(
    cluster.options({
      groups: async () => [{ partitions: ['p'], primary: 'a', epoch }],
      send: async () => {
        const error = answer(sent++);
        await cluster.wait(20);
        if (error !== undefined) throw error;
        return { by: 'a', epoch: 0 };
      },
      epochOf: ({ epoch }) => epoch,
    }),
  );
  epoch = 1;
  const ended = watched(call({ partition: 'p' }, { idempotent: true }));
  await clock.advance(5000);
  expect(ended.error).toMatchObject({ code: 'EVENKEEL_REDIRECT_LOOP', outcome: 'indeterminate' });
});

it.each([
  ['an overload, which is for a retry to wait out', { partition: 'p' }, { retryAfterMs: 100 }],
  ['a read that a replica failed', { partition: 'p', read: true }, {}],
])('does not send again %s', async (_, request, facts) => {
  const { clock, cluster } = store();
  let sent = 0;
  const send = async (): Promise<Answer> => {
    sent++;
    throw Object.assign(new Error('no'), facts);
  };
  const call = partitioned(cluster.options({ send }));
  const ended = watched(call(request, { idempotent: true }));
  await clock.advance(50);
  expect(ended.error).toMatchObject({ message: 'no' });
  expect(sent).toBe(1);
});

it('a replica that refuses reads sends them to the primary, and is well', async () => {
  const { clock, cluster } = store();
  const health = healthTracker({ clock });
  const asked: string[] = [];
  const send = async (server: string): Promise<Answer> => {
    asked.push(server);
    if (server !== 'a') throw new NotLeader('a', 1);
    return { by: server, epoch: 1 };
  };
  const call = partitioned(cluster.options({ groups: cluster.groups(), send, health }));
  for (let n = 0; n < 60; n++) {
    expect((await call({ partition: 'p', read: true })).by).toBe('a');
    expect(asked.splice(0)).toEqual([expect.stringMatching(/[bc]/), 'a']);
    await clock.advance(10);
  }
  expect(['b', 'c'].map((name) => health.status(name))).toEqual(['healthy', 'healthy']);
});

it('a replica of an older epoch may be read; a primary of a newer one is believed', async () => {
  const { cluster } = store();
  const send = async (server: string): Promise<Answer> => ({ by: server, epoch: server === 'a' ? 5 : 1 });
  const call = partitioned(
    cluster.options({ groups: cluster.groups(), send, epochOf: ({ epoch }) => epoch }),
  );
  await call({ partition: 'p' });
  expect(call.partition('p')).toMatchObject({ primary: 'a', epoch: 5 });
  expect((await call({ partition: 'p', read: true })).epoch).toBe(1);
});

it('a call that comes while the first map is out takes that map', async () => {
  const { clock, cluster } = store();
  const call = partitioned(cluster.options());
  void call({ partition: 'p' });
  await clock.advance(1);
  const lost = watched(call({ partition: 'nowhere' }));
  await clock.advance(5);
  expect(lost.error).toMatchObject({ code: 'EVENKEEL_NO_PRIMARY' });
  expect(cluster.maps).toBe(1);
});

it('a retry outside goes to another replica, and to the primary when there is none', async () => {
  const { clock, cluster } = store();
  const call = partitioned(cluster.options({ groups: cluster.groups(), random: seededRandom(3) }));
  const again = retry({ maxAttempts: 3, baseDelayMs: 1, clock })(call);
  const read = async (): Promise<string | undefined> => {
    const from = cluster.sent.length;
    const ended = watched(again({ partition: 'p', read: true }));
    await clock.advance(100);
    const asked = cluster.sent.slice(from).map(({ to }) => to);
    expect(new Set(asked).size).toBe(asked.length);
    return ended.value?.by;
  };
  cluster.down.add('b');
  for (let n = 0; n < 10; n++) expect(await read()).toBe('c');
  cluster.down.add('c');
  for (let n = 0; n < 10; n++) expect(await read()).toBe('a');
});

it('an ejected replica is given a trial, and comes back', async () => {
  const { clock, cluster } = store();
  const health = healthTracker({ clock });
  const call = partitioned(cluster.options({ groups: cluster.groups(), health }));
  const readAll = async (count: number): Promise<string[]> => {
    const from = cluster.sent.length;
    for (let n = 0; n < count; n++) {
      void call({ partition: 'p', read: true }).catch(() => {});
      await clock.advance(50);
    }
    return cluster.sent.slice(from).map(({ to }) => to);
  };
  cluster.down.add('c');
  await readAll(100);
  expect(health.status('c')).toBe('unhealthy');
  cluster.down.delete('c');
  await readAll(2000);
  expect(health.status('c')).toBe('healthy');
  expect((await readAll(100)).filter((to) => to === 'c').length).toBeGreaterThan(20);
});

it('replicas that are behind are not asked in circles while nobody leads', async () => {
  const { clock, cluster } = store();
  let sent = 0;
  const call = partitioned<string, Request, Answer>({
    ...cluster.options({ primaryTimeoutMs: 600 }),
    groups: async () => [{ partitions: ['p'], replicas: ['b', 'c'], epoch: 1 }],
    send: async (server) => ({ by: server, epoch: ++sent }),
    positionOf: () => ({ epoch: 1, offset: 1 }),
  });
  const mine = session();
  mine.saw('p', { epoch: 1, offset: 2 });
  const ended = watched(call({ partition: 'p', read: true }, { session: mine }));
  await clock.advance(1000);
  expect(ended.error).toMatchObject({ code: 'EVENKEEL_NO_PRIMARY' });
  expect(sent).toBe(2);
});

it('one server is one node, with one count, in all groups of a map', async () => {
  const { clock, cluster } = store();
  const call = partitioned({
    ...cluster.options(),
    groups: [
      { partitions: ['p'], primary: 'a', replicas: ['b'] },
      { partitions: ['q'], primary: 'b' },
    ],
  });
  void call({ partition: 'q' });
  void call({ partition: 'p', read: true });
  expect(call.snapshot().nodes).toEqual([
    { node: 'a', pending: 0, rank: 0 },
    { node: 'b', pending: 2, rank: 0 },
  ]);
  await clock.advance(10);
});

it('a server that only a redirect has named is known while it leads', async () => {
  const { clock, cluster } = store();
  const call = partitioned({
    ...cluster.options({ send: async (server) => ({ by: server, epoch: 1 }) }),
    groups: [{ partitions: ['p'], primary: 'a' }],
    redirect: (_, from) => (from === 'a' ? { to: 'z' } : undefined),
  });
  expect((await call({ partition: 'p' })).by).toBe('z');
  expect(call.snapshot().nodes.map(({ node }) => node)).toEqual(['z']);
  await clock.settle();
});

describe('the table', () => {
  const table = (observer?: (event: ObserverEvent) => void) => {
    const made = new Table<string>(
      new Nodes(undefined),
      new Reporter('replication', observer ? { observer } : {}),
    );
    made.renew([{ partitions: ['p'], primary: 'a', replicas: ['b'], epoch: 2 }], made.now);
    const entry = made.entry('p');
    if (entry === undefined) throw new Error('no entry');
    return { table: made, entry };
  };

  it('takes nothing from a map of a lower epoch, the replicas neither', () => {
    const { table: one, entry } = table();
    one.renew([{ partitions: ['p'], primary: 'x', replicas: ['y'], epoch: 1 }], one.now);
    expect(entry.leadership).toMatchObject({ epoch: 2, state: 'known' });
    expect(entry.replicas.map(({ name }) => name)).toEqual(['b']);
  });

  it('does not take a denial for news that was asked for before the leader came back', () => {
    const { table: one, entry } = table();
    const before = one.now;
    one.claim(entry, 'b', 3, one.now);
    one.claim(entry, 'a', 4, one.now);
    const leader = entry.leadership.leader;
    if (leader === undefined) throw new Error('no leader');
    one.denied(entry, leader, before);
    expect(entry.leadership.state).toBe('known');
    one.denied(entry, leader, one.now);
    expect(entry.leadership.state).toBe('moving');
  });

  it('forgets a partition that a map does not name', () => {
    const { table: one } = table();
    one.renew([{ partitions: ['q'], primary: 'a' }], one.now);
    expect(one.entry('p')).toBeUndefined();
  });
});

it('an ejected primary comes back by the writes it serves', async () => {
  const { clock, cluster } = store();
  const health = healthTracker({ clock });
  const call = partitioned(cluster.options({ groups: cluster.groups(), health }));
  const writeAll = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n++) {
      void call({ partition: 'p' }).catch(() => {});
      await clock.advance(100);
    }
  };
  cluster.down.add('a');
  await writeAll(50);
  expect(health.status('a')).toBe('unhealthy');
  cluster.down.delete('a');
  await writeAll(1000);
  expect(health.status('a')).toBe('healthy');
});

it('a map that was asked for before a failure does not confirm who failed', async () => {
  const { clock, cluster } = store();
  let mapMs = 1;
  const sentAt: number[] = [];
  const call = partitioned(
    cluster.options({
      groups: async () => {
        const groups = cluster.groups();
        await cluster.wait(mapMs);
        return groups;
      },
      mapMaxAgeMs: 1000,
      send: async (server, request, context) => {
        if (server === 'a') sentAt.push(clock.now());
        return cluster.send(server, request, context);
      },
    }),
  );
  await Promise.all([call({ partition: 'p' }), clock.advance(2000)]);
  mapMs = 100;
  cluster.down.add('a');
  sentAt.length = 0;
  const beganMs = clock.now();
  // Its own call makes the old map be asked for, before it fails.
  const ended = watched(call({ partition: 'p' }));
  await clock.advance(10);
  cluster.elect('p', 'b');
  await clock.advance(1000);
  expect(ended.value?.by).toBe('b');
  expect(sentAt).toEqual([beganMs]);
});
