import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  eject,
  type Ejection,
  handBack,
  IN,
  pardon,
  postpone,
  readmit,
  tryAgain,
} from '../../src/structures/ejection.ts';

const TIMES = { baseMs: 100, maxMs: 350 };
const inside = (row: number, sinceMs: number): Ejection => ({ kind: 'in', ticket: 5, row, sinceMs });
const OUT: Ejection = { kind: 'out', ticket: 6, row: 2, untilMs: 1000 };
const TRIAL: Ejection = { kind: 'trial', ticket: 7, row: 2, untilMs: 1100 };

describe('the ejection machine', () => {
  it.each([
    ['in, for the first time', eject(IN, 0, TIMES, 0), { kind: 'out', ticket: 2, row: 1, untilMs: 50 }],
    ['in, with the largest draw', eject(IN, 0, TIMES, 1), { kind: 'out', ticket: 2, row: 1, untilMs: 100 }],
    ['in, soon again', eject(inside(1, 0), 99, TIMES, 1), { kind: 'out', ticket: 6, row: 2, untilMs: 299 }],
    [
      'in, after a while',
      eject(inside(1, 0), 100, TIMES, 1),
      { kind: 'out', ticket: 6, row: 1, untilMs: 200 },
    ],
    [
      'in, after long',
      eject(inside(4, 0), 1e9, TIMES, 0.5),
      { kind: 'out', ticket: 6, row: 1, untilMs: 1e9 + 75 },
    ],
    ['in, at the cap', eject(inside(9, 0), 0, TIMES, 1), { kind: 'out', ticket: 6, row: 10, untilMs: 350 }],
    ['trial, failed', eject(TRIAL, 1010, TIMES, 1), { kind: 'out', ticket: 8, row: 3, untilMs: 1360 }],
    ['trial, succeeded', readmit(TRIAL, 1010), { kind: 'in', ticket: 8, row: 2, sinceMs: 1010 }],
    [
      'trial, which told nothing',
      postpone(TRIAL, 1010, TIMES, 1),
      { kind: 'out', ticket: 8, row: 2, untilMs: 1110 },
    ],
    [
      'trial, the same, drawn low',
      postpone(TRIAL, 1010, TIMES, 0),
      { kind: 'out', ticket: 8, row: 2, untilMs: 1060 },
    ],
    ['out, by mistake', pardon(OUT, 50), { kind: 'in', ticket: 7, row: 1, sinceMs: 50 }],
    ['trial, left', handBack(TRIAL, 1010), { kind: 'out', ticket: 8, row: 2, untilMs: 1010 }],
    ['in, asked for a trial', tryAgain(IN, 1e9, TIMES), undefined],
    ['out, too early', tryAgain(OUT, 999, TIMES), undefined],
    ['out, in time', tryAgain(OUT, 1000, TIMES), { kind: 'trial', ticket: 7, row: 2, untilMs: 1100 }],
    ['trial, one is under way', tryAgain(TRIAL, 1099, TIMES), undefined],
    ['trial, no answer', tryAgain(TRIAL, 1100, TIMES), { kind: 'trial', ticket: 8, row: 2, untilMs: 1200 }],
  ])('goes on from %s', (_, state, expected) => {
    expect(state).toEqual(expected);
  });

  it('takes a new ticket with every change, and is out from half of the time to all of it, never more than the cap', () => {
    const step = fc.record({
      gapMs: fc.nat(400),
      event: fc.constantFrom('fail', 'succeed', 'leave', 'ask'),
      draw: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let state: Ejection = IN;
        let nowMs = 0;
        for (const { gapMs, event, draw } of steps) {
          nowMs += gapMs;
          const before: Ejection = state;
          if (event === 'fail' && state.kind !== 'out') {
            state = eject(state, nowMs, TIMES, draw);
            const fullMs = Math.min(TIMES.maxMs, TIMES.baseMs * 2 ** (state.row - 1));
            expect(state).toMatchObject({ kind: 'out' });
            if (state.kind !== 'out') continue;
            expect(state.untilMs - nowMs).toBeGreaterThanOrEqual(fullMs / 2 - 1e-6);
            expect(state.untilMs - nowMs).toBeLessThanOrEqual(fullMs + 1e-6);
          } else if (event === 'ask') state = tryAgain(state, nowMs, TIMES) ?? state;
          else if (state.kind === 'trial')
            state = event === 'succeed' ? readmit(state, nowMs) : handBack(state, nowMs);
          if (state !== before) expect(state.ticket).toBe(before.ticket + 1);
        }
      }),
    );
  });

  it.each([0, 0.5])('may be for ever: no draw (%d) makes that no time at all', (draw) => {
    const out = eject(IN, 5, { baseMs: Infinity, maxMs: Infinity }, draw);
    expect(out).toMatchObject({ kind: 'out', untilMs: Infinity });
    expect(tryAgain(out, 1e12, { baseMs: Infinity, maxMs: Infinity })).toBeUndefined();
  });
});
