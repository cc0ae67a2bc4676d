import { balance } from 'evenkeel';
import { simulateFleet } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';
import { picture } from './picture.ts';

describe('a picture', () => {
  it('draws latencies, failures and a share per server, as high as their largest value', async () => {
    const report = await simulateFleet({
      durationMs: 4000,
      bucketMs: 1000,
      servers: ['a', 'b', 'c'].map((id) => ({ id, slots: 10, serviceMs: 10 })),
      client: ({ endpoints, send, clock, random }) => balance({ endpoints, send, clock, random }),
      arrivals: { perSecond: 50 },
    });
    const svg = picture('a < b & c', report);
    expect(svg).toContain('a &lt; b &amp; c (4 s, seed 1)');
    const lines = [...svg.matchAll(/<polyline [^>]*points="([^"]+)"/g)].map(([, points = '']) =>
      points.split(' ').map((point) => point.split(',').map(Number)),
    );
    expect(lines).toHaveLength(2 + 1 + 3);
    for (const points of lines) expect(points.map(([x]) => x)).toEqual([0, 253.33, 506.67, 760]);
    // A constant 10 ms is drawn at the top of a scale to 10; no failures at the bottom.
    expect(lines[0]?.map(([, y]) => y)).toEqual([0, 0, 0, 0]);
    expect(lines[2]?.map(([, y]) => y)).toEqual([150, 150, 150, 150]);
  });
});
