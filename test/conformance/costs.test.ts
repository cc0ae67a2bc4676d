/** The port of costs, held by every cost. */
import { type Cost, leastPending, peakEwma, relativeLatency, reportedLoad } from 'evenkeel';
import { describe, expect, it } from 'vitest';
import { SUCCESS } from '../../src/core/outcome.ts';
import { loadOf } from '../balancer/kit.ts';

const costs: [string, Cost][] = [
  ['leastPending', leastPending()],
  ['peakEwma', peakEwma()],
  ['reportedLoad', reportedLoad()],
  ['relativeLatency', relativeLatency()],
];

describe.each(costs)('the cost %s', (_, cost) => {
  it('grows with every call in flight', () => {
    const meter = cost.create().meter();
    meter.record(0, 10, SUCCESS, undefined, loadOf(0));
    const rising = [0, 1, 2, 10].map((pending) => meter.cost(0, loadOf(pending, 0)));
    expect(rising).toEqual([...rising].sort((a, b) => a - b));
    expect(new Set(rising).size).toBe(4);
  });

  it('is changed neither by being read, nor by a clock that steps back', () => {
    const meter = cost.create().meter();
    meter.record(1000, 10, SUCCESS, undefined, loadOf(0));
    const once = meter.cost(2000, loadOf(1, 0));
    for (const nowMs of [500, 9000, 100_000]) meter.cost(nowMs, loadOf(1, 0));
    expect(meter.cost(2000, loadOf(1, 0))).toBe(once);
    expect(Number.isFinite(meter.cost(0, loadOf(1, 0)))).toBe(true);
  });
});
