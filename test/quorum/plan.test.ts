/** The arithmetic for people, against printed tables and closed forms. */
import * as fc from 'fast-check';
import { isOptionError, majorityOfGroups, weighted } from 'evenkeel';
import {
  mayStop,
  predictStaleness,
  type PredictStalenessOptions,
  quorumPlan,
  withinVersions,
} from 'evenkeel/quorum';
import { seededRandom } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';
import { atLeast, choose } from '../../src/structures/binomial.ts';
import { OrderStatistic } from '../../src/structures/order-statistic.ts';
import { exponential, MODELS, ymmrRead } from '../simulation/wars.ts';

describe('atLeast', () => {
  it('is what trying all 2^n cases gives', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.nat(9),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (n, k, p) => {
          let sum = 0;
          for (let set = 0; set < 2 ** n; set++) {
            const up = set.toString(2).replaceAll('0', '').length;
            if (up >= k) sum += p ** up * (1 - p) ** (n - up);
          }
          expect(atLeast(k, n, p)).toBeCloseTo(sum, 12);
        },
      ),
    );
    expect([choose(5, 2), choose(9, 0), choose(3, 4), choose(100, 3)]).toEqual([10, 1, 0, 161_700]);
  });
});

describe('OrderStatistic', () => {
  it('of exponential times is (1/λ) Σ 1/i: .333, .833, 1.833 for the first, second and third of three', () => {
    const samples = Float64Array.from({ length: 20_000 }, (_, n) => -Math.log(1 - (n + 0.5) / 20_000));
    for (const [k, mean] of [
      [1, 1 / 3],
      [2, 5 / 6],
      [3, 11 / 6],
    ] as const) {
      // prettier-ignore
      expect(new OrderStatistic(samples, k, 3).mean).toBeCloseTo(mean, 3);
    }
  });

  it('gives the table of p99.9 by sent and awaited, of the Yammer read model', () => {
    const random = seededRandom(11);
    const samples = Float64Array.from(
      { length: 1_000_000 },
      () => ymmrRead(random) + ymmrRead(random),
    ).sort();
    const table = [
      [168.4, 10.9, 5.6, 4.8, 4.5],
      [201.4, 33, 6.5, 5.3],
      [220.5, 48.8, 7.4],
      [233.2, 61.1],
      [243.2],
    ];
    for (const [row, cells] of table.entries()) {
      for (const [more, printed] of cells.entries()) {
        const p999 = new OrderStatistic(samples, row + 1, row + 1 + more).quantile(0.999);
        expect(Math.abs(p999 / printed - 1), `await ${row + 1} of ${row + 1 + more}: ${p999}`).toBeLessThan(
          0.05,
        );
      }
    }
  });

  it('is what counting all draws of a few samples gives', () => {
    const sample = fc.array(fc.nat(20), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(
        sample,
        fc.integer({ min: 1, max: 3 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (list, k, q) => {
          const thirds = list.flatMap((a) =>
            list.flatMap((b) => list.map((c) => [a, b, c].sort((x, y) => x - y)[k - 1] ?? 0)),
          );
          thirds.sort((a, b) => a - b);
          const order = new OrderStatistic(Float64Array.from(list).sort(), k, 3);
          expect(order.mean).toBeCloseTo(thirds.reduce((sum, ms) => sum + ms, 0) / thirds.length, 9);
          // Not at a step, where the last digit decides.
          const rank = q * thirds.length;
          if (Math.abs(rank - Math.round(rank)) > 1e-6)
            expect(order.quantile(q)).toBe(thirds[Math.ceil(rank) - 1]);
        },
      ),
    );
  });
});

describe('quorumPlan', () => {
  it('says what each size tolerates: one more takes two more', () => {
    const { sizes } = quorumPlan();
    expect(sizes.map(({ n, majority, tolerates }) => [n, majority, tolerates])).toEqual([
      [1, 1, 0],
      [2, 2, 0],
      [3, 2, 1],
      [4, 3, 1],
      [5, 3, 2],
      [6, 4, 2],
      [7, 4, 3],
      [8, 5, 3],
      [9, 5, 4],
    ]);
    expect(quorumPlan({ f: 2 }).chosen.n).toBe(5);
    expect(quorumPlan({ n: 11 }).chosen).toMatchObject({ n: 11, majority: 6, tolerates: 5 });
  });

  it('six nines from three of 99 % are any-1 and independent only; 1 % of shared outages leaves 99.99 %', () => {
    const { any, majority, all } = quorumPlan({ n: 3, availability: 0.99 }).chosen.availability;
    expect([any, majority, all].map((share) => share.toFixed(6))).toEqual([
      '0.999999',
      '0.999702',
      '0.970299',
    ]);
    expect(quorumPlan({ n: 3, availability: 0.99, shared: 0.01 }).chosen.availability.any).toBeCloseTo(
      0.9999,
      5,
    );
    const together = quorumPlan({ n: 9, availability: 0.99, shared: 1 }).chosen.availability;
    expect([together.any, together.all]).toEqual([0.99, 0.99]);
    expect(quorumPlan({ availability: 1 }).chosen.availability).toEqual({ any: 1, majority: 1, all: 1 });
  });

  it('one replica is as available as it is, whatever is shared', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (availability, shared) => {
          expect(quorumPlan({ n: 1, availability, shared }).chosen.availability.any).toBeCloseTo(
            availability,
            12,
          );
        },
      ),
    );
  });

  it('gives latencies and headroom, and says what to think about', () => {
    const plan = quorumPlan({ n: 3, latencies: [10], utilisation: 0.6 });
    expect(plan.chosen.latency?.majority).toEqual({ meanMs: 10, p50Ms: 10, p99Ms: 10 });
    expect(plan.chosen.utilisationAfterLoss).toBeCloseTo(0.9, 12);
    expect(plan.sizes[0]?.utilisationAfterLoss).toBe(Infinity);
    expect(plan.warnings.join('\n')).toMatch(/90 % busy/);
    expect(quorumPlan({ n: 3, utilisation: 0.7 }).warnings.join('\n')).toMatch(/overloaded/);
    expect(quorumPlan({ n: 4 }).warnings[0]).toMatch(
      /even number buys nothing: 3 replicas tolerate as many failures \(1\)/,
    );
    expect(quorumPlan({ n: 8 }).warnings.join('\n')).toMatch(/more than 7/);
    expect(quorumPlan({ n: 3, f: 2 }).warnings.join('\n')).toMatch(/tolerate 1, not 2/);
    expect(quorumPlan({ n: 5, shared: 0.01 }).warnings).toEqual([]);
  });

  it.each<[string, object]>([
    ['n', { n: 0 }],
    ['n', { n: 2.5 }],
    ['f', { f: -1 }],
    ['availability', { availability: 0 }],
    ['availability', { availability: Number.NaN }],
    ['shared', { shared: 2 }],
    ['latencies', { latencies: [] }],
    ['latencies', { latencies: [1, Number.NaN] }],
    ['utilisation', { utilisation: -1 }],
  ])('refuses a bad %s', (option, options) => {
    try {
      quorumPlan(options);
      expect.unreachable();
    } catch (error) {
      expect(isOptionError(error) && error.option).toBe(option);
    }
  });
});

describe('mayStop', () => {
  const replicas = ['a', 'b', 'c', 'd', 'e'];
  const isUp =
    (...down: string[]) =>
    (name: string): boolean =>
      !down.includes(name);

  it('says whether the others make a quorum, and how many more may fail', () => {
    expect(mayStop('a', { replicas, isUp: isUp() })).toMatchObject({ may: true, spare: 1 });
    expect(mayStop('a', { replicas, isUp: isUp('b') })).toMatchObject({ may: true, spare: 0 });
    expect(mayStop('a', { replicas, isUp: isUp('b', 'c') })).toMatchObject({ may: false, spare: -1 });
    // One that is down anyway changes nothing.
    expect(mayStop('a', { replicas, isUp: isUp('a', 'b') })).toMatchObject({ may: true, spare: 0 });
  });

  it('agrees with trying every set of failures', () => {
    const flags = fc.array(fc.boolean(), { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(
        flags,
        fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 5, maxLength: 5 }),
        (ups, votes) => {
          fc.pre(votes.some((vote) => vote > 0));
          const rule = weighted<string>({ votesOf: (name) => votes[replicas.indexOf(name)] ?? 0 });
          const all = votes.reduce((sum, vote) => sum + vote, 0);
          const left = replicas.filter((name, at) => name !== 'a' && ups[at] === true);
          const enough = (names: readonly string[]): boolean =>
            2 * names.reduce((sum, name) => sum + (votes[replicas.indexOf(name)] ?? 0), 0) > all;
          // The smallest number of them of which some choice leaves no quorum.
          let spare = -1;
          for (let missing = 0; missing <= left.length; missing++) {
            const sets = Array.from({ length: 2 ** left.length }, (_, set) =>
              left.filter((_name, at) => (set >> at) % 2 === 0),
            );
            if (!sets.filter((set) => set.length === left.length - missing).every(enough)) break;
            spare = missing;
          }
          const isUp = (name: string): boolean => ups[replicas.indexOf(name)] === true;
          const found = mayStop('a', { replicas, isUp, quorum: { read: rule, write: rule } });
          expect([found.may, found.spare]).toEqual([spare >= 0, spare]);
        },
      ),
    );
  });

  it('by other numbers, and by rules', () => {
    const quorum = { read: 1, write: 5 };
    expect(mayStop('a', { replicas, isUp: isUp(), quorum }).may).toBe(false);
    const groups = ['eu1', 'eu2', 'eu3', 'us1', 'us2', 'us3', 'ap1', 'ap2', 'ap3'];
    const rule = majorityOfGroups<string>({ groupOf: (name) => name.slice(0, 2) });
    const by = { replicas: groups, quorum: { read: rule, write: rule } };
    expect(mayStop('eu1', { ...by, isUp: isUp('us1', 'us2', 'us3') })).toMatchObject({ may: true, spare: 0 });
    expect(mayStop('eu1', { ...by, isUp: isUp('us1', 'us2', 'eu2') }).may).toBe(false);
    expect(mayStop('eu1', { ...by, isUp: isUp() })).toMatchObject({ may: true, spare: 2 });
  });

  it('refuses a replica that is none of them', () => {
    expect(() => mayStop('x', { replicas, isUp: isUp() })).toThrow(/replica/);
    expect(() => mayStop('a', { replicas, isUp: 1 as never })).toThrow(/isUp/);
  });
});

describe('predictStaleness', () => {
  const predict = (options: Partial<PredictStalenessOptions>) =>
    predictStaleness({
      n: 3,
      read: 1,
      write: 1,
      latencies: MODELS['LNKD-SSD'],
      runs: 50_000,
      random: seededRandom(1),
      ...options,
    });

  it('gives what the paper does for SSD and disk, as far as 50 000 runs can tell', () => {
    const ssd = predict({});
    expect(ssd.freshAt(0)).toBeCloseTo(0.9735, 2);
    expect(Math.abs(ssd.freshAfterMs(0.999) / 1.98 - 1)).toBeLessThan(0.15);
    expect(Math.abs(ssd.readMs(0.999) / 0.66 - 1)).toBeLessThan(0.02);
    const disk = predict({ latencies: MODELS['LNKD-DISK'] });
    expect(disk.freshAt(0)).toBeCloseTo(0.436, 2);
    expect(disk.freshAt(10)).toBeCloseTo(0.926, 2);
    expect(disk.writeMs(0.5)).toBeCloseTo(1.504, 1);
    expect(predict({ n: 2, latencies: MODELS['LNKD-DISK'] }).freshAt(0)).toBeCloseTo(0.576, 2);
    expect(predict({ n: 10, latencies: MODELS['LNKD-DISK'], runs: 20_000 }).freshAt(0)).toBeCloseTo(0.21, 2);
  });

  it.each([
    [4, 0.943],
    [2, 0.867],
    [1, 0.751],
    [0.5, 0.624],
    [0.2, 0.487],
    [0.1, 0.419],
  ])('gives the synthetic table: writes at a rate of %d are fresh at once with %d', (rate, fresh) => {
    const found = predict({ latencies: exponential(rate) }).freshAt(0);
    expect(Math.abs(found - fresh)).toBeLessThan(0.01);
  });

  it('is never stale where R + W > N, and later never less fresh', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 5 }),
        (n, r, w) => {
          const [read, write] = [Math.min(r, n), Math.min(w, n)];
          const found = predict({ n, read, write, latencies: exponential(0.2), runs: 500 });
          if (read + write > n) expect(found.freshAt(0)).toBe(1);
          const fresh = [0, 1, 5, 20, 100].map((ms) => found.freshAt(ms));
          expect(fresh).toEqual([...fresh].sort((a, b) => a - b));
          expect(found.freshAfterMs(1)).toBeGreaterThanOrEqual(found.freshAfterMs(0.5));
        },
      ),
      { numRuns: 50 },
    );
  });

  it('takes measured round trips', () => {
    const found = predict({ latencies: { writes: [10, 10, 100], reads: [4] }, runs: 20_000 });
    // Fresh at once, unless the replica that answers first is still 50 ms away, and another acknowledged at 10.
    expect(found.readMs(0.5)).toBe(4);
    expect(found.writeMs(0.5)).toBe(10);
    expect(found.freshAt(0)).toBeGreaterThan(0.9);
    expect(found.freshAt(50)).toBe(1);
  });

  it.each<[string, object]>([
    ['n', { n: 0 }],
    ['read', { read: 4 }],
    ['write', { write: 0 }],
    ['runs', { runs: 0 }],
    ['latencies.writes', { latencies: { writes: [], reads: [1] } }],
    ['latencies.reads', { latencies: { writes: [1], reads: [-1] } }],
    ['latencies.ack', { latencies: { write: () => 1 } }],
  ])('refuses a bad %s', (option, options) => {
    try {
      predict(options);
      expect.unreachable();
    } catch (error) {
      expect(isOptionError(error) && error.option).toBe(option);
    }
  });
});

describe('withinVersions', () => {
  it.each<[number, number, number, number, number]>([
    [3, 1, 1, 1, 0.3333],
    [3, 1, 1, 2, 0.5556],
    [3, 1, 1, 3, 0.7037],
    [3, 1, 1, 5, 0.868],
    [3, 1, 1, 10, 0.983],
    [3, 1, 2, 2, 0.8889],
    [3, 2, 1, 5, 0.9959],
    [5, 2, 2, 1, 0.7],
    [5, 2, 2, 3, 0.973],
  ])('of %d, R %d, W %d, %d versions: the printed %d', (n, read, write, k, printed) => {
    expect(withinVersions({ n, read, write, k })).toBeCloseTo(printed, 3);
    expect(1 - withinVersions({ n: 100, read: 30, write: 30, k: 1 })).toBeCloseTo(1.88e-6, 8);
    expect(() => withinVersions({ n, read, write, k: -1 })).toThrow(/k/);
  });
});
