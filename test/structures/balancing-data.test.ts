/** The small pure structures of the balancer's narrowings: slow start, failback, spill, ring parts. */
import { array, assert, boolean, double, integer, property, record, tuple } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Failback, follow, UNLIMITED } from '../../src/structures/failback.ts';
import { ringPart } from '../../src/structures/ring-part.ts';
import { slowStartShare } from '../../src/structures/slow-start.ts';
import { measuredHere, measuredThere, NO_SPILL, type Spill } from '../../src/structures/spill.ts';

describe('slow start', () => {
  const curve = { windowMs: 60_000, aggression: 1, minShare: 0.1 };

  it('follows Envoy’s curve', () => {
    expect(slowStartShare(6000, curve)).toBeCloseTo(0.1, 10);
    expect(slowStartShare(30_000, curve)).toBeCloseTo(0.5, 10);
    expect(slowStartShare(15_000, { ...curve, aggression: 2 })).toBeCloseTo(0.5, 10);
    expect(slowStartShare(60_000, curve)).toBe(1);
  });

  it('never gives less than the least share, nor counts less than a second', () => {
    expect(slowStartShare(0, curve)).toBe(0.1);
    expect(slowStartShare(0, { ...curve, minShare: 0 })).toBeCloseTo(1 / 60, 10);
    expect(slowStartShare(Infinity, curve)).toBe(1);
  });
});

describe('failback', () => {
  const times = { afterMs: 1000, rampMs: 2000 };
  const at = (steps: [number, number][]): number[] => {
    let state: Failback = UNLIMITED;
    return steps.map(([health, nowMs]) => (state = follow(state, health, nowMs, times)).limit);
  };

  it('falls at once, waits, and rises evenly', () => {
    expect(
      at([
        [100, 0],
        [0, 10],
        [100, 20],
        [100, 1019],
        [100, 2020],
        [100, 3020],
        [100, 9000],
      ]),
    ).toEqual([100, 0, 0, 0, 50, 100, 100]);
  });

  it('begins anew when the health falls again on the way', () => {
    expect(
      at([
        [0, 0],
        [100, 0],
        [100, 2000],
        [20, 2100],
        [100, 2200],
        [100, 3100],
        [100, 5200],
      ]),
    ).toEqual([0, 0, 50, 20, 20, 20, 100]);
  });

  it('never rises by itself when it is to wait for ever', () => {
    let state = follow(UNLIMITED, 0, 0, { afterMs: Infinity, rampMs: 0 });
    for (const nowMs of [1, 1e6, 1e12]) state = follow(state, 100, nowMs, { afterMs: Infinity, rampMs: 0 });
    expect(state.limit).toBe(0);
  });
});

describe('spill', () => {
  const run = (spill: Spill, hereMs: number, thereMs: number, fromMs: number, toMs: number): Spill => {
    let state = spill;
    for (let nowMs = fromMs; nowMs < toMs; nowMs += 10) {
      state = measuredHere(state, hereMs, nowMs);
      state = measuredThere(state, thereMs, nowMs);
    }
    return state;
  };

  it('moves nothing while calls take what they take when it is idle, or less than twice of that', () => {
    const idle = run(NO_SPILL, 10, 110, 0, 5000);
    expect(idle.share).toBe(0);
    expect(run(idle, 19, 110, 5000, 20_000).share).toBe(0);
    expect(run(idle, 10, 10.5, 5000, 20_000).share).toBe(0);
  });

  it('moves more and more while waiting here costs more than half of the way, and takes it back', () => {
    const idle = run(NO_SPILL, 10, 110, 0, 5000);
    const loaded = run(idle, 150, 110, 5000, 7000);
    expect(loaded.share).toBeGreaterThan(0.3);
    expect(run(loaded, 10, 110, 7000, 12_000).share).toBe(0);
  });

  it('stays within 0 and 1, and is a number, whatever it is told and whichever way the clock goes', () => {
    const told = tuple(boolean(), double({ min: 0, max: 1e9, noNaN: true }), integer({ min: 0, max: 1e6 }));
    assert(
      property(array(told, { maxLength: 50 }), (steps) => {
        let state = NO_SPILL;
        for (const [local, latencyMs, nowMs] of steps)
          state = (local ? measuredHere : measuredThere)(state, latencyMs, nowMs);
        expect(state.share).toBeGreaterThanOrEqual(0);
        expect(state.share).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('ring parts', () => {
  const fleet = record({
    servers: integer({ min: 1, max: 60 }),
    clients: integer({ min: 1, max: 60 }),
    size: integer({ min: 1, max: 30 }),
  });

  it('cover every server the same number of times, each part once, and are large enough', () => {
    assert(
      property(fleet, ({ servers, clients, size }) => {
        const covered = new Array<number>(servers).fill(0);
        for (let client = 0; client < clients; client++) {
          const part = ringPart(servers, client, clients, size);
          expect(new Set(part).size).toBe(part.length);
          expect(part.length).toBeGreaterThanOrEqual(Math.min(size, servers));
          for (const server of part) covered[server] = (covered[server] ?? 0) + 1;
        }
        expect(new Set(covered).size).toBe(1);
      }),
    );
  });

  it('change by few when a server comes or goes', () => {
    for (let client = 0; client < 50; client++) {
      const [before, after] = [ringPart(100, client, 50, 12), ringPart(101, client, 50, 12)];
      const gone = before.filter((server) => !after.includes(server)).length;
      expect(gone).toBeLessThanOrEqual(2);
    }
  });
});
