/** Sessions through `partitioned`: each answer is held against what the session has seen. */
import { isSessionLostError, type ObserverEvent, partitioned, session } from 'evenkeel';
import type { AppliedPosition } from 'evenkeel';
import { seededRandom, virtualClock } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';
import { watched } from './cluster.ts';

interface Request {
  readonly read?: boolean;
}

/** Three servers, each at a position of its own. */
function lagging(positions: Record<string, AppliedPosition>) {
  const asked: string[] = [];
  const events: ObserverEvent[] = [];
  const clock = virtualClock();
  const call = partitioned({
    partitionOf: () => 'p',
    accessOf: ({ read }: Request) => (read === true ? 'read' : 'write'),
    groups: [{ partitions: ['p'], primary: 'a', replicas: ['b', 'c'] }],
    send: async (server: string) => {
      asked.push(server);
      return { by: server, at: positions[server] as AppliedPosition };
    },
    positionOf: ({ at }) => at,
    observer: (event) => events.push(event),
    random: seededRandom(1),
    clock,
  });
  return { call, asked, clock, positions, events };
}

const at = (offset: number, epoch = 1): AppliedPosition => ({ epoch, offset });

describe('a session', () => {
  it('reads what it wrote: replicas behind it are passed over, in the end for the primary', async () => {
    const { call, asked } = lagging({ a: at(10), b: at(9), c: at(3) });
    const mine = session();
    await call({}, { session: mine });
    expect((await call({ read: true }, { session: mine })).by).toBe('a');
    expect(asked.slice(1).sort()).toEqual(['a', 'b', 'c']);
    // Whoever has no session takes what comes.
    expect((await call({ read: true })).by).not.toBe('a');
  });

  it('asks each answer anew: one that has caught up says nothing of the next (gitlab#413203)', async () => {
    const { call, positions } = lagging({ a: at(10), b: at(10), c: at(3) });
    const mine = session();
    await call({}, { session: mine });
    for (let n = 0; n < 20; n++) expect((await call({ read: true }, { session: mine })).at.offset).toBe(10);
    positions['b'] = at(2);
    expect((await call({ read: true }, { session: mine })).by).toBe('a');
  });

  it('never goes back from what it has read', async () => {
    const { call, positions } = lagging({ a: at(10), b: at(7), c: at(7) });
    const mine = session();
    await call({ read: true }, { session: mine });
    expect(mine.seen('p')).toEqual({ epoch: 1, offset: 7 });
    positions['b'] = positions['c'] = at(6);
    expect((await call({ read: true }, { session: mine })).by).toBe('a');
  });

  it('asks the primary where its token had no room', async () => {
    const { call } = lagging({ a: at(10), b: at(10), c: at(10) });
    const mine = session({ maxPartitions: 1 });
    mine.saw('other', at(1, 9));
    mine.saw('another', at(2, 9));
    expect((await call({ read: true }, { session: mine })).by).toBe('a');
  });

  it.each([
    ['a new primary that never had it', { ...at(850, 2), startedAt: 800 }],
    ['a primary that is behind', at(800, 1)],
    ['a store whose epochs began anew', at(5000, 0)],
  ])('hears of a loss: %s', async (_, primary) => {
    const { call, positions, events } = lagging({ a: at(900), b: at(900), c: at(900) });
    const mine = session();
    await call({}, { session: mine });
    positions['a'] = positions['b'] = positions['c'] = primary;
    const error: unknown = await call({ read: true }, { session: mine }).catch((error: unknown) => error);
    expect(isSessionLostError(error)).toBe(true);
    expect(error).toMatchObject({ partition: 'p', seen: at(900), applied: primary });
    // A write is done all the same, and does not hide the loss.
    expect((await call({}, { session: mine })).by).toBe('a');
    expect(events.filter(({ type }) => type === 'session-lost')).toHaveLength(2);
    await expect(call({ read: true }, { session: mine })).rejects.toThrow(/lost/);
    mine.forget('p');
    expect((await call({ read: true }, { session: mine })).at).toEqual(primary);
  });

  it('settles once, with replicas that are behind and a primary that hangs', async () => {
    const { clock } = lagging({});
    const call = partitioned({
      partitionOf: () => 1,
      accessOf: () => 'read' as const,
      groups: [{ partitions: [1], primary: 'a', replicas: ['b', 'c'] }],
      send: async (server: string) => (server === 'a' ? new Promise<AppliedPosition>(() => {}) : at(1)),
      positionOf: (answer) => answer,
      clock,
    });
    const mine = session();
    mine.saw(1, at(5));
    const late = watched(call({}, { session: mine, timeoutMs: 30 }));
    await clock.advance(30);
    expect(late).toMatchObject({ settlements: 1, error: { name: 'TimeoutError' } });
    expect(clock.pendingTimers).toBe(0);
  });
});
