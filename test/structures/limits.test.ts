import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Aimd } from '../../src/structures/aimd.ts';
import { Gradient2 } from '../../src/structures/gradient2.ts';
import type { LimitState } from '../../src/structures/limit-state.ts';
import { seededRandom } from '../../src/testing/seeded-random.ts';

const bounds = { initialLimit: 20, minLimit: 1, maxLimit: 500 };

/** A server: what becomes of a call that begins with so many under way. */
type Server = (inFlight: number, nowMs: number) => { readonly takesMs: number; readonly dropped: boolean };

/** Refuses at once what goes beyond its capacity, and answers the rest in about 20 ms. */
const refusing =
  (capacity: (nowMs: number) => number, random: () => number): Server =>
  (inFlight, nowMs) => {
    const dropped = inFlight > capacity(nowMs);
    return { takesMs: dropped ? 1 : 15 + 10 * random(), dropped };
  };

/** Refuses nobody: calls beyond its capacity queue, so that all take longer. */
const queueing =
  (capacity: (nowMs: number) => number): Server =>
  (inFlight, nowMs) => ({ takesMs: 20 * Math.max(1, inFlight / capacity(nowMs)), dropped: false });

/** Keeps as many calls under way as the limit allows, and tells the limit of each second. */
function saturate(state: LimitState, server: Server, ms: number, demand: number = Infinity): number[] {
  // By the millisecond in which they end.
  const calls = new Map<number, { startMs: number; inFlight: number; dropped: boolean }[]>();
  const limits: number[] = [];
  let running = 0;
  for (let nowMs = 1000; nowMs < 1000 + ms; nowMs++) {
    for (const { startMs, inFlight, dropped } of calls.get(nowMs) ?? []) {
      running--;
      state.record(startMs, nowMs, inFlight, dropped);
    }
    calls.delete(nowMs);
    while (running < Math.min(demand, Math.floor(state.limit))) {
      const inFlight = ++running;
      const { takesMs, dropped } = server(inFlight, nowMs);
      const endMs = Math.ceil(nowMs + takesMs);
      const others = calls.get(endMs);
      if (others === undefined) calls.set(endMs, [{ startMs: nowMs, inFlight, dropped }]);
      else others.push({ startMs: nowMs, inFlight, dropped });
    }
    if (nowMs % 1000 === 0) limits.push(state.limit);
  }
  return limits;
}

const within = (limits: readonly number[], low: number, high: number) =>
  limits.every((limit) => limit >= low && limit <= high);

describe('AIMD', () => {
  const make = (some = {}) => new Aimd({ ...bounds, ...some }, 0.9, 5000);

  it.each([3, 10, 50, 100, 300])(
    'stays within a fifth of a capacity of %i once it has found it',
    (capacity) => {
      const limits = saturate(
        make(),
        refusing(() => capacity, seededRandom(1)),
        30_000,
      ).slice(10);
      expect(
        within(limits, Math.min(0.8 * capacity, capacity - 1), Math.max(1.2 * capacity, capacity + 1)),
      ).toBe(true);
    },
  );

  it('follows a capacity that changes, down within a second and up one a round trip', () => {
    const capacity = (nowMs: number) => (nowMs < 11_000 ? 100 : nowMs < 21_000 ? 40 : 120);
    const limits = saturate(make(), refusing(capacity, seededRandom(2)), 30_000);
    expect(within(limits.slice(6, 10), 80, 120)).toBe(true);
    expect(within(limits.slice(12, 20), 32, 48)).toBe(true);
    expect(within(limits.slice(26), 96, 144)).toBe(true);
  });

  it('doubles in each round trip until the first drop, then grows by one', () => {
    const state = make();
    for (let call = 0; call < 20; call++) state.record(0, 20, 20, false);
    expect(state.limit).toBe(40);
    state.record(0, 21, 40, true);
    expect(state.limit).toBe(36);
    for (let call = 0; call < 36; call++) state.record(22, 40, 36, false);
    expect(state.limit).toBeCloseTo(37, 1);
  });

  it('is cut once for all that was refused in one round trip', () => {
    const state = make();
    for (let call = 0; call < 20; call++) state.record(0, 21 + call, 20, true);
    expect(state.limit).toBeCloseTo(20 * 0.9, 1);
    // Begun after the cut: news.
    state.record(22, 50, 20, true);
    expect(state.limit).toBeCloseTo(20 * 0.81, 1);
  });

  it('grows by one a round trip where it goes on from a limit that was found before', () => {
    const state = make();
    state.resume?.(20);
    for (let call = 0; call < 20; call++) state.record(0, 20, 20, false);
    expect(state.limit).toBeCloseTo(21, 1);
  });

  it('takes a success that was too slow for a drop', () => {
    const state = make();
    state.record(0, 5001, 20, false);
    expect(state.limit).toBe(18);
  });

  it('does not grow while less than half of it is used', () => {
    const limits = saturate(
      make(),
      refusing(() => 1000, seededRandom(3)),
      20_000,
      9,
    );
    expect(new Set(limits)).toEqual(new Set([20]));
    expect(
      saturate(
        make(),
        refusing(() => 1000, seededRandom(3)),
        20_000,
        10,
      ).at(-1),
    ).toBeGreaterThan(20);
  });

  it('is cut again after its clock has stepped back', () => {
    const state = make();
    state.record(1e9, 1e9 + 1, 20, true);
    state.record(5, 6, 20, true);
    expect(state.limit).toBeCloseTo(20 * 0.81, 6);
  });
});

describe('Gradient2', () => {
  const make = (tolerance: number, some = {}) => new Gradient2({ ...bounds, ...some }, tolerance, 1000);

  it.each([
    [30, 40],
    [100, 130],
  ])(
    'stays within a fifth of a capacity of %i, in the minute from second %i, where it tolerates a tenth of queueing',
    (capacity, second) => {
      const limits = saturate(
        make(1.1),
        queueing(() => capacity),
        (second + 60) * 1000,
      ).slice(second);
      // A tenth of queueing, and the four calls that it always tries on top.
      expect(within(limits, capacity, 1.2 * capacity + 4)).toBe(true);
    },
  );

  it('tolerates by default half as much again', () => {
    const limits = saturate(
      make(1.5),
      queueing(() => 100),
      200_000,
    ).slice(170);
    expect(within(limits, 100, 180)).toBe(true);
  });

  it('follows a capacity that changes, down within seconds and up by nearly one a window', () => {
    const capacity = (nowMs: number) => (nowMs < 150_000 ? 100 : nowMs < 200_000 ? 50 : 90);
    const limits = saturate(make(1.1), queueing(capacity), 280_000);
    expect(within(limits.slice(120, 148), 100, 120)).toBe(true);
    expect(within(limits.slice(160, 198), 50, 68)).toBe(true);
    expect(within(limits.slice(255), 90, 112)).toBe(true);
  });

  it('is cut by a drop, which the original does not heed, once a window', () => {
    const state = make(1.5);
    for (let ms = 0; ms <= 1000; ms += 10) state.record(ms, ms + 5, 20, ms === 500);
    expect(state.limit).toBe(18);
  });

  it('asks for ten calls in a window, and overhears those that were answered from memory', () => {
    const state = make(1.5);
    for (let ms = 0; ms < 9; ms++) state.record(ms * 1000, ms * 1000 + 5, 20, false);
    expect(state.limit).toBe(20);
    const cached = make(1.5);
    for (let ms = 0; ms < 5000; ms++) cached.record(ms, ms + 0.05, 20, false);
    expect(cached.limit).toBe(20);
  });

  it('does not move while less than half of it is used', () => {
    const limits = saturate(
      make(1.5),
      queueing(() => 1000),
      20_000,
      9,
    );
    expect(new Set(limits)).toEqual(new Set([20]));
  });

  it('forgets a time of trouble by a twentieth a window, so that the next one is seen', () => {
    const state = make(1.5);
    const spend = (fromMs: number, windows: number, tookMs: number) => {
      for (let ms = fromMs; ms < fromMs + windows * 1000; ms += 100)
        state.record(ms, ms + tookMs, 500, false);
    };
    spend(0, 20, 1000);
    spend(30_000, 90, 10);
    const high = state.limit;
    spend(130_000, 10, 60);
    expect(state.limit).toBeLessThan(high);
  });

  it('is cut by a drop also where there are few calls', () => {
    const state = make(1.5);
    state.record(0, 5, 20, true);
    state.record(1000, 1005, 20, false);
    expect(state.limit).toBe(18);
  });

  it('goes on after its clock has stepped back', () => {
    const state = make(1.5);
    for (let ms = 1e9; ms < 1e9 + 500; ms += 10) state.record(ms, ms + 5, 20, false);
    for (let ms = 0; ms < 1100; ms += 10) state.record(ms, ms + 5, 20, false);
    expect(state.limit).not.toBe(20);
  });
});

describe('every limit', () => {
  it('stays within its bounds and a number, whatever it is told', () => {
    const step = fc.record({
      gapMs: fc.integer({ min: -500, max: 3000 }),
      tookMs: fc.integer({ min: -10, max: 8000 }),
      inFlight: fc.nat(300),
      dropped: fc.boolean(),
    });
    const limits = fc.constantFrom(
      (bounds: ConstructorParameters<typeof Aimd>[0]) => new Aimd(bounds, 0.5, 1000),
      (bounds: ConstructorParameters<typeof Aimd>[0]) => new Gradient2(bounds, 1.5, 100),
    );
    fc.assert(
      fc.property(
        limits,
        fc.integer({ min: 1, max: 50 }),
        fc.nat(100),
        fc.nat(100),
        fc.array(step, { maxLength: 200 }),
        (make, minLimit, more, evenMore, steps) => {
          const initialLimit = minLimit + more;
          const maxLimit = initialLimit + evenMore;
          const state = make({ minLimit, initialLimit, maxLimit });
          let nowMs = 0;
          for (const { gapMs, tookMs, inFlight, dropped } of steps) {
            nowMs += gapMs;
            state.record(nowMs - tookMs, nowMs, inFlight, dropped);
            expect(state.limit).toBeGreaterThanOrEqual(minLimit);
            expect(state.limit).toBeLessThanOrEqual(maxLimit);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
