/**
 * Would the checker see it? Six registers with one mistake each, planted here and not in the sources; the same
 * registers without the mistake are right. What a test of histories is worth shows in what it finds.
 */
import {
  compareTags,
  encodeTag,
  isQuorumWriteError,
  majority,
  quorumRead,
  quorumWrite,
  type Tag,
  type Versioned,
} from 'evenkeel';
import { checkLinearizability, checkTagOrder, registerModel } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';
import { clientOf } from '../simulation/registers/clients.ts';
import {
  type Failure,
  ifNewer,
  type Keep,
  type RegisterClient,
  type Replica,
  type Row,
  trouble,
  type World,
  world,
} from '../simulation/registers/world.ts';

/** A register by hand, from the parts, with every choice open. */
interface Choices {
  readonly replicas?: readonly Replica[];
  readonly read?: number;
  readonly write?: number;
  /** Is the newest, held by c of the n, sure to be met by every read of r? */
  readonly isSafe?: (c: number, r: number, n: number) => boolean;
  readonly tag?: (seen: Tag | undefined, name: string) => Tag;
}

function byHand(one: World, name: string, choices: Choices = {}): RegisterClient {
  const { clock } = one;
  const { replicas = one.replicas, isSafe = (c, r, n) => c + r > n } = choices;
  const { read = majority(replicas.length), write = majority(replicas.length) } = choices;
  const tagOf = choices.tag ?? ((seen, writer): Tag => ({ counter: (seen?.counter ?? 0) + 1, writer }));
  const limits = { replicas, clock, replicaTimeoutMs: 60 };
  let writes = 0;
  const query = async (key: string) => {
    const { value, replies } = await quorumRead<Replica, Row | undefined>({
      ...limits,
      required: read,
      read: (replica) => replica.send(name, { key }),
      newest: (a, b) => compareTags(a.tag, b.tag),
    });
    const holds = (reply: (typeof replies)[number]): boolean =>
      reply.status === 'answered' &&
      reply.value?.tag.counter === value?.tag.counter &&
      reply.value?.tag.writer === value?.tag.writer;
    return { value, holders: replies.filter(holds).length };
  };
  const put = (key: string, row: Versioned<string>) =>
    quorumWrite({ ...limits, required: write, write: (replica) => replica.send(name, { key, put: row }) });
  return {
    read: async (key) => {
      const { value, holders } = await query(key);
      if (value === undefined) return { value: undefined, tag: undefined };
      if (!isSafe(holders, read, replicas.length)) await put(key, value);
      return { value: value.value, tag: encodeTag(value.tag) };
    },
    write: async (key, value) => {
      const refused: Failure = { outcome: 'not-applied' };
      const { value: seen } = await query(key).catch(() => Promise.reject(refused));
      const tag = tagOf(seen?.tag, `${name}.${++writes}`);
      return put(key, { tag, value }).then(
        () => encodeTag(tag),
        (error: unknown) => {
          throw { outcome: isQuorumWriteError(error) ? error.outcome : 'indeterminate', tag: encodeTag(tag) };
        },
      );
    },
  };
}

interface Found {
  readonly violations: number;
  readonly outOfTagOrder: number;
}

/** So many histories; which of them no order of operations explains, and which the tags do not. */
async function histories(
  size: number,
  client: (one: World, name: string) => RegisterClient,
  keep: Keep = ifNewer,
  seeds: number = 60,
): Promise<Found> {
  const found = { violations: 0, outOfTagOrder: 0 };
  for (let seed = 1; seed <= seeds; seed++) {
    const one = world(seed, size, keep);
    const clients = ['c0', 'c1', 'c2', 'c3'].map((name) => client(one, name));
    await trouble(one, clients);
    const operations = one.history.operations();
    if (checkLinearizability(operations, registerModel).verdict === 'violation') found.violations++;
    if (checkTagOrder(operations).length > 0) found.outOfTagOrder++;
  }
  return found;
}

/** For mistakes that few histories show. */
const MANY = 600;
const NONE: Found = { violations: 0, outOfTagOrder: 0 };
const blindly: Keep = (disk, key, row) => disk.set(key, row);

describe('without a mistake', () => {
  it.each([3, 4, 5])('the register by hand, of %d replicas, is right', async (size) => {
    expect(await histories(size, byHand)).toEqual(NONE);
  });

  it('and so is the register of evenkeel', async () => {
    expect(await histories(5, clientOf)).toEqual(NONE);
  });
});

describe('the checker finds', () => {
  it('reads that do not write back', async () => {
    const { violations, outOfTagOrder } = await histories(
      5,
      (one, name) => byHand(one, name, { isSafe: () => true }),
      ifNewer,
      MANY,
    );
    expect(violations).toBeGreaterThan(0);
    expect(outOfTagOrder).toBeGreaterThan(0);
  });

  it("the same in evenkeel's own, which calls it regular", async () => {
    const { violations } = await histories(
      5,
      (one, name) => clientOf(one, name, { consistency: 'regular', repair: 'none' }),
      ifNewer,
      MANY,
    );
    expect(violations).toBeGreaterThan(0);
  });

  it('tags taken from the time of day, of which one machine is behind', async () => {
    const { violations } = await histories(3, (one, name) => {
      const behindMs = name === 'c0' ? 200 : 0;
      return byHand(one, name, {
        tag: (_, writer) => ({ counter: Math.floor(one.clock.now()) - behindMs, writer }),
      });
    });
    expect(violations).toBeGreaterThan(0);
  });

  it('replicas that store whatever comes last', async () => {
    expect((await histories(3, byHand, blindly)).violations).toBeGreaterThan(0);
    expect((await histories(3, clientOf, blindly)).violations).toBeGreaterThan(0);
  });

  it('quorums that need not meet: R + W = N', async () => {
    const half = { read: 2, write: 2 };
    expect((await histories(4, (one, name) => byHand(one, name, half))).violations).toBeGreaterThan(0);
  });

  it.each([
    [3, MANY],
    [5, 3 * MANY],
  ])('a fast path of %d replicas that is off by one: c + R >= N', async (size, seeds) => {
    const isSafe = (c: number, r: number, n: number): boolean => c + r >= n;
    const found = await histories(size, (one, name) => byHand(one, name, { isSafe }), ifNewer, seeds);
    expect(found.violations).toBeGreaterThan(0);
  });

  it('replicas that are exchanged without a joint quorum', async () => {
    const found = await histories(5, (one, name) => {
      const [before, after] = [one.replicas.slice(0, 3), one.replicas.slice(2)];
      const old = byHand(one, name, { replicas: before });
      const next = byHand(one, name, { replicas: after });
      let operations = 0;
      const now = (): RegisterClient => (operations++ < 5 ? old : next);
      return { read: (key) => now().read(key), write: (key, value) => now().write(key, value) };
    });
    expect(found.violations).toBeGreaterThan(0);
  });
});
