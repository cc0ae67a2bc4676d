import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  admitted,
  type BreakerState,
  type BreakerTimes,
  CLOSED,
  closed,
  kindAt,
  opened,
  probed,
  restored,
  returned,
  saved,
  waitMs,
} from '../../src/structures/breaker-machine.ts';

type Open = BreakerState & { readonly kind: 'open' };
type HalfOpen = BreakerState & { readonly kind: 'half-open' };

const OPEN: Open = { kind: 'open', epoch: 3, untilMs: 100, row: 1 };
const HALF: HalfOpen = {
  kind: 'half-open',
  epoch: 4,
  untilMs: 200,
  row: 1,
  sent: 1,
  succeeded: 0,
  failed: 0,
};
const ONE: BreakerTimes = { openMs: 50, maxOpenMs: 60, probes: 1, successes: 1 };
const TWO_OF_THREE: BreakerTimes = { openMs: 50, maxOpenMs: 50, probes: 3, successes: 2 };
const GROWING: BreakerTimes = { openMs: 50, maxOpenMs: 300, probes: 1, successes: 1 };

describe('the breaker machine', () => {
  it.each([
    ['closed, tripped', opened(CLOSED, 10, ONE, 0, 0), { kind: 'open', epoch: 1, untilMs: 60, row: 1 }],
    ['half-open, failed', opened(HALF, 150, ONE, 0, 0), { kind: 'open', epoch: 5, untilMs: 200, row: 2 }],
    ['half-open, succeeded', closed(HALF), { kind: 'closed', epoch: 5 }],
    ['half-open, the probe was left', returned(HALF), { ...HALF, sent: 0 }],
    ['closed, a call', admitted(CLOSED, 10, ONE), CLOSED],
    ['open, too early', admitted(OPEN, 99.9, ONE), undefined],
    ['open, in time', admitted(OPEN, 100, ONE), { ...HALF, untilMs: 150 }],
    ['half-open, a probe is out', admitted(HALF, 199.9, ONE), undefined],
    ['half-open, the probe was left, a call', admitted(returned(HALF), 150, ONE), HALF],
    ['half-open, one of three is out', admitted(HALF, 150, TWO_OF_THREE), { ...HALF, sent: 2 }],
    ['half-open, three of three are out', admitted({ ...HALF, sent: 3 }, 150, TWO_OF_THREE), undefined],
    ['half-open, the probe hangs', admitted(HALF, 200, ONE), { ...HALF, epoch: 5, untilMs: 250 }],
  ])('goes on from %s', (_, state, expected) => {
    expect(state).toEqual(expected);
  });

  it.each([
    [ONE, 's', 'closed'],
    [ONE, 'f', 'open'],
    [TWO_OF_THREE, 's', 'half-open'],
    [TWO_OF_THREE, 'ss', 'closed'],
    [TWO_OF_THREE, 'sfs', 'closed'],
    [TWO_OF_THREE, 'f', 'half-open'],
    [TWO_OF_THREE, 'ff', 'open'],
    [TWO_OF_THREE, 'sff', 'open'],
  ])('decides with %j after %s: %s', (times, ends, expected) => {
    let state: BreakerState | 'closed' | 'open' = { ...HALF, sent: times.probes };
    for (const end of ends) state = probed(state as HalfOpen, end === 's', times);
    expect(typeof state === 'string' ? state : state.kind).toBe(expected);
  });

  it.each([
    [CLOSED, 0, 'closed', 0],
    [OPEN, 40, 'open', 60],
    [OPEN, -86_400_000, 'half-open', 0],
    [OPEN, 100, 'half-open', 0],
    [OPEN, 900, 'half-open', 0],
    [HALF, 150, 'half-open', 50],
    [{ ...HALF, sent: 0 }, 150, 'half-open', 0],
    [HALF, 900, 'half-open', 0],
  ])('is seen from %j at %i ms as %s, with a wait of %i', (state, nowMs, kind, wait) => {
    expect(kindAt(state, nowMs, ONE)).toBe(kind);
    expect(waitMs(state, nowMs, ONE)).toBe(wait);
  });

  it('stays open for longer each time in a row, half of it jittered, and up to a limit', () => {
    const lengths = (draw: number) => {
      let state: BreakerState = CLOSED;
      return [1, 2, 3, 4, 5].map(() => {
        state = opened(state, 0, GROWING, draw, 0);
        return (state as Open).untilMs;
      });
    };
    expect(lengths(0)).toEqual([50, 50, 100, 150, 150]);
    expect(lengths(1)).toEqual([50, 100, 200, 300, 300]);
    expect((opened(closed(opened(HALF, 0, GROWING, 1, 0)), 0, GROWING, 1, 0) as Open).untilMs).toBe(50);
  });

  it('stays open for as long as the server asked, up to the limit', () => {
    const until = (hintMs: number, times: BreakerTimes) =>
      (opened(CLOSED, 0, times, 0.5, hintMs) as Open).untilMs;
    expect([20, 200, 9000].map((hintMs) => until(hintMs, GROWING))).toEqual([50, 200, 300]);
    expect(until(9000, TWO_OF_THREE)).toBe(50);
  });

  it('is taken over by another process: times go on from there, and its probes are not ours', () => {
    const carried = (state: BreakerState, nowMs: number, agoMs: number) =>
      restored(CLOSED, JSON.parse(JSON.stringify(saved(state, nowMs, ONE))), 7000, agoMs, ONE);
    expect(carried(CLOSED, 40, 0)).toEqual({ kind: 'closed', epoch: 1 });
    expect(carried(OPEN, 40, 0)).toEqual({ kind: 'open', epoch: 1, untilMs: 7060, row: 1 });
    expect(carried(OPEN, 40, 45)).toEqual({ kind: 'open', epoch: 1, untilMs: 7015, row: 1 });
    expect(carried(OPEN, 40, 1e9)).toEqual({ kind: 'open', epoch: 1, untilMs: 7000, row: 1 });
    expect(carried({ ...HALF, row: 3 }, 150, 0)).toEqual({ kind: 'open', epoch: 1, untilMs: 7000, row: 3 });
    // For no longer than it would stay open here.
    const forEver = { openMs: Infinity, maxOpenMs: Infinity, probes: 1, successes: 1 };
    const said = JSON.parse(JSON.stringify(saved({ ...OPEN, untilMs: Infinity }, 0, forEver))) as typeof OPEN;
    expect(restored(CLOSED, said as never, 7000, 0, ONE)).toMatchObject({ kind: 'open', untilMs: 7060 });
    expect(restored(CLOSED, said as never, 7000, 0, forEver)).toMatchObject({ untilMs: Number.MAX_VALUE });
  });

  it('takes a new epoch with every change of kind, never has more than its probes out, and waits in between', () => {
    const step = fc.record({
      gapMs: fc.nat(80),
      event: fc.constantFrom('trip', 'ok', 'bad', 'left', 'ask', 'ask'),
    });
    const probes = fc.integer({ min: 1, max: 4 });
    fc.assert(
      fc.property(probes, fc.nat(3), fc.array(step, { maxLength: 60 }), (probes, fewer, steps) => {
        const times = { openMs: 50, maxOpenMs: 200, probes, successes: Math.max(1, probes - fewer) };
        let state: BreakerState = CLOSED;
        let nowMs = 0;
        for (const { gapMs, event } of steps) {
          nowMs += gapMs;
          const before: BreakerState = state;
          if (event === 'ask') {
            const admission: BreakerState | undefined = admitted(state, nowMs, times);
            expect(admission !== undefined).toBe(waitMs(state, nowMs, times) === 0);
            state = admission ?? state;
          } else if (event === 'trip') state = opened(state, nowMs, times, 0.5, 0);
          else if (state.kind === 'half-open' && state.sent > state.succeeded + state.failed) {
            if (event === 'left') state = returned(state);
            else {
              const after = probed(state, event === 'ok', times);
              state =
                after === 'closed'
                  ? closed(state)
                  : after === 'open'
                    ? opened(state, nowMs, times, 0.5, 0)
                    : after;
            }
          }
          if (state.kind !== before.kind) expect(state.epoch).toBe(before.epoch + 1);
          if (state.kind !== 'half-open') continue;
          expect(state.sent).toBeLessThanOrEqual(probes);
          expect(state.succeeded).toBeLessThan(times.successes);
          expect(state.failed).toBeLessThanOrEqual(probes - times.successes);
        }
      }),
      { numRuns: 300 },
    );
  });
});
