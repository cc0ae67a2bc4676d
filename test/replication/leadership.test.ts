/** The machine of who leads, held against its laws; and the draw of two. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { claimed, denied, failed, type Leadership, NOBODY, served } from '../../src/structures/leadership.ts';
import { drawTwo } from '../../src/structures/two-draw.ts';

type State = Leadership<string>;
const SUSPECT_AFTER = 3;

const node = fc.constantFrom('a', 'b', 'c');
const epoch = fc.option(fc.nat(4), { nil: undefined });
const step = fc.oneof(
  fc.record({ leader: fc.option(node, { nil: undefined }), epoch, fresh: fc.boolean() }).map((claim) => ({
    name: 'claimed' as const,
    claim,
    take: (state: State) => claimed(state, claim, claim.fresh),
  })),
  node.map((by) => ({ name: 'denied' as const, by, take: (state: State) => denied(state, by) })),
  node.map((by) => ({
    name: 'failed' as const,
    by,
    take: (state: State) => failed(state, by, SUSPECT_AFTER),
  })),
  node.map((by) => ({ name: 'served' as const, by, take: (state: State) => served(state, by) })),
);
const steps = fc.array(step, { maxLength: 30 });

describe('leadership', () => {
  it('keeps its laws over every way', () => {
    fc.assert(
      fc.property(steps, (way) => {
        let state: State = NOBODY;
        for (const one of way) {
          const next = one.take(state);
          // The epoch never falls, and whoever is known leads.
          expect(next.epoch).toBeGreaterThanOrEqual(state.epoch);
          if (next.state === 'known') expect(next.leader).toBeDefined();
          expect(next.failures).toBeLessThanOrEqual(SUSPECT_AFTER);
          if (one.name === 'claimed') {
            const { leader, epoch: said = state.epoch, fresh } = one.claim;
            // A lower epoch changes nothing; a higher one is believed, however late it comes.
            if (said < state.epoch) expect(next).toBe(state);
            if (said > state.epoch && leader !== undefined)
              expect(next).toEqual({ state: 'known', leader, epoch: said, failures: 0 });
            // Old news of the same epoch changes nothing.
            if (said === state.epoch && !fresh) expect(next).toBe(state);
            // An epoch has one leader, while it serves.
            if (one.claim.epoch === state.epoch && state.state === 'known') expect(next).toBe(state);
          } else if (one.by !== state.leader || state.state !== 'known') {
            // Nobody but the leader unseats the leader.
            expect(next).toBe(state);
          } else {
            expect(next.leader).toBe(state.leader);
            expect(next.epoch).toBe(state.epoch);
          }
          state = next;
        }
      }),
      { numRuns: 500 },
    );
  });

  it('goes known, moving, known by a denial and a claim; known, unknown by failures in a row', () => {
    const first = claimed<string>(NOBODY, { leader: 'a', epoch: 1 }, true);
    const moving = denied(first, 'a');
    expect(moving).toEqual({ state: 'moving', leader: 'a', epoch: 1, failures: 0 });
    expect(claimed(moving, { leader: 'a', epoch: 1 }, false)).toBe(moving);
    expect(claimed(moving, { leader: 'b', epoch: 1 }, true)).toMatchObject({ state: 'known', leader: 'b' });
    let doubted = failed(failed(first, 'a', 3), 'a', 3);
    expect(doubted).toMatchObject({ state: 'known', failures: 2 });
    expect(served(doubted, 'a').failures).toBe(0);
    doubted = failed(doubted, 'a', 3);
    expect(doubted).toMatchObject({ state: 'unknown', leader: 'a' });
    expect(claimed(first, { leader: undefined, epoch: 2 }, true)).toMatchObject({
      state: 'moving',
      epoch: 2,
    });
  });
});

describe('drawTwo', () => {
  it.each([2, 3, 7])('draws each ordered pair of %i equally often', (count) => {
    const pairs = count * (count - 1);
    const seen = new Set<string>();
    for (let n = 0; n < pairs; n++) {
      const [first, second] = drawTwo(count, (n + 0.5) / pairs);
      expect(first).not.toBe(second);
      expect([first, second].every((at) => at >= 0 && at < count)).toBe(true);
      seen.add(`${first},${second}`);
    }
    expect(seen.size).toBe(pairs);
  });
});
