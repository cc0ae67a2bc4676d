import { describe, expect, it } from 'vitest';
import { ProbePool, reuseLimit } from '../../src/structures/probe-pool.ts';

/** A pool of named servers with requests in flight and latency. */
function poolOf(
  probes: Record<string, [inFlight: number, latencyMs: number]>,
  quantile = 0.84,
  usesLeft = 9,
) {
  const pool = new ProbePool<string>(16, quantile);
  for (const [server, [inFlight, latencyMs]] of Object.entries(probes))
    pool.add({ server, atMs: 0, inFlight, latencyMs, usesLeft });
  return pool;
}
const all = () => true;

describe('the hot-cold lexicographic rule', () => {
  it('takes the fastest of those that are not among the busiest', () => {
    const pool = poolOf({ a: [1, 50], b: [2, 20], c: [3, 30], hot: [9, 1] }, 0.5);
    expect(pool.use(all)?.server).toBe('b');
  });

  it('takes who has fewest in flight at a quantile of 0, and the fastest at 1', () => {
    const probes: Record<string, [number, number]> = { a: [1, 50], b: [2, 1], c: [3, 30] };
    expect(poolOf(probes, 0).use(all)?.server).toBe('a');
    expect(poolOf(probes, 1).use(all)?.server).toBe('b');
  });

  it('among the hot alone takes who has fewest in flight', () => {
    const pool = poolOf({ cold: [1, 9], hot: [8, 1], hotter: [9, 0] }, 0);
    expect(pool.use((server) => server !== 'cold')?.server).toBe('hot');
  });

  it('counts its own uses, so that one good answer is not everybody’s choice', () => {
    const pool = poolOf({ a: [0, 10], b: [1, 10], c: [2, 10] }, 0);
    const used = Array.from({ length: 6 }, () => pool.use(all)?.server);
    expect(used.filter((server) => server === 'a').length).toBeLessThan(4);
  });
});

describe('the pool', () => {
  it('keeps one answer of each server, and no more than it has room for', () => {
    const pool = new ProbePool<number>(3, 0.84);
    for (const server of [1, 1, 2, 3, 4])
      pool.add({ server, atMs: 0, inFlight: 0, latencyMs: 1, usesLeft: 1 });
    expect(pool.size).toBe(3);
    expect(pool.use((server) => server === 1)).toBeUndefined();
  });

  it('gives up an answer after its uses', () => {
    const pool = poolOf({ a: [0, 1] }, 0.84, 2);
    expect([pool.use(all), pool.use(all), pool.use(all)].map((probe) => probe?.server)).toEqual([
      'a',
      'a',
      undefined,
    ]);
  });

  it('removes in turn the oldest and the worst', () => {
    const pool = poolOf({ oldest: [0, 1], hot: [9, 1], slow: [0, 90], good: [0, 2] }, 0.5);
    pool.removeOne();
    expect(pool.use((server) => server === 'oldest')).toBeUndefined();
    pool.removeOne();
    expect(pool.use((server) => server === 'hot')).toBeUndefined();
    expect(pool.size).toBe(2);
  });
});

describe('the reuse limit', () => {
  // The figures for 100 servers and a pool of 16: probes and removals per call, and the limit.
  it.each([
    [3, 1, 1.32],
    [1, 0.25, 3.39],
    [0.5, 0.25, 11.76],
  ])('at %f probes and %f removals a call is %f', (probes, removals, expected) => {
    expect(reuseLimit(16, 100, probes, removals)).toBeCloseTo(expected, 2);
  });

  it('is none where the pool holds everybody, and never below 1', () => {
    expect(reuseLimit(16, 10, 3, 1)).toBe(Infinity);
    expect(reuseLimit(16, 1000, 10, 0)).toBe(1);
  });
});
