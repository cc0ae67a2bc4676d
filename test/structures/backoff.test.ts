import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Backoff, decorrelatedJitter, equalJitter, fullJitter } from '../../src/structures/backoff.ts';

const all: [name: string, backoff: Backoff][] = [
  ['full jitter', fullJitter],
  ['equal jitter', equalJitter],
  ['decorrelated jitter', decorrelatedJitter],
];
const draw = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const duration = fc.oneof(fc.constantFrom(0, Infinity), fc.double({ min: 0, max: 1e9, noNaN: true }));
const step = { retry: 1, draw: 0, previousMs: 0, baseDelayMs: 50, maxDelayMs: 5000 };

it.each([
  [1, 50],
  [2, 100],
  [3, 200],
  [7, 3200],
  [8, 5000],
  [50, 5000],
])(
  'full jitter before retry %i spreads over 0 to %i ms, equal jitter over its upper half',
  (retry, upperMs) => {
    expect([0, 0.5, 1].map((draw) => fullJitter({ ...step, retry, draw }))).toEqual([
      0,
      upperMs / 2,
      upperMs,
    ]);
    expect([0, 0.5, 1].map((draw) => equalJitter({ ...step, retry, draw }))).toEqual([
      upperMs / 2,
      (3 * upperMs) / 4,
      upperMs,
    ]);
  },
);

it.each([
  [0, 50, 150],
  [100, 50, 300],
  [3000, 50, 5000],
])('decorrelated jitter after %i ms is drawn from %i to %i ms', (previousMs, fromMs, toMs) => {
  expect(decorrelatedJitter({ ...step, previousMs, draw: 0 })).toBe(fromMs);
  expect(decorrelatedJitter({ ...step, previousMs, draw: 1 })).toBe(toMs);
});

describe.each(all)('%s', (_, backoff) => {
  it('keeps its jitter at the cap: no two draws wait the same', () => {
    const waits = new Set(
      Array.from({ length: 100 }, (_, n) => backoff({ ...step, retry: 40, draw: n / 100, previousMs: 5000 })),
    );
    expect(waits.size).toBe(100);
  });

  it('is a number from 0 to the cap, whatever it is given', () => {
    const retry = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(1023, 1024, 1025, 1026, 1e6));
    fc.assert(
      fc.property(
        fc.record({ retry, draw, previousMs: duration, baseDelayMs: duration, maxDelayMs: duration }),
        (step) => {
          const delayMs = backoff(step);
          expect(delayMs).toBeGreaterThanOrEqual(0);
          expect(delayMs).toBeLessThanOrEqual(step.maxDelayMs);
        },
      ),
    );
  });
});
