/** What is particular to each cost; what all of them share is in test/conformance/costs.test.ts. */
import { type CostMeter, peakEwma, relativeLatency, reportedLoad } from 'evenkeel';
import { seededRandom } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';
import { FAILURE, IGNORED, SUCCESS } from '../../src/core/outcome.ts';
import { loadOf } from './kit.ts';

describe('peakEwma', () => {
  const known = (latencyMs = 10) => {
    const meter = peakEwma({ decayMs: 10_000 }).create().meter();
    meter.record(0, latencyMs, SUCCESS, undefined, loadOf(0));
    return meter;
  };

  it('believes a peak at once, and good news by its weight', () => {
    const meter = known(10);
    meter.record(0, 100, SUCCESS, undefined, loadOf(0));
    expect(meter.latencyMs(0)).toBe(100);
    meter.record(10_000, 20, SUCCESS, undefined, loadOf(0));
    expect(meter.latencyMs(10_000)).toBeCloseTo(100 / Math.E + 20 * (1 - 1 / Math.E), 2);
  });

  it('fades with time as read', () => {
    expect(known(100).latencyMs(10_000)).toBeCloseTo(100 / Math.E, 3);
  });

  it('multiplies latency by the calls in flight and one', () => {
    expect(known(10).cost(0, loadOf(3, 0))).toBe(40);
  });

  it('takes latencies under the floor as equal', () => {
    expect(known(0.01).cost(0, loadOf(0, 0))).toBe(known(0.9).cost(0, loadOf(0, 0)));
  });

  it('records a failure as a penalty, however fast it was, and however slow as no less', () => {
    const fast = known(10);
    fast.record(0, 1, FAILURE, undefined, loadOf(0));
    expect(fast.latencyMs(0)).toBe(5000);
    const slow = known(10);
    slow.record(0, 8000, FAILURE, undefined, loadOf(0));
    expect(slow.latencyMs(0)).toBe(8000);
  });

  it('lets a hint raise the cost only, up to a bound', () => {
    const meter = known(10);
    meter.record(0, 1, { kind: 'overload', retryAfterMs: 20_000 }, undefined, loadOf(0));
    expect(meter.latencyMs(0)).toBe(20_000);
    meter.record(0, 1, { kind: 'overload', retryAfterMs: 1 }, undefined, loadOf(0));
    expect(meter.latencyMs(0)).toBe(20_000);
    meter.record(0, 1, { kind: 'overload', retryAfterMs: 1e9 }, undefined, loadOf(0));
    expect(meter.latencyMs(0)).toBe(300_000);
  });

  it('learns from a call given up that it would have taken at least so long', () => {
    const meter = known(10);
    meter.record(0, 5, IGNORED, undefined, loadOf(0));
    expect(meter.latencyMs(0)).toBe(10);
    meter.record(0, 900, IGNORED, undefined, loadOf(0));
    expect(meter.latencyMs(0)).toBe(900);
  });

  it('counts the age of calls without an answer', () => {
    expect(known(10).cost(0, loadOf(1, 700))).toBe(1400);
  });

  it('gives an unknown endpoint one call, not a herd', () => {
    const meter = peakEwma().create().meter();
    expect(meter.cost(0, loadOf(0, 0))).toBe(1);
    expect(meter.cost(0, loadOf(1, 0))).toBe(2000);
  });

  it('forgets when told that the endpoint has recovered', () => {
    const meter = known(10);
    meter.record(0, 1, FAILURE, undefined, loadOf(0));
    meter.reset();
    expect(meter.latencyMs(0)).toBeUndefined();
    expect(meter.cost(0, loadOf(0, 0))).toBe(1);
  });
});

describe('reportedLoad', () => {
  const meterOf = (options: Parameters<typeof reportedLoad>[0] = {}) =>
    reportedLoad(options).create().meter();

  it('adds its own sends to a report, so that nobody herds to whoever looked idle in it', () => {
    const [idle, busy] = [meterOf(), meterOf()];
    idle.reported?.(0, 0, loadOf(0));
    busy.reported?.(3, 0, loadOf(0));
    const costs = [0, 1, 2, 3, 4].map((picked) => idle.cost(1000, loadOf(0, 0, { picked })));
    expect(costs).toEqual([0, 1, 2, 3, 4]);
    expect(busy.cost(1000, loadOf(0, 0, { picked: 0 }))).toBe(3);
  });

  it('reads the report from the response, and forgets the sends that it counts already', () => {
    const meter = meterOf({ read: (response) => (response as { queue?: number }).queue });
    meter.record(0, 5, SUCCESS, { queue: 7 }, loadOf(0, 0, { picked: 100 }));
    expect(meter.cost(1, loadOf(0, 0, { picked: 102 }))).toBe(9);
    meter.record(1, 5, SUCCESS, {}, loadOf(0, 0, { picked: 102 }));
    expect(meter.cost(1, loadOf(0, 0, { picked: 102 }))).toBe(9);
  });

  it('goes by its own calls in flight without a report, and when the last is too old', () => {
    const meter = meterOf({ maxAgeMs: 100 });
    expect(meter.cost(0, loadOf(2))).toBe(2);
    meter.reported?.(50, 0, loadOf(0));
    expect(meter.cost(100, loadOf(2, 0, { picked: 0 }))).toBe(50);
    expect(meter.cost(101, loadOf(2))).toBe(2);
  });

  it('puts an endpoint last after a failure, for longer when it asks for it, until it succeeds', () => {
    const meter = meterOf();
    meter.record(0, 1, FAILURE, undefined, loadOf(0));
    expect(meter.cost(4999, loadOf(0))).toBeGreaterThan(1e9);
    expect(meter.cost(5000, loadOf(0))).toBe(0);
    meter.record(0, 1, { kind: 'overload', retryAfterMs: 60_000 }, undefined, loadOf(0));
    expect(meter.cost(59_999, loadOf(0))).toBeGreaterThan(1e9);
    meter.record(60, 1, SUCCESS, undefined, loadOf(0));
    expect(meter.cost(61, loadOf(0))).toBe(0);
  });

  it('counts a call in the unit of the reports, and divides by the weight', () => {
    const meter = meterOf({ perCall: 0.1 });
    meter.reported?.(0.5, 0, loadOf(0));
    expect(meter.cost(0, loadOf(0, 0, { picked: 5, weight: 2 }))).toBeCloseTo(0.5, 10);
  });

  it('takes a response that cannot be read for one that says nothing', () => {
    const meter = meterOf({
      read: () => {
        throw new Error('no header');
      },
    });
    expect(() => meter.record(0, 1, SUCCESS, {}, loadOf(0))).not.toThrow();
    expect(meter.cost(0, loadOf(1))).toBe(1);
  });
});

describe('relativeLatency', () => {
  /** Endpoints of one balancer, each with a history of calls that took so long. */
  const fleet = (...histories: number[][]) => {
    const meters = relativeLatency().create();
    return histories.map((history) => {
      const meter = meters.meter();
      for (const latencyMs of history) meter.record(0, latencyMs, SUCCESS, undefined, loadOf(0));
      return meter;
    });
  };
  const many = (latencyMs: number) => Array.from({ length: 100 }, () => latencyMs);

  it('compares by calls in flight alone while nobody is more than twice as slow', () => {
    const [fast, slow] = fleet(many(6), many(10)) as [CostMeter, CostMeter];
    expect([fast.cost(0, loadOf(3)), slow.cost(0, loadOf(2))]).toEqual([4, 3]);
    expect(slow.outlier).toBe(false);
  });

  it('counts latency in full for who is, and says that it is an outlier', () => {
    const [fast, slow] = fleet(
      [...many(10), ...many(10)],
      Array.from({ length: 10 }, () => 200),
    ) as [CostMeter, CostMeter];
    const cost = slow.cost(0, loadOf(0));
    expect(cost).toBeGreaterThan(5);
    expect(slow.cost(0, loadOf(1))).toBeCloseTo(2 * cost, 10);
    expect([slow.outlier, fast.outlier]).toEqual([true, false]);
  });

  it('is not led by noise: of exponential latencies alike, almost nobody ever is an outlier', () => {
    const chance = seededRandom(9);
    const meters = relativeLatency().create();
    const equals = Array.from({ length: 20 }, () => meters.meter());
    let outliers = 0;
    for (let call = 0; call < 20_000; call++) {
      const meter = equals[call % 20] as CostMeter;
      meter.record(0, -20 * Math.log(1 - chance()), SUCCESS, undefined, loadOf(0));
      meter.cost(0, loadOf(0));
      if (meter.outlier) outliers++;
    }
    expect(outliers / 20_000).toBeLessThan(0.01);
  });

  it('takes a difference below the floor for none, however large the factor', () => {
    const [, slow] = fleet(
      [...many(0.1), ...many(0.1)],
      Array.from({ length: 10 }, () => 0.9),
    ) as [CostMeter, CostMeter];
    slow.cost(0, loadOf(0));
    expect(slow.outlier).toBe(false);
  });

  it('avoids who does not answer, before any call to it has ended', () => {
    const [, hung] = fleet(many(10), many(10)) as [CostMeter, CostMeter];
    expect(hung.cost(0, loadOf(1, 500))).toBeCloseTo(100, 0);
    expect(hung.outlier).toBe(true);
  });

  it('forgives one failure, and avoids who fails twice in a row, the more the longer it goes on', () => {
    const [well, failing] = fleet(many(10), many(10)) as [CostMeter, CostMeter];
    const costs = Array.from({ length: 6 }, () => {
      failing.record(0, 1, FAILURE, undefined, loadOf(0));
      return failing.cost(0, loadOf(0));
    });
    expect(costs.map(Math.round)).toEqual([1, 8, 32, 128, 500, 500]);
    expect(well.cost(0, loadOf(5))).toBe(6);
  });

  it('starts the row anew with a success, and believes a hint at once', () => {
    const [meter] = fleet(many(10)) as [CostMeter];
    for (let n = 0; n < 20; n++) {
      meter.record(0, 1, FAILURE, undefined, loadOf(0));
      meter.record(0, 10, SUCCESS, undefined, loadOf(0));
    }
    meter.cost(0, loadOf(0));
    expect(meter.outlier).toBe(false);
    meter.record(0, 1, { kind: 'overload', retryAfterMs: 30_000 }, undefined, loadOf(0));
    expect(meter.cost(0, loadOf(0))).toBeCloseTo(3000, 0);
  });

  it('has an endpoint back with its first success after failures', () => {
    const [meter] = fleet(many(10)) as [CostMeter];
    for (let n = 0; n < 9; n++) meter.record(0, 1, FAILURE, undefined, loadOf(0));
    expect(meter.cost(0, loadOf(0))).toBeGreaterThan(100);
    meter.record(0, 10, SUCCESS, undefined, loadOf(0));
    expect(meter.cost(0, loadOf(0))).toBe(1);
  });

  it('fades to what is typical, so that whoever was bad is tried again', () => {
    const [meter] = fleet(many(10)) as [CostMeter];
    for (let n = 0; n < 9; n++) meter.record(0, 1, FAILURE, undefined, loadOf(0));
    const costs = [0, 10_000, 40_000, 80_000].map((nowMs) => meter.cost(nowMs, loadOf(0)));
    expect(costs[1]).toBeCloseTo(1 + 499 * Math.exp(-1), 0);
    expect(costs.at(-1)).toBe(1);
  });

  it('does not share what it knows between balancers', () => {
    const cost = relativeLatency();
    const [one, other] = [cost.create().meter(), cost.create().meter()];
    for (let n = 0; n < 100; n++) one.record(0, 1, SUCCESS, undefined, loadOf(0));
    for (let n = 0; n < 20; n++) other.record(0, 500, SUCCESS, undefined, loadOf(0));
    other.cost(0, loadOf(0));
    expect(other.outlier).toBe(false);
  });

  it('takes one failure for all the evidence there is while nothing else is known', () => {
    const [known, unknown] = fleet([], []) as [CostMeter, CostMeter];
    unknown.record(0, 1, FAILURE, undefined, loadOf(0));
    known.record(0, 10, SUCCESS, undefined, loadOf(0));
    expect(unknown.cost(0, loadOf(0))).toBeCloseTo(500, 0);
  });

  it('knows nothing of an endpoint that has recovered', () => {
    const [meter] = fleet(many(10)) as [CostMeter];
    for (let n = 0; n < 9; n++) meter.record(0, 1, FAILURE, undefined, loadOf(0));
    meter.reset();
    expect([meter.cost(0, loadOf(0)), meter.latencyMs(0)]).toEqual([1, undefined]);
  });
});
