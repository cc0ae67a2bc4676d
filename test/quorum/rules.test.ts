/** Votes that weigh, groups, and the count of both, against trying all sets. */
import * as fc from 'fast-check';
import {
  eachQuorum,
  localQuorum,
  majorityOfGroups,
  quorumRead,
  type QuorumRule,
  quorumWrite,
  weighted,
} from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';
import { jointMembers, membersOf } from '../../src/quorum/register/members.ts';
import { pollOf } from '../../src/quorum/poll.ts';
import { behaving, range, watched } from './replicas.ts';

/** Replicas are `group * 10 + n`. */
const groupOf = (replica: number): string => `g${Math.floor(replica / 10)}`;
const nine = [0, 1, 2, 10, 11, 12, 20, 21, 22];

/** Whether these alone are enough. */
function isQuorum(
  rule: number | QuorumRule<number>,
  replicas: readonly number[],
  members: readonly number[],
): boolean {
  return pollOf('test', rule, replicas).reachedWith(members.map((one) => replicas.indexOf(one)));
}

describe('a rule', () => {
  it.each<[string, QuorumRule<number>, number[], boolean]>([
    ['each group: two of each', eachQuorum({ groupOf }), [0, 1, 10, 11, 20, 21], true],
    ['each group: one short', eachQuorum({ groupOf }), [0, 1, 2, 10, 11, 12, 20], false],
    ['local: two of it', localQuorum({ groupOf, local: 'g1' }), [10, 12], true],
    ['local: all the others', localQuorum({ groupOf, local: 'g1' }), [0, 1, 2, 10, 20, 21, 22], false],
    ['groups: two of two', majorityOfGroups({ groupOf }), [0, 1, 20, 22], true],
    ['groups: five, but not of two', majorityOfGroups({ groupOf }), [0, 1, 2, 10, 20], false],
    ['votes: half is not more than half', weighted({ votesOf: (one) => (one === 0 ? 8 : 1) }), [0], false],
    ['votes: half and one more', weighted({ votesOf: (one) => (one === 0 ? 8 : 1) }), [0, 1], true],
    [
      'votes: a witness has none',
      weighted({ votesOf: (one) => (one < 10 ? 0 : 1), required: 1 }),
      [0, 1, 2],
      false,
    ],
  ])('%s', (_, rule, members, enough) => expect(isQuorum(rule, nine, members)).toBe(enough));

  const rule = fc.constantFrom<QuorumRule<number>>(
    eachQuorum({ groupOf }),
    localQuorum({ groupOf, local: 'g0' }),
    majorityOfGroups({ groupOf }),
    weighted({ votesOf: (one) => one % 3 }),
    weighted({ votesOf: (one) => 1 + (one % 4), required: 5 }),
  );

  it('is decided at the first moment at which it is certain, whoever says what in whatever order', () => {
    const votes = fc.array(fc.boolean(), { minLength: nine.length, maxLength: nine.length });
    const order = fc.shuffledSubarray(range(nine.length), { minLength: nine.length });
    fc.assert(
      fc.property(rule, votes, order, (one, said, places) => {
        const poll = pollOf('test', one, nine);
        const yes: number[] = [];
        for (const [n, place] of places.entries()) {
          if (said[place] === true) yes.push(place);
          const left = places.slice(n + 1);
          const fresh = pollOf('test', one, nine);
          const expected = fresh.reachedWith(yes)
            ? 'reached'
            : fresh.reachedWith([...yes, ...left])
              ? 'open'
              : 'impossible';
          expect(poll.vote(place, said[place] === true)).toBe(expected);
          if (expected !== 'open') return;
        }
        expect.unreachable();
      }),
    );
  });

  it('for both of two memberships, likewise', () => {
    const sets = fc.tuple(
      fc.shuffledSubarray(range(6), { minLength: 1 }),
      fc.shuffledSubarray(range(6), { minLength: 1 }),
    );
    fc.assert(
      fc.property(sets, fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }), ([before, after], said) => {
        const [old, next] = [membersOf(before), membersOf(after)];
        const both = jointMembers(old, next);
        const poll = both.openRead();
        const yes: number[] = [];
        for (const [place, replica] of both.replicas.entries()) {
          if (said[replica] === true) yes.push(place);
          const left = both.replicas.map((_, at) => at).slice(place + 1);
          const enough = (places: readonly number[]): boolean =>
            [old, next].every(({ replicas }) => {
              const own = places.filter((at) => replicas.includes(both.replicas[at] as number));
              return own.length > replicas.length / 2;
            });
          const expected = enough(yes) ? 'reached' : enough([...yes, ...left]) ? 'open' : 'impossible';
          expect(poll.vote(place, said[replica] === true)).toBe(expected);
          if (expected !== 'open') return;
        }
      }),
    );
  });

  it('is met by every read exactly if no read quorum is made of the others', () => {
    fc.assert(
      fc.property(fc.subarray(range(5)), (holders) => {
        const members = membersOf(range(5));
        const rule = membersOf(range(5), { read: weighted({ votesOf: () => 1 }), write: 3 });
        expect(members.metByEveryRead(holders)).toBe(holders.length >= 3);
        expect(rule.metByEveryRead(holders)).toBe(holders.length >= 3);
      }),
    );
  });

  it('and while replicas are exchanged, by every read of the old ones and every read of the new ones', () => {
    const both = jointMembers(membersOf([0, 1, 2]), membersOf([2, 3, 4]));
    const met = (...replicas: number[]): boolean =>
      both.metByEveryRead(replicas.map((replica) => both.replicas.indexOf(replica)));
    expect([met(0, 1), met(3, 4), met(2), met(0, 1, 3)]).toEqual([false, false, false, false]);
    expect([met(0, 2, 3), met(0, 1, 3, 4), met(2, 1, 4)]).toEqual([true, true, true]);
  });

  it.each<[string, () => QuorumRule<number>, RegExp]>([
    ['votes that are none', () => weighted({ votesOf: () => 0.5 }), /votesOf/],
    ['votes below 0', () => weighted({ votesOf: () => -1 }), /votesOf/],
    ['nobody with a vote', () => weighted({ votesOf: () => 0 }), /required/],
    ['more votes than there are', () => weighted({ votesOf: () => 1, required: 10 }), /required/],
    ['none required', () => weighted({ votesOf: () => 1, required: 0 }), /required/],
    ['a group that nobody is in', () => localQuorum({ groupOf, local: 'mars' }), /local/],
    ['no function', () => eachQuorum({ groupOf: 1 as never }), /groupOf/],
  ])('is refused: %s', async (_, make, message) => {
    await expect(
      (async () => quorumRead({ replicas: nine, required: make(), read: async () => 1 }))(),
    ).rejects.toThrow(message);
  });
});

describe('reads and writes by groups', () => {
  it('fail as soon as one group cannot, and say which', async () => {
    const clock = virtualClock();
    const failing = { afterMs: 5, error: new Error('down') };
    const behaviours = nine.map((replica) =>
      replica === 10 || replica === 11 ? failing : ('silent' as const),
    );
    const write = behaving(clock, behaviours);
    const required = eachQuorum<number>({ groupOf: (place) => groupOf(nine[place] ?? 0) });
    const state = watched(quorumWrite({ replicas: range(9), required, write, clock }));
    await clock.advance(5);
    expect((state.error as Error).message).toMatch(/g1 0 of 2/);
    expect(state.error).toMatchObject({ required: 6, of: 9 });
    await clock.advance(10_000);
  });

  it('count the acknowledgements, not the votes', async () => {
    const required = weighted<number>({ votesOf: (one) => (one === 0 ? 5 : 1) });
    const { acks } = await quorumWrite({ replicas: range(5), required, write: async () => 'ok' });
    expect(acks).toBe(1);
  });
});
