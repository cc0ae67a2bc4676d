import { describe, expect, it } from 'vitest';
import { nextTurnMs, type Pace, type Patrol, turn } from '../../src/structures/probe-pace.ts';

const PACE: Pace = {
  intervalMs: 1000,
  unhealthyIntervalMs: 100,
  idleIntervalMs: 5000,
  firstCheck: 'at-once',
};
const CALLED: Patrol = {
  well: true,
  checked: true,
  called: true,
  succeeded: false,
  agoMs: 1000,
  skipped: 0,
};
const UNSEEN = { ...CALLED, checked: false, called: false, agoMs: Infinity };

describe('the pace of checks', () => {
  it.each<[string, Partial<Pace>, Partial<Patrol>, string]>([
    ['at first', {}, UNSEEN, 'check'],
    ['at first, which may wait for a call', { firstCheck: 'at-first-use' }, UNSEEN, 'rest'],
    ['at the first call', { firstCheck: 'at-first-use' }, { ...UNSEEN, called: true }, 'check'],
    ['after calls of which none succeeded', {}, {}, 'check'],
    ['after a call that succeeded', {}, { succeeded: true }, 'skip'],
    ['after three that were skipped', {}, { succeeded: true, skipped: 3 }, 'skip'],
    ['after four that were skipped', {}, { succeeded: true, skipped: 4 }, 'check'],
    ['of one that is not well, whatever calls say', {}, { well: false, succeeded: true }, 'check'],
    ['of one that is not well and has no calls', {}, { well: false, called: false }, 'check'],
    ['of one without calls, soon', {}, { called: false, agoMs: 4400 }, 'rest'],
    ['of one without calls, at last', {}, { called: false, agoMs: 4500 }, 'check'],
    [
      'of one without calls, at the usual pace',
      { idleIntervalMs: 1000 },
      { called: false, agoMs: 900 },
      'check',
    ],
    ['of one without calls, never', { idleIntervalMs: Infinity }, { called: false, agoMs: 1e12 }, 'rest'],
  ])('%s', (_, pace, patrol, expected) => {
    expect(turn({ ...PACE, ...pace }, { ...CALLED, ...patrol })).toBe(expected);
  });

  it.each([
    [true, 0, 900],
    [true, 1, 1100],
    [false, 0.5, 100],
  ])('waits a tenth more or less (well: %s, draw %d)', (well, draw, expected) => {
    expect(nextTurnMs(PACE, well, draw)).toBeCloseTo(expected, 9);
  });
});
