import { type Cost, leastPending, peakEwma, reportedLoad } from 'evenkeel';
import { describe, expect, it } from 'vitest';
import { loadOf } from './kit.ts';
import { FAILURE, IGNORED, SUCCESS } from '../../src/core/outcome.ts';

const costs: [string, Cost][] = [
  ['leastPending', leastPending()],
  ['peakEwma', peakEwma()],
  ['reportedLoad', reportedLoad()],
];

describe.each(costs)('the cost %s', (_, cost) => {
  it('grows with every call in flight', () => {
    const meter = cost.meter();
    meter.record(0, 10, SUCCESS, undefined, loadOf(0));
    const rising = [0, 1, 2, 10].map((pending) => meter.cost(0, loadOf(pending, 0)));
    expect(rising).toEqual([...rising].sort((a, b) => a - b));
    expect(new Set(rising).size).toBe(4);
  });

  it('is changed neither by being read, nor by a clock that steps back', () => {
    const meter = cost.meter();
    meter.record(1000, 10, SUCCESS, undefined, loadOf(0));
    const once = meter.cost(2000, loadOf(1, 0));
    for (const nowMs of [500, 9000, 100_000]) meter.cost(nowMs, loadOf(1, 0));
    expect(meter.cost(2000, loadOf(1, 0))).toBe(once);
    expect(Number.isFinite(meter.cost(0, loadOf(1, 0)))).toBe(true);
  });
});

describe('peakEwma', () => {
  const known = (latencyMs = 10) => {
    const meter = peakEwma({ decayMs: 10_000 }).meter();
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
    const meter = peakEwma().meter();
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
  const meterOf = (options: Parameters<typeof reportedLoad>[0] = {}) => reportedLoad(options).meter();

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
