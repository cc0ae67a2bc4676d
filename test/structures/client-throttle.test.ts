import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClientThrottle } from '../../src/structures/client-throttle.ts';
import { seededRandom } from '../../src/testing/seeded-random.ts';

const WINDOW = 1000;

describe('client-side throttling', () => {
  it('is the book’s formula over the window, within its cap', () => {
    const step = fc.record({
      gapMs: fc.nat(300),
      requests: fc.nat(30),
      accepts: fc.nat(30),
      refused: fc.nat(10),
    });
    fc.assert(
      fc.property(
        fc.double({ min: 1, max: 5, noNaN: true }),
        fc.double({ min: 0, max: 0.99, noNaN: true }),
        fc.nat(20),
        fc.array(step, { maxLength: 60 }),
        (k, max, minimum, steps) => {
          const throttle = new ClientThrottle(WINDOW);
          const seen: { bucket: number; requests: number; accepts: number; refused: number }[] = [];
          let nowMs = 0;
          for (const { gapMs, ...counts } of steps) {
            nowMs += gapMs;
            seen.push({ bucket: Math.floor(nowMs / 100), ...counts });
            for (let n = 0; n < counts.requests; n++) throttle.requested(nowMs);
            for (let n = 0; n < counts.accepts; n++) throttle.accepted(nowMs);
            for (let n = 0; n < counts.refused; n++) throttle.refused(nowMs);
            const held = seen.filter(({ bucket }) => bucket > Math.floor(nowMs / 100) - 10);
            const sum = (what: 'requests' | 'accepts' | 'refused') =>
              held.reduce((total, one) => total + one[what], 0);
            const formula = Math.max(0, (sum('requests') - k * sum('accepts')) / (sum('requests') + 1));
            const right = sum('refused') < minimum ? 0 : Math.min(max, formula);
            expect(throttle.rejection(nowMs, k, max, minimum)).toBeCloseTo(right, 10);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('never rises when calls are accepted or taken back, and never falls when they are made', () => {
    fc.assert(
      fc.property(fc.nat(200), fc.nat(200), fc.double({ min: 1, max: 4, noNaN: true }), (made, taken, k) => {
        const throttle = new ClientThrottle(WINDOW);
        for (let n = 0; n < made; n++) throttle.requested(0);
        for (let n = 0; n < taken; n++) throttle.accepted(0);
        const before = throttle.rejection(0, k, 1, 0);
        throttle.requested(0);
        const more = throttle.rejection(0, k, 1, 0);
        expect(more).toBeGreaterThanOrEqual(before);
        throttle.withdrawn(0);
        expect(throttle.rejection(0, k, 1, 0)).toBe(before);
        throttle.accepted(0);
        expect(throttle.rejection(0, k, 1, 0)).toBeLessThanOrEqual(before);
      }),
    );
  });

  it.each([1.5, 2, 3])(
    'brings a client that asks for ten times the server’s capacity down to %f times of it',
    (k) => {
      const random = seededRandom(3);
      const throttle = new ClientThrottle(10_000);
      let [sent, credit] = [0, 0];
      // 1000 calls a second, of which the server takes 100.
      for (let ms = 0; ms < 90_000; ms++) {
        credit = Math.min(10, credit + 0.1);
        throttle.requested(ms);
        if (random() < throttle.rejection(ms, k, 0.99, 5)) continue;
        if (ms >= 60_000) sent++;
        if (credit < 1) throttle.refused(ms);
        else {
          credit--;
          throttle.accepted(ms);
        }
      }
      expect(sent / 30 / 100).toBeGreaterThan(0.9 * k);
      expect(sent / 30 / 100).toBeLessThan(1.1 * k);
    },
  );
});
