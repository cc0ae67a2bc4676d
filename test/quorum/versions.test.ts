/** The laws of versions (reference: Lamport 1978, Kulkarni 2014, Parker 1983, Shapiro 2011), as properties. */
import * as fc from 'fast-check';
import {
  type Causality,
  compareHybrid,
  compareTags,
  compareVectors,
  decodeTag,
  encodeTag,
  hybridClock,
  type HybridTime,
  incrementVector,
  isClockAheadError,
  lamportClock,
  lastWriteWins,
  mergeSiblings,
  mergeVectors,
  quorumRead,
  readRepair,
  reconcileSiblings,
  type Sibling,
  type Tag,
  type VersionVector,
  writeSibling,
} from 'evenkeel/quorum';
import { isOptionError } from 'evenkeel';
import { describe, expect, it } from 'vitest';

const tag: fc.Arbitrary<Tag> = fc.record({
  counter: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })),
  writer: fc.constantFrom('a', 'a.1', 'a.10', 'a-1', 'b', 'A', '_'),
});

describe('tags', () => {
  it('are in a total order, and their texts sort as they do', () => {
    fc.assert(
      fc.property(tag, tag, tag, (a, b, c) => {
        expect(Math.sign(compareTags(a, b))).toBe(-Math.sign(compareTags(b, a)) + 0);
        if (compareTags(a, b) <= 0 && compareTags(b, c) <= 0)
          expect(compareTags(a, c)).toBeLessThanOrEqual(0);
        const [x, y] = [Buffer.from(encodeTag(a)), Buffer.from(encodeTag(b))];
        expect(Math.sign(Buffer.compare(x, y))).toBe(Math.sign(compareTags(a, b)));
        expect(decodeTag(encodeTag(a))).toEqual(a);
      }),
    );
  });

  it.each([
    '',
    'x',
    '00000000000001',
    '00000000000001:',
    '1:a',
    '00000000000000:a',
    '0000000000000g:a',
    '00000000000001:a b',
  ])('are not read from %j', (text) => expect(() => decodeTag(text)).toThrow(/encodeTag/));

  it.each([
    { counter: 0, writer: 'a' },
    { counter: 1.5, writer: 'a' },
    { counter: 1, writer: 'a:b' },
    undefined,
  ])('are not made of %j', (one) => expect(() => encodeTag(one as Tag)).toThrow(/tag/));
});

describe('a Lamport clock', () => {
  it('stamps an effect higher than its cause, over any exchange of messages', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(2), fc.nat(2)), { maxLength: 40 }), (messages) => {
        const clocks = [lamportClock(), lamportClock(5), lamportClock()];
        for (const [from, to] of messages) {
          const before = clocks[to]?.last ?? 0;
          const sent = clocks[from]?.next() ?? 0;
          const arrived = clocks[to]?.observe(sent) ?? 0;
          expect(arrived).toBeGreaterThan(sent);
          expect(arrived).toBeGreaterThan(before);
        }
      }),
    );
  });

  it('stops at the end of the whole numbers, and takes no stamp that is none', () => {
    const clock = lamportClock(Number.MAX_SAFE_INTEGER - 1);
    expect(clock.next()).toBe(Number.MAX_SAFE_INTEGER);
    expect(() => clock.next()).toThrow(/stamp/);
    for (const bad of [-1, 0.5, Number.NaN, Infinity])
      expect(() => lamportClock().observe(bad)).toThrow(/stamp/);
  });
});

describe('a hybrid clock', () => {
  const EPSILON = 50;

  it('keeps its three laws while the clocks of the machines run apart and step back', () => {
    const step = fc.record({
      from: fc.nat(2),
      to: fc.nat(2),
      ms: fc.nat(20),
      skew: fc.integer({ min: -EPSILON, max: 0 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let trueMs = 1_000;
        const skews = [0, 0, 0];
        const clocks = skews.map((_, n) =>
          hybridClock({ wallClock: () => trueMs + (skews[n] ?? 0), maxOffsetMs: EPSILON }),
        );
        for (const { from, to, ms, skew } of steps) {
          trueMs += ms;
          skews[from] = skew;
          const [sender, receiver] = [clocks[from], clocks[to]] as const;
          const before = receiver?.last as HybridTime;
          const sent = sender?.next() as HybridTime;
          const arrived = receiver?.observe(sent) as HybridTime;
          // An effect is after its cause, and after all that was there before.
          expect(compareHybrid(arrived, sent)).toBeGreaterThan(0);
          expect(compareHybrid(arrived, before)).toBeGreaterThan(0);
          // Never behind the machine's own clock, never ahead of the fastest one, counts bounded by the events.
          expect(arrived.ms).toBeGreaterThanOrEqual(trueMs + (skews[to] ?? 0));
          expect(arrived.ms).toBeLessThanOrEqual(trueMs);
          expect(arrived.count).toBeLessThanOrEqual(2 * steps.length);
        }
      }),
    );
  });

  it('does not believe a stamp from too far ahead, and stays as it was', () => {
    const clock = hybridClock({ wallClock: () => 1_000 });
    const before = clock.next();
    expect(clock.observe({ ms: 1_500, count: 3 })).toEqual({ ms: 1_500, count: 4 });
    try {
      clock.observe({ ms: 1_501, count: 0 });
      expect.unreachable();
    } catch (error) {
      expect(isClockAheadError(error) && error.aheadMs).toBe(501);
    }
    expect(before).toEqual({ ms: 1_000, count: 0 });
    expect(clock.last).toEqual({ ms: 1_500, count: 4 });
    expect(() => clock.observe({ ms: Number.NaN, count: 0 })).toThrow(/remote/);
    expect(() => hybridClock({ wallClock: () => Number.NaN }).next()).toThrow(/wallClock/);
    expect(() => hybridClock({ maxOffsetMs: -1 })).toThrow(/maxOffsetMs/);
    expect(hybridClock().next().ms).toBeGreaterThan(1_600_000_000_000);
  });
});

const vector: fc.Arbitrary<VersionVector> = fc.dictionary(
  fc.constantFrom('a', 'b', 'constructor', '__proto__'),
  fc.nat(3),
  { maxKeys: 4 },
);
const OPPOSITE: Record<Causality, Causality> = {
  equal: 'equal',
  before: 'after',
  after: 'before',
  concurrent: 'concurrent',
};
const atMost = (a: VersionVector, b: VersionVector): boolean =>
  ['equal', 'before'].includes(compareVectors(a, b));

describe('version vectors', () => {
  it('are in a partial order', () => {
    fc.assert(
      fc.property(vector, vector, vector, (a, b, c) => {
        expect(compareVectors(a, a)).toBe('equal');
        expect(compareVectors(b, a)).toBe(OPPOSITE[compareVectors(a, b)]);
        if (atMost(a, b) && atMost(b, c)) expect(atMost(a, c)).toBe(true);
      }),
    );
  });

  it('merge to the least that has seen both, in any order, any number of times', () => {
    fc.assert(
      fc.property(vector, vector, vector, (a, b, c) => {
        const both = mergeVectors(a, b);
        expect(atMost(a, both) && atMost(b, both)).toBe(true);
        if (atMost(a, c) && atMost(b, c)) expect(atMost(both, c)).toBe(true);
        expect(compareVectors(both, mergeVectors(b, a))).toBe('equal');
        expect(compareVectors(mergeVectors(both, c), mergeVectors(a, mergeVectors(b, c)))).toBe('equal');
        expect(compareVectors(mergeVectors(a, a), a)).toBe('equal');
        expect(compareVectors(JSON.parse(JSON.stringify(both)) as VersionVector, both)).toBe('equal');
      }),
    );
  });

  it('grow by an event, and by nothing else', () => {
    fc.assert(
      fc.property(vector, fc.constantFrom('a', 'b', '__proto__'), (a, id) => {
        const before = JSON.stringify(a);
        expect(compareVectors(incrementVector(a, id), a)).toBe('after');
        expect(JSON.stringify(a)).toBe(before);
      }),
    );
    expect(() => compareVectors({ a: -1 }, { a: 1 })).toThrow(/whole number/);
    expect(() => mergeVectors({ a: 1 }, { a: Number.NaN })).toThrow(/whole number/);
    expect(compareVectors({ a: 1 }, { a: 1, b: 0 })).toBe('equal');
  });
});

/** Clients that read some of the others' writes and write: every set of siblings that can come about. */
const runs = fc.array(fc.record({ client: fc.nat(3), from: fc.array(fc.nat(20), { maxLength: 3 }) }), {
  minLength: 1,
  maxLength: 12,
});
type Set = readonly Sibling<number>[];

function setsOf(steps: readonly { client: number; from: readonly number[] }[]): Set[] {
  const sets: Set[] = [];
  const own = new Map<number, Set>();
  for (const [n, { client, from }] of steps.entries()) {
    // A client has seen at least what it wrote itself.
    const read = mergeSiblings(own.get(client) ?? [], ...from.map((at) => sets[at] ?? []));
    const written = writeSibling(read, n, `c${client}`);
    own.set(client, written);
    sets.push(written);
  }
  return sets;
}
const names = (set: Set): number[] => set.map(({ value }) => value).sort((a, b) => a - b);

describe('siblings', () => {
  it('merge in any order, any number of times, to the same', () => {
    fc.assert(
      fc.property(
        runs.chain((steps) =>
          fc.tuple(
            fc.constant(steps),
            fc.shuffledSubarray(
              steps.map((_, n) => n),
              { minLength: steps.length },
            ),
          ),
        ),
        ([steps, order]) => {
          const sets = setsOf(steps);
          const whole = mergeSiblings(...sets);
          const shuffled = order.map((n) => sets[n] ?? []);
          expect(names(mergeSiblings(...shuffled))).toEqual(names(whole));
          expect(names(shuffled.reduce((all, one) => mergeSiblings(all, one), []))).toEqual(names(whole));
          expect(names(mergeSiblings(whole, whole, ...shuffled))).toEqual(names(whole));
          // Inflation: whatever went in has been superseded or is still there.
          for (const { version } of sets.flat()) {
            expect(
              whole.some((one) => ['equal', 'before'].includes(compareVectors(version, one.version))),
            ).toBe(true);
          }
          for (const a of whole)
            for (const b of whole)
              if (a !== b) expect(compareVectors(a.version, b.version)).toBe('concurrent');
        },
      ),
    );
  });

  it('a write drops exactly what its writer has read', () => {
    fc.assert(
      fc.property(runs, fc.nat(20), (steps, seenUntil) => {
        const sets = setsOf(steps);
        const seen = mergeSiblings(...sets.slice(0, seenUntil));
        const all = mergeSiblings(...sets);
        const after = mergeSiblings(all, writeSibling(seen, -1, 'new'));
        const kept = names(all).filter((name) => !names(seen).includes(name));
        expect(names(after)).toEqual([-1, ...kept]);
        // What was dropped does not come back with an old replica.
        expect(names(mergeSiblings(after, seen))).toEqual(names(after));
      }),
    );
  });

  it('go through JSON', () => {
    const set = writeSibling([{ version: { a: 1 }, value: 'x' }], 'y', 'b');
    expect(mergeSiblings(JSON.parse(JSON.stringify(set)) as typeof set)).toEqual(
      JSON.parse(JSON.stringify(set)),
    );
    expect(set).toMatchObject([{ version: { a: 1, b: 1 }, value: 'y' }]);
  });

  it('become one on every replica by reads that repair', async () => {
    await fc.assert(
      fc.asyncProperty(runs, fc.array(fc.nat(11), { minLength: 3, maxLength: 3 }), async (steps, at) => {
        const sets = setsOf(steps);
        // A counter per client as value: its merge is the greater of each.
        const disks = at.map((n) => ({ row: sets[n % sets.length]?.[0] as Sibling<number> }));
        const all = disks.map(({ row }) => row);
        const repair = readRepair<(typeof disks)[number], Sibling<number>>({
          mode: 'blocking',
          write: async (disk, row) => Object.assign(disk, { row }),
        });
        const reconcile = reconcileSiblings<Sibling<number>>(
          ({ version }) => version,
          (siblings) => ({
            version: siblings.map(({ version }) => version).reduce(mergeVectors),
            value: Math.max(...siblings.map(({ value }) => value)),
          }),
        );
        const read = async (disk: (typeof disks)[number]): Promise<Sibling<number>> => disk.row;
        const { value } = await quorumRead({ replicas: disks, required: 3, read, reconcile, repair });
        for (const { row } of disks) expect(row).toEqual(value);
        for (const { version } of all) expect(atMost(version, value.version)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});

describe('lastWriteWins', () => {
  interface Row {
    readonly at: number;
    readonly name: string;
  }
  const newest = lastWriteWins<Row>((a, b) => a.at - b.at);
  const row = fc.record({ at: fc.nat(2), name: fc.constantFrom('x', 'y', 'z') });

  it('is a total order, so that clients agree whatever they hear first', () => {
    fc.assert(
      fc.property(row, row, row, (a, b, c) => {
        expect(Math.sign(newest(a, b))).toBe(-Math.sign(newest(b, a)) + 0);
        if (newest(a, b) <= 0 && newest(b, c) <= 0) expect(newest(a, c)).toBeLessThanOrEqual(0);
        if (newest(a, b) === 0) expect(a).toEqual(b);
      }),
    );
    try {
      lastWriteWins(undefined as never);
      expect.unreachable();
    } catch (error) {
      expect(isOptionError(error)).toBe(true);
    }
  });
});
