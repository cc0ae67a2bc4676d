/** What is particular to each narrowing; what they share with all pickers is in pickers.test.ts. */
import {
  blueGreen,
  type Candidate,
  canary,
  endpoint,
  explore,
  type Narrowing,
  p2c,
  type PickedCall,
  type PickerTools,
  priorities,
  slowStart,
  subset,
  weightedZones,
  zones,
} from 'evenkeel';
import { describe, expect, it } from 'vitest';
import { FAILURE, SUCCESS } from '../../src/core/outcome.ts';
import { markTried } from '../../src/core/tried.ts';
import { Fake, fakes, newCall, tools } from './kit.ts';

/** A pipeline of one narrowing, in which healths change by hand. */
function pipeline(narrow: Narrowing<string>, candidates: readonly Fake[], more: Partial<PickerTools> = {}) {
  let revision = 0;
  const events: [string, Readonly<Record<string, unknown>>][] = [];
  const reporter = {
    on: true,
    tell: (type: string, facts: Readonly<Record<string, unknown>>) => void events.push([type, facts]),
  };
  const state = narrow(p2c()).create(tools(5, { healthRevision: () => revision, reporter, ...more }));
  state.update(candidates);
  const pick = (nowMs = 0, call: PickedCall = newCall()) => state.pick(nowMs, call) as Fake;
  return {
    state,
    events,
    pick,
    sicken: (sick: readonly Fake[], rank: 0 | 2 = 2) => {
      for (const one of sick) one.rank = rank;
      revision++;
    },
    /** Shares of the picks by something, in percent. */
    shares: (by: (picked: Fake) => unknown, nowMs = 0, picks = 20_000, call: () => PickedCall = newCall) => {
      const counts: Record<string, number> = {};
      for (let n = 0; n < picks; n++) {
        const key = String(by(pick(nowMs, call())));
        counts[key] = (counts[key] ?? 0) + 100 / picks;
      }
      return counts;
    },
    end: (candidate: Candidate, well: boolean, latencyMs: number, nowMs: number) =>
      state.ended?.(candidate as Candidate<string>, well ? SUCCESS : FAILURE, latencyMs, nowMs),
  };
}

const near = (value: number | undefined, expected: number, within = 1.5) =>
  expect(Math.abs((value ?? 0) - expected), `${value} is not ${expected}`).toBeLessThanOrEqual(within);

describe('priorities', () => {
  const fleet = () => [...fakes(10, { priority: 0 }), ...fakes(10, { priority: 1 })];
  const level = ({ endpoint: { priority } }: Fake) => priority;
  const steady = { afterMs: 0, rampMs: 0 };

  it.each([
    [2, 100],
    [3, 98],
    [5, 70],
    [10, 0],
  ])('with %i of the first ten ejected gives the first %i %%', (sick, first) => {
    const candidates = fleet();
    const { sicken, shares } = pipeline(priorities(), candidates);
    sicken(candidates.slice(0, sick));
    near(shares(level)[0], first);
  });

  it('asks everybody when nobody is well', () => {
    const candidates = fleet();
    const { sicken, shares } = pipeline(priorities(), candidates);
    sicken(candidates);
    near(shares(level)[0], 50);
  });

  it('gives a group that recovers its load back late and little by little', () => {
    const candidates = fleet();
    const { sicken, shares } = pipeline(
      priorities({ failback: { afterMs: 1000, rampMs: 1000 } }),
      candidates,
    );
    near(shares(level, 0, 100)[0], 100);
    sicken(candidates.slice(0, 10));
    near(shares(level, 10, 100)[0], 0);
    sicken(candidates.slice(0, 10), 0);
    near(shares(level, 20, 100)[0], 0);
    near(shares(level, 1000, 100)[0], 0);
    near(shares(level, 1520, 10_000)[0], 50, 3);
    near(shares(level, 2100, 100)[0], 100);
  });

  it('goes where it must while the limited one is all there is', () => {
    const candidates = fleet();
    const { sicken, shares } = pipeline(priorities(), candidates);
    sicken(candidates.slice(0, 10));
    shares(level, 0, 10);
    sicken(candidates.slice(0, 10), 0);
    sicken(candidates.slice(10));
    near(shares(level, 10, 100)[0], 100);
  });

  it('waits for failback() when that is by hand', () => {
    const candidates = fleet();
    const narrow = priorities({ failback: 'manual' });
    const { sicken, shares, events } = pipeline(narrow, candidates);
    shares(level, 0, 1);
    sicken(candidates.slice(0, 10));
    shares(level, 1, 1);
    sicken(candidates.slice(0, 10), 0);
    near(shares(level, 1e9, 100)[0], 0);
    narrow.failback();
    near(shares(level, 1e9 + 1, 100)[0], 100);
    expect(events.map(([, facts]) => facts['after'])).toEqual([
      [0, 100],
      [100, 0],
    ]);
  });

  it('exercises the next group with calls that may be repeated, and with no others', () => {
    const narrow = priorities({ exercise: 0.1, failback: steady });
    const { shares } = pipeline(narrow, fleet());
    near(shares(level, 0, 20_000, () => newCall({ idempotent: true }))[1], 10);
    near(shares(level, 0, 20_000, () => newCall({ idempotencyKey: 'k' }))[1], 10);
    expect(shares(level)[1]).toBeUndefined();
  });

  it('refuses what is no option', () => {
    expect(() => priorities({ overprovisioning: 0.9 })).toThrow('overprovisioning');
    expect(() => priorities({ exercise: Number.NaN })).toThrow('exercise');
    expect(() => priorities({ failback: 'automatic' as never })).toThrow('failback');
    expect(() => priorities({ failback: { afterMs: -1 } })).toThrow('afterMs');
  });
});

describe('zones', () => {
  const fleet = () => [...fakes(6, { zone: 'a' }), ...fakes(6, { zone: 'b' }), ...fakes(6, { zone: 'c' })];
  const zone = ({ endpoint }: Fake) => endpoint.zone;

  it('keeps calls at home while its endpoints are well', () => {
    const candidates = fleet();
    const { shares, sicken } = pipeline(zones({ local: 'b' }), candidates);
    expect(shares(zone)).toEqual({ b: expect.closeTo(100, 6) });
    sicken(candidates.slice(6, 7));
    expect(shares(zone)).toEqual({ b: expect.closeTo(100, 6) });
  });

  it('sends elsewhere what half a zone cannot take, and everything when it is gone', () => {
    const candidates = fleet();
    const { shares, sicken } = pipeline(zones({ local: 'b' }), candidates);
    sicken(candidates.slice(6, 9));
    // A third of the callers and 3 of 15 endpoints: 0.6 stays.
    const half = shares(zone);
    near(half['b'], 60);
    near(half['a'], 20);
    sicken(candidates.slice(6, 12));
    near(shares(zone)['b'], 0);
  });

  it('heeds how many callers each zone has', () => {
    const callers = () => ({ a: 50, b: 25, c: 25 });
    const { shares } = pipeline(zones({ local: 'a', callers }), fleet());
    near(shares(zone)['a'], 66.7);
  });

  it('lets zones not count while fewer than half of all are well, or when nobody is in ours', () => {
    const candidates = fleet();
    const lost = pipeline(zones({ local: 'b' }), candidates);
    lost.sicken([...candidates.slice(0, 4), ...candidates.slice(7, 10), ...candidates.slice(13)]);
    near(lost.shares(zone)['b'], 33.3, 4);
    const unknown = pipeline(zones({ local: 'nowhere' }), fleet());
    near(unknown.shares(zone)['a'], 33.3);
    expect(unknown.events[0]).toEqual(['unknown-zone', { local: 'nowhere' }]);
  });

  it('sends calls away while latencies show a queue here, and brings them back', () => {
    const candidates = fleet();
    const { shares, end } = pipeline(zones({ local: 'a' }), candidates);
    const [here, there] = [candidates[0], candidates[6]] as [Fake, Fake];
    const during = (fromMs: number, toMs: number, hereMs: number) => {
      for (let nowMs = fromMs; nowMs < toMs; nowMs += 10) {
        end(here, true, hereMs, nowMs);
        end(there, true, 110, nowMs);
      }
    };
    during(0, 5000, 10);
    expect(shares(zone)['a']).toBeCloseTo(100, 6);
    during(5000, 7000, 90);
    expect(shares(zone)['a']).toBeLessThan(80);
    during(7000, 20_000, 10);
    expect(shares(zone)['a']).toBeCloseTo(100, 6);
    const never = pipeline(zones({ local: 'a', spill: 'never' }), candidates);
    for (let nowMs = 0; nowMs < 5000; nowMs += 10) never.end(here, true, nowMs, nowMs);
    expect(never.shares(zone)['a']).toBeCloseTo(100, 6);
  });

  it('picks all the same when the callers cannot be told', () => {
    const callers = () => {
      throw new Error('unknown');
    };
    expect(pipeline(zones({ local: 'a', callers }), fleet()).shares(zone)['a']).toBeCloseTo(100, 6);
  });

  it('refuses what is no option', () => {
    expect(() => zones({ local: '' })).toThrow('local');
    expect(() => zones({ local: 'a', spill: 'sometimes' as never })).toThrow('spill');
    expect(() => zones({ local: 'a', overprovisioning: 0 })).toThrow('overprovisioning');
  });
});

describe('weightedZones', () => {
  it('shares by weight, and moves away from a zone that is not whole', () => {
    const candidates = [...fakes(10, { zone: 'x' }), ...fakes(10, { zone: 'y' })];
    const { shares, sicken } = pipeline(weightedZones({ weights: { x: 1, y: 2 } }), candidates);
    const zone = ({ endpoint }: Fake) => endpoint.zone;
    near(shares(zone)['x'], 33.3);
    sicken(candidates.slice(0, 5));
    near(shares(zone)['x'], 26);
  });

  it('refuses weights below 0, and such as add up to nothing', () => {
    expect(() => weightedZones({ weights: { a: -1 } })).toThrow('weights');
    expect(() => weightedZones({ weights: { a: 0 } })).toThrow('weights');
    expect(() => weightedZones({ weights: { a: Number.NaN } })).toThrow('weights');
  });
});

describe('subset', () => {
  const seen = (narrow: Narrowing<string>, candidates: readonly Fake[]) => {
    const { pick } = pipeline(narrow, candidates);
    return new Set(Array.from({ length: 500 }, () => pick().endpoint.address));
  };

  it('covers all servers evenly by the numbers of its clients', () => {
    const candidates = fakes(40);
    const covered = new Map<string, number>();
    for (let index = 0; index < 30; index++) {
      const part = seen(subset({ size: 8, client: { index, count: 30 } }), candidates);
      for (const address of part) covered.set(address, (covered.get(address) ?? 0) + 1);
    }
    expect([covered.size, new Set(covered.values())]).toEqual([40, new Set([6])]);
  });

  it('is the same whatever the order of the list, and changes by one with one server', () => {
    const candidates = fakes(40);
    for (const client of ['pod-7', { index: 3, count: 9 }] as const) {
      const narrow = subset({ size: 10, client });
      const before = seen(narrow, candidates);
      expect(seen(narrow, [...candidates].reverse())).toEqual(before);
      const after = seen(narrow, [...candidates, new Fake()]);
      expect([...before].filter((address) => !after.has(address)).length).toBeLessThanOrEqual(2);
    }
  });

  it('asks who it is again whenever the endpoints change', () => {
    let index = 0;
    const candidates = fakes(40);
    const { state, pick } = pipeline(subset({ size: 4, client: () => ({ index, count: 10 }) }), candidates);
    const first = pick();
    index = 5;
    state.update(candidates);
    for (let n = 0; n < 100; n++) expect(pick()).not.toBe(first);
  });

  it('refuses a client that is nobody', () => {
    for (const client of [
      '',
      { index: 3, count: 3 },
      { index: -1, count: 2 },
      { index: 0.5, count: 2 },
      undefined,
    ])
      expect(() => subset({ client: client as never })).toThrow('client');
    expect(() => subset({ size: 0, client: 'me' })).toThrow('size');
  });
});

describe('slowStart', () => {
  it('gives who has just joined little at first, and its share in the end', () => {
    const candidates = fakes(4);
    const fresh = candidates[3] as Fake;
    fresh.sinceMs = 0;
    const { shares } = pipeline(slowStart({ windowMs: 60_000 }), candidates);
    const share = (nowMs: number) => shares((picked) => picked === fresh, nowMs)['true'] ?? 0;
    expect(share(0)).toBeLessThan(5);
    expect(share(30_000)).toBeGreaterThan(share(6000));
    near(share(60_000), 25);
  });

  it('tames a newcomer whom the cost would give everything', () => {
    const candidates = [...fakes(2), new Fake(1, 0, () => 0)];
    const fresh = candidates[2] as Fake;
    fresh.sinceMs = 0;
    const { shares } = pipeline(slowStart(), candidates);
    expect(shares((picked) => picked === fresh, 0)['true']).toBeLessThan(12);
  });

  it('spares nobody when all are new, and does not turn to the sick', () => {
    const candidates = fakes(3);
    for (const one of candidates) one.sinceMs = 0;
    const { shares, sicken } = pipeline(slowStart(), candidates);
    const each = shares((picked) => candidates.indexOf(picked));
    for (const share of Object.values(each)) near(share, 33.3, 3);
    sicken(candidates.slice(1));
    // Five draws of two of three see only the two sick ones in (1/3)^5 of the picks.
    near(shares((picked) => candidates.indexOf(picked))['0'], 100 - 100 / 243, 0.3);
  });
});

describe('explore', () => {
  it('gives a call to who has had none for long, and to nobody else', () => {
    const candidates = [...fakes(2), new Fake(1, 0, () => 1e6)];
    const [, , dear] = candidates as [Fake, Fake, Fake];
    for (const one of candidates) one.pickedMs = 0;
    const { pick } = pipeline(explore({ afterMs: 1000 }), candidates);
    const at = (nowMs: number) => Array.from({ length: 30 }, () => pick(nowMs));
    expect(at(500)).not.toContain(dear);
    expect(at(1000)).toContain(dear);
    dear.rank = 2;
    expect(at(1000)).not.toContain(dear);
  });
});

describe('canary', () => {
  const fleet = () => [...fakes(8), ...fakes(2, { labels: { version: 'canary' } })];
  const version = ({ endpoint: { labels } }: Fake) => labels['version'] ?? 'stable';

  it('gets its share, and with a ramp more and more', () => {
    near(pipeline(canary({ share: 0.1 }), fleet()).shares(version)['canary'], 10);
    const { shares } = pipeline(canary({ share: 0, ramp: { to: 0.5, overMs: 1000 } }), fleet());
    expect(shares(version, 0)['canary']).toBeUndefined();
    near(shares(version, 500)['canary'], 25);
    near(shares(version, 5000)['canary'], 50);
  });

  it('keeps a key with its version, also while the share grows', () => {
    const { pick } = pipeline(canary({ share: 0.2, ramp: { to: 0.6, overMs: 1000 } }), fleet());
    const inside = (nowMs: number) =>
      Array.from(
        { length: 300 },
        (_, n) => version(pick(nowMs, newCall({ affinityKey: `user ${n}` }))) === 'canary',
      );
    const [before, again, later] = [inside(0), inside(0), inside(1000)];
    expect(again).toEqual(before);
    expect(before.filter(Boolean).length).toBeGreaterThan(30);
    before.forEach((was, n) => {
      if (was) expect(later[n]).toBe(true);
    });
  });

  it('lets the stable version answer a call that failed on the canary', () => {
    const candidates = fleet();
    const { pick } = pipeline(canary({ share: 1 }), candidates);
    const call = newCall();
    const first = pick(0, call);
    expect(version(first)).toBe('canary');
    markTried(call, first);
    for (let n = 0; n < 50; n++) expect(version(pick(0, call))).toBe('stable');
  });

  it('is rolled back when it fails more, with both figures in the event', () => {
    const candidates = fleet();
    const trial = canary({ share: 0.5, minimumCalls: 20 });
    const { end, shares, events } = pipeline(trial, candidates);
    for (let n = 0; n < 25; n++) {
      end(candidates[0] as Fake, true, 10, n);
      end(candidates[9] as Fake, n % 5 !== 0, 10, n);
    }
    expect(trial.state).toBe('rolled-back');
    expect(events).toEqual([
      [
        'canary-rolled-back',
        {
          canary: { calls: 20, failureRate: 0.2, latencyMs: 10 },
          stable: { calls: 20, failureRate: 0, latencyMs: 10 },
        },
      ],
    ]);
    expect(shares(version)['canary']).toBeUndefined();
  });

  it('is rolled back when it takes more than twice as long, and not for less', () => {
    const run = (latencyMs: number) => {
      const candidates = fleet();
      const trial = canary({ minimumCalls: 20 });
      const { end } = pipeline(trial, candidates);
      for (let n = 0; n < 50; n++) {
        end(candidates[0] as Fake, true, 10, n);
        end(candidates[9] as Fake, true, latencyMs, n);
      }
      return trial.state;
    };
    expect([run(21), run(19)]).toEqual(['rolled-back', 'running']);
  });

  it('is not called again once rolled back, though the stable ones are unwell; promoted it gets all', () => {
    const candidates = fleet();
    const trial = canary({ share: 1 });
    const { sicken, shares } = pipeline(trial, candidates);
    trial.rollback();
    sicken(candidates.slice(0, 8));
    expect(shares(version)['canary']).toBeUndefined();
    trial.promote();
    near(shares(version)['canary'], 100, 0.001);
  });

  it('goes on when its rule throws', () => {
    const candidates = fleet();
    const trial = canary({
      minimumCalls: 1,
      abortWhen: () => {
        throw new Error('rule');
      },
    });
    const { end } = pipeline(trial, candidates);
    end(candidates[0] as Fake, true, 10, 0);
    expect(() => end(candidates[9] as Fake, false, 10, 0)).not.toThrow();
    expect(trial.state).toBe('running');
  });
});

describe('blueGreen', () => {
  const fleet = () => [
    ...fakes(3, { labels: { version: 'blue' } }),
    ...fakes(3, { labels: { version: 'green' } }),
  ];
  const version = ({ endpoint: { labels } }: Fake) => labels['version'];

  it('sends all calls to one version, and from one call to the next to the other', () => {
    const narrow = blueGreen({ active: 'blue' });
    const { shares } = pipeline(narrow, fleet());
    expect(Object.keys(shares(version))).toEqual(['blue']);
    narrow.switchTo('green');
    expect(narrow.active).toBe('green');
    expect(Object.keys(shares(version))).toEqual(['green']);
  });

  it('drops nothing when the switch was too early', () => {
    const candidates = fleet();
    const narrow = blueGreen({ active: 'green' });
    const { shares, sicken } = pipeline(narrow, candidates);
    sicken(candidates.slice(3));
    expect(Object.keys(shares(version))).toEqual(['blue']);
    narrow.switchTo('red');
    expect(Object.keys(shares(version))).toEqual(['blue']);
  });

  it('parts by whatever its user says, and refuses a version without a name', () => {
    const narrow = blueGreen<string>({ active: 'x', versionOf: ({ address }) => address.slice(0, 1) });
    const state = narrow(p2c()).create(tools());
    const [x, y] = ['x1', 'y1'].map((address) => Object.assign(new Fake(), { endpoint: endpoint(address) }));
    state.update([y as Fake, x as Fake]);
    expect(state.pick(0, newCall())).toBe(x);
    expect(() => narrow.switchTo('')).toThrow('active');
  });
});
