/** Many seeds: leaders move under load, two claim to lead, callers leave at every step. */
import * as fc from 'fast-check';
import { partitioned } from 'evenkeel';
import { seededRandom, virtualClock } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';
import { Cluster, watched } from './cluster.ts';

const names = ['a', 'b', 'c'];
const seeds = Array.from({ length: 20 }, (_, seed) => seed + 1);

describe('leaders move under load, and no call is lost', () => {
  it.each(seeds)('seed %i', async (seed) => {
    const clock = virtualClock();
    const random = seededRandom(seed);
    const partitions = ['p0', 'p1', 'p2', 'p3'];
    const cluster = new Cluster(
      clock,
      names,
      Object.fromEntries(partitions.map((p, n) => [p, names[n % 3] ?? ''])),
    );
    cluster.epochs = seed % 3 > 0;
    const call = partitioned(cluster.options({ random }));
    const any = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
    const calls = [];
    for (let ms = 0; ms < 6000; ms += 5) {
      calls.push(watched(call({ partition: any(partitions) })));
      if (random() < 0.02) cluster.elect(any(partitions), any(names));
      // A server dies: its partitions have nobody for a while, then another of the living.
      if (ms % 1500 === 700) {
        const dead = any(names);
        cluster.down.add(dead);
        const living = names.filter((name) => name !== dead);
        clock.setTimeout(
          () => {
            for (const [p, { leader }] of cluster.truth) if (leader === dead) cluster.elect(p, any(living));
          },
          400,
          'background',
        );
        clock.setTimeout(() => void cluster.down.delete(dead), 600, 'background');
      }
      await clock.advance(5);
    }
    await clock.advance(10_000);
    expect(calls.filter(({ settlements }) => settlements !== 1)).toEqual([]);
    expect(calls.flatMap(({ error }) => (error === undefined ? [] : [error]))).toEqual([]);
    // Each write was done once.
    expect(cluster.applied).toHaveLength(calls.length);
    // The map was not asked for by every call.
    expect(cluster.maps).toBeLessThan(6000 / 250 + 10);
    expect(call.snapshot()).toMatchObject({ waiting: 0, headless: 0 });
    expect(call.snapshot().nodes.every(({ pending }) => pending === 0)).toBe(true);
    expect(clock.pendingTimers).toBe(0);
  });

  it('a call for another partition does not notice', async () => {
    const clock = virtualClock();
    const cluster = new Cluster(clock, names, { p: 'a', q: 'b' });
    const call = partitioned(cluster.options());
    await Promise.all([call({ partition: 'p' }), clock.advance(500)]);
    cluster.down.add('a');
    const stuck = watched(call({ partition: 'p' }));
    await clock.advance(100);
    const free = watched(call({ partition: 'q' }));
    await clock.advance(2);
    expect([stuck.settlements, free.value?.by]).toEqual([0, 'b']);
    cluster.elect('p', 'c');
    await clock.advance(1000);
    expect(stuck.value?.by).toBe('c');
  });
});

describe('split brain', () => {
  it('no write goes to the lower epoch once the higher is known, whoever says what', async () => {
    const word = fc.record({
      kind: fc.constantFrom('map', 'write', 'elect', 'forget', 'rest'),
      server: fc.constantFrom(...names),
      epoch: fc.nat(6),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(word, { minLength: 5, maxLength: 40 }), async (words) => {
        const clock = virtualClock();
        // An epoch has one leader: a server may not know which epoch it is, but not who led it.
        const leaderOf = (epoch: number) => names[(epoch * 7) % 3] as string;
        const cluster = new Cluster(clock, names, { p: leaderOf(1) });
        let map = { leader: leaderOf(1), epoch: 1 };
        const sends: { to: string; known: number; leader: string | undefined }[] = [];
        const checked = partitioned({
          ...cluster.options({ epochOf: ({ epoch }) => epoch, primaryTimeoutMs: 600, mapMaxAgeMs: 100 }),
          groups: async () => [{ partitions: ['p'], primary: map.leader, epoch: map.epoch, replicas: names }],
          send: (server, request, context) => {
            const now = checked.partition('p');
            sends.push({ to: server, known: now?.epoch ?? -1, leader: now?.primary });
            return cluster.send(server, request, context);
          },
        });
        const calls = [];
        let highest = -1;
        for (const { kind, server, epoch } of words) {
          if (kind === 'map') map = { leader: leaderOf(epoch), epoch };
          if (kind === 'elect') cluster.beliefs.set(`${server}/p`, { leader: leaderOf(epoch), epoch });
          if (kind === 'forget') cluster.beliefs.delete(`${server}/p`);
          if (kind === 'write') calls.push(watched(checked({ partition: 'p' })));
          await clock.advance(kind === 'rest' ? 130 : 1);
          const known = checked.partition('p')?.epoch ?? -1;
          expect(known).toBeGreaterThanOrEqual(highest);
          highest = known;
        }
        await clock.advance(5000);
        // Each write went to the leader of the highest epoch that was known at that moment.
        for (const { to, known, leader } of sends) {
          expect(to).toBe(leader);
          if (known >= 0) expect(to).toBe(leaderOf(known));
        }
        expect(calls.every(({ settlements }) => settlements === 1)).toBe(true);
        expect(clock.pendingTimers).toBe(0);
      }),
      { numRuns: 150 },
    );
  });

  it('an old primary’s acknowledgement is no success, and is said to be indeterminate', async () => {
    const clock = virtualClock();
    const cluster = new Cluster(clock, names, { p: 'a' });
    const call = partitioned(cluster.options({ epochOf: ({ epoch }) => epoch }));
    await Promise.all([call({ partition: 'p' }), clock.advance(500)]);
    // a does not know that it was deposed, and is slow.
    cluster.beliefs.set('a/p', { leader: 'a', epoch: 1 });
    cluster.latencyMs = 50;
    const [plain, twice] = [
      watched(call({ partition: 'p' })),
      watched(call({ partition: 'p' }, { idempotent: true })),
    ];
    await clock.advance(10);
    cluster.elect('p', 'b');
    cluster.latencyMs = 1;
    // Somebody else's read of the map brings the new epoch meanwhile.
    cluster.beliefs.set('c/p', { leader: 'b', epoch: 2 });
    const other = partitioned(cluster.options());
    await Promise.all([other({ partition: 'p' }), clock.advance(5)]);
    const refreshed = watched(call({ partition: 'gone' }));
    await clock.advance(5);
    expect(refreshed.settlements).toBe(1);
    expect(call.partition('p')).toMatchObject({ primary: 'b', epoch: 2 });
    await clock.advance(100);
    expect(plain.error).toMatchObject({
      code: 'EVENKEEL_STALE_PRIMARY',
      outcome: 'indeterminate',
      epoch: 1,
      knownEpoch: 2,
    });
    expect(twice.value).toEqual({ by: 'b', epoch: 2 });
  });
});

describe('a caller who leaves', () => {
  it.each(Array.from({ length: 60 }, (_, step) => step))(
    'at step %i is told at once, and nobody is called for them',
    async (step) => {
      const clock = virtualClock();
      const cluster = new Cluster(clock, names, { p: 'a' });
      cluster.beliefs.set('a/p', { leader: 'b', epoch: 2 });
      cluster.beliefs.set('b/p', { leader: undefined, epoch: 2 });
      const call = partitioned(cluster.options());
      const caller = new AbortController();
      const mine = watched(call({ partition: 'p' }, { signal: caller.signal }));
      const other = watched(call({ partition: 'p' }));
      for (let at = 0; at < step; at++) await (at % 3 === 2 ? clock.advance(10) : Promise.resolve());
      const before = mine.settlements;
      caller.abort('left');
      for (let at = 0; at < 5; at++) await Promise.resolve();
      expect(before + mine.settlements).toBeGreaterThanOrEqual(1);
      if (before === 0) expect(mine.error).toBe('left');
      const sent = cluster.sent.length;
      // Only the other is left to be sent.
      cluster.beliefs.clear();
      cluster.elect('p', 'c');
      cluster.elect('p', 'c');
      await clock.advance(8000);
      expect(other.value).toEqual({ by: 'c', epoch: 3 });
      expect(cluster.sent.length - sent).toBeLessThanOrEqual(3);
      expect(call.snapshot()).toMatchObject({ waiting: 0 });
      expect(clock.pendingTimers).toBe(0);
    },
  );
});
