import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Quota, type Rate, shareOf } from '../../src/structures/quota.ts';
import { SlidingWindow } from '../../src/structures/sliding-window.ts';
import { TokenBucket } from '../../src/structures/token-bucket.ts';

const kinds = {
  'a token bucket': () => new TokenBucket(),
  'a sliding window': () => new SlidingWindow(),
} as const;

const rates = fc
  .record({
    limit: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.double({ min: 0.05, max: 12, noNaN: true })),
    perMs: fc.integer({ min: 1, max: 2000 }),
    extra: fc.integer({ min: 0, max: 10 }),
  })
  .map(({ limit, perMs, extra }): Rate => ({ limit, perMs, burst: 1 + extra }));
const gaps = fc.array(fc.oneof(fc.nat(5), fc.nat(400), fc.nat(5000)), { maxLength: 120 });

/** When each call was let in, of those that came after these gaps. */
function granted(quota: Quota, rate: Rate, gapsMs: readonly number[]): number[] {
  const times: number[] = [];
  let nowMs = 0;
  for (const gap of gapsMs) {
    nowMs += gap;
    if (quota.take(nowMs, rate, false)) times.push(nowMs);
  }
  return times;
}

describe.each(Object.entries(kinds))('%s', (kind, make) => {
  it('says exactly when there will be room, also behind others', () => {
    fc.assert(
      fc.property(rates, gaps, fc.nat(30), (rate, gapsMs, ahead) => {
        const quota = make();
        granted(quota, rate, gapsMs);
        const startMs = gapsMs.reduce((sum, gap) => sum + gap, 0);
        const said = quota.waitMs(startMs, rate, ahead);
        let nowMs = startMs;
        for (let turn = 0; turn <= ahead; turn++) {
          for (let tries = 0; !quota.take(nowMs, rate, false); tries++) {
            expect(tries).toBeLessThan(3);
            nowMs += Math.max(1e-7, quota.waitMs(nowMs, rate, 0));
          }
        }
        expect(nowMs - startMs).toBeCloseTo(said, 3);
      }),
      { numRuns: 300 },
    );
  });

  it('lets nobody in before the time it said', () => {
    fc.assert(
      fc.property(rates, gaps, (rate, gapsMs) => {
        const quota = make();
        granted(quota, rate, gapsMs);
        const nowMs = gapsMs.reduce((sum, gap) => sum + gap, 0);
        const waitMs = quota.waitMs(nowMs, rate, 0);
        if (waitMs < 0.01) return;
        expect(quota.take(nowMs + waitMs * 0.99, rate, false)).toBe(false);
        // A token bucket forgives the hair by which sums of fractions miss.
        const hair = kind === 'a token bucket' ? 0 : 1e-6;
        expect(quota.take(nowMs + waitMs + hair, rate, false)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('has room again for a call that was given back', () => {
    const rate: Rate = { limit: 3, perMs: 100, burst: 3 };
    const quota = make();
    expect(granted(quota, rate, [0, 0, 0, 0])).toHaveLength(3);
    quota.giveBack();
    expect([quota.take(0, rate, false), quota.take(0, rate, false)]).toEqual([true, false]);
    const idle = make();
    idle.giveBack();
    expect(idle.take(-1e6, rate, false)).toBe(true);
    idle.waitMs(0, rate, 0);
    idle.giveBack();
    expect(granted(idle, rate, [0, 0, 0, 0])).toHaveLength(3);
  });

  it('takes a clock that steps back as one that stands still, and one that leaps ahead as time gone by', () => {
    const rate: Rate = { limit: 2, perMs: 100, burst: 2 };
    const quota = make();
    expect([
      quota.take(1000, rate, false),
      quota.take(1000, rate, false),
      quota.take(1000, rate, false),
    ]).toEqual([true, true, false]);
    expect([quota.take(-5000, rate, false), quota.take(-5001, rate, false)]).toEqual([false, false]);
    // Time goes on from there, not from where it was.
    expect(quota.waitMs(-5001, rate, 0)).toBeLessThanOrEqual(100);
    expect(quota.take(-5001 + 100, rate, false)).toBe(true);
    expect([1, 2, 3].map(() => quota.take(1e12, rate, false))).toEqual([true, true, false]);
  });

  it('heeds a rate that changes on its way', () => {
    const [fast, slow]: Rate[] = [
      { limit: 10, perMs: 100, burst: 10 },
      { limit: 2, perMs: 100, burst: 2 },
    ];
    const quota = make();
    expect(
      granted(
        quota,
        fast as Rate,
        Array.from({ length: 11 }, () => 0),
      ),
    ).toHaveLength(10);
    expect(quota.take(50, slow as Rate, false)).toBe(kind === 'a token bucket');
    expect(quota.take(50, slow as Rate, false)).toBe(false);
    expect(granted(quota, slow as Rate, [500, 0, 0])).toHaveLength(2);
  });
});

describe('a token bucket', () => {
  it('owes to those in line what a late timer made them wait too long, up to one call', () => {
    const rate: Rate = { limit: 3, perMs: 100, burst: 1 };
    const [bucket, idle] = [new TokenBucket(), new TokenBucket()];
    const times: number[] = [];
    for (let ms = 0; ms <= 200; ms++) if (bucket.take(ms, rate, ms > 0)) times.push(ms);
    expect(times).toEqual([0, 34, 67, 100, 134, 167, 200]);
    expect([idle.take(0, rate, false), idle.take(1000, rate, false), idle.take(1000, rate, false)]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('lets at most its burst and the rate through, over any time', () => {
    fc.assert(
      fc.property(rates, gaps, (rate, gapsMs) => {
        const times = granted(new TokenBucket(), rate, gapsMs);
        times.forEach((from, first) => {
          times.slice(first).forEach((to, count) => {
            const most = rate.burst + ((to - from) * rate.limit) / rate.perMs;
            expect(count + 1).toBeLessThanOrEqual(most + 0.001);
          });
        });
      }),
      { numRuns: 200 },
    );
  });
});

describe('a sliding window', () => {
  it('never holds more than the limit in any window, wherever it begins', () => {
    fc.assert(
      fc.property(rates, gaps, (rate, gapsMs) => {
        const limit = Math.max(1, Math.floor(rate.limit));
        const perMs = rate.limit < 1 ? rate.perMs / rate.limit : rate.perMs;
        const times = granted(new SlidingWindow(), rate, gapsMs);
        for (const from of times)
          expect(times.filter((ms) => ms >= from && ms < from + perMs - 1e-6).length).toBeLessThanOrEqual(
            limit,
          );
      }),
      { numRuns: 200 },
    );
  });

  it('lets through all that it may: the first call of a window is replaced the moment it is out', () => {
    const rate: Rate = { limit: 2, perMs: 100, burst: 1 };
    expect(granted(new SlidingWindow(), rate, [0, 60, 39, 1, 59, 1])).toEqual([0, 60, 100, 160]);
  });

  it('forgets what is out of the window, however many calls there were', () => {
    const window: Quota = new SlidingWindow();
    const rate: Rate = { limit: 1000, perMs: 10, burst: 1 };
    for (let ms = 0; ms < 20_000; ms++) expect(window.take(ms, rate, false)).toBe(true);
    expect(window.waitMs(20_000, rate, 0)).toBe(0);
  });
});

describe('the share of a fleet', () => {
  it('adds up to no more than the whole, as long as every member may make a call at all', () => {
    fc.assert(
      fc.property(rates, fc.integer({ min: 1, max: 100 }), (rate, members) => {
        const share = shareOf(rate, members);
        expect(share.limit * members).toBeCloseTo(rate.limit, 9);
        expect(share.burst).toBe(Math.max(1, rate.burst / members));
        expect(share.perMs).toBe(rate.perMs);
      }),
    );
  });
});
