import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  admitted,
  type BreakerState,
  CLOSED,
  closed,
  kindAt,
  opened,
  returned,
  waitMs,
} from '../../src/structures/breaker-machine.ts';

const OPEN: BreakerState = { kind: 'open', epoch: 3, untilMs: 100 };
const HALF: BreakerState = { kind: 'half-open', epoch: 4, probeUntilMs: 200 };

describe('the breaker machine', () => {
  it.each([
    ['closed, tripped', opened(CLOSED, 10, 50), { kind: 'open', epoch: 1, untilMs: 60 }],
    ['half-open, the probe failed', opened(HALF, 150, 50), { kind: 'open', epoch: 5, untilMs: 200 }],
    ['half-open, the probe succeeded', closed(HALF), { kind: 'closed', epoch: 5 }],
    ['half-open, the probe was left', returned(HALF, 150), { kind: 'open', epoch: 5, untilMs: 150 }],
    ['closed, a call', admitted(CLOSED, 10, 50), CLOSED],
    ['open, too early', admitted(OPEN, 99.9, 50), undefined],
    ['open, in time', admitted(OPEN, 100, 50), { kind: 'half-open', epoch: 4, probeUntilMs: 150 }],
    ['half-open, a probe is out', admitted(HALF, 199.9, 50), undefined],
    [
      'half-open, the probe hangs',
      admitted(HALF, 200, 50),
      { kind: 'half-open', epoch: 5, probeUntilMs: 250 },
    ],
  ])('goes on from %s', (_, state, expected) => {
    expect(state).toEqual(expected);
  });

  it.each([
    [CLOSED, 0, 'closed', 0],
    [OPEN, 40, 'open', 60],
    [OPEN, 100, 'half-open', 0],
    [OPEN, 900, 'half-open', 0],
    [HALF, 150, 'half-open', 50],
    [HALF, 900, 'half-open', 0],
  ])('is seen from %j at %i ms as %s, with a wait of %i', (state, nowMs, kind, wait) => {
    expect(kindAt(state, nowMs)).toBe(kind);
    expect(waitMs(state, nowMs)).toBe(wait);
  });

  it('takes a new epoch with every change, admits one call an epoch when not closed, and waits in between', () => {
    const step = fc.record({ gapMs: fc.nat(80), event: fc.constantFrom('trip', 'ok', 'left', 'ask') });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let state: BreakerState = CLOSED;
        let nowMs = 0;
        for (const { gapMs, event } of steps) {
          nowMs += gapMs;
          const before: BreakerState = state;
          if (event === 'ask') {
            const admission: BreakerState | undefined = admitted(state, nowMs, 50);
            expect(admission !== undefined).toBe(waitMs(state, nowMs) === 0);
            state = admission ?? state;
          } else if (event === 'trip') state = opened(state, nowMs, 50);
          else if (state.kind === 'half-open')
            state = event === 'ok' ? closed(state) : returned(state, nowMs);
          if (state !== before) expect(state.epoch).toBe(before.epoch + 1);
        }
      }),
    );
  });
});
