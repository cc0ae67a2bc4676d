/**
 * Any N, any R, any order of answers, failures and silences: each call settles exactly once, at the earliest
 * moment at which its outcome is certain, with the right result, and leaves nothing behind.
 *
 * The moment is found by brute force: after each reply, is there still a way for the rest to turn it?
 */
import * as fc from 'fast-check';
import { agree, quorumRead, quorumWrite, type QuorumWriteError } from 'evenkeel/quorum';
import { virtualClock } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';
import { type Behaviour, behaving, leftTimers, range, watched } from './replicas.ts';

const TIMEOUT_MS = 50;
const failure = new Error('failed');

const behaviour = fc.oneof(
  { weight: 5, arbitrary: fc.record({ afterMs: fc.nat(40), value: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ afterMs: fc.nat(40), error: fc.constant(failure) }) },
  { weight: 1, arbitrary: fc.constant('silent' as const) },
);

const fleet = fc
  .array(behaviour, { minLength: 1, maxLength: 7 })
  .chain((behaviours) =>
    fc.tuple(fc.constant<Behaviour<number>[]>(behaviours), fc.integer({ min: 1, max: behaviours.length })),
  );

interface Reply {
  readonly replica: number;
  readonly atMs: number;
  readonly value: number | undefined;
}

/** The replies in the order in which they count: by time, the silent last, together. */
function inOrder(behaviours: readonly Behaviour<number>[]): Reply[] {
  return behaviours
    .map((one, replica) => ({
      replica,
      atMs: one === 'silent' ? TIMEOUT_MS : one.afterMs,
      value: one !== 'silent' && 'value' in one ? one.value : undefined,
    }))
    .sort((a, b) => a.atMs - b.atMs || a.replica - b.replica);
}

/** When enough, or too few, are certain, and how many of the replies were in by then. */
function decided(
  replies: readonly Reply[],
  verdict: (heard: readonly Reply[], out: number) => boolean | undefined,
): { readonly ok: boolean; readonly atMs: number; readonly heard: readonly Reply[] } {
  for (let count = 1; count <= replies.length; count++) {
    const heard = replies.slice(0, count);
    const ok = verdict(heard, replies.length - count);
    if (ok !== undefined) return { ok, atMs: replies[count - 1]?.atMs ?? 0, heard };
  }
  throw new Error('never decided');
}

const byCount =
  (required: number) =>
  (heard: readonly Reply[], out: number): boolean | undefined => {
    const answers = heard.filter(({ value }) => value !== undefined).length;
    if (answers >= required) return true;
    return answers + out < required ? false : undefined;
  };

/** Moves on to the moment before, then to the moment, and says whether it settled in between and not again. */
async function settlesAt<T>(
  clock: ReturnType<typeof virtualClock>,
  call: Promise<T>,
  atMs: number,
): Promise<{ value?: T; error?: unknown }> {
  const state = watched(call);
  if (atMs > 0) {
    await clock.advance(atMs - 1);
    expect(state.settlements).toBe(0);
    await clock.advance(1);
  } else await clock.settle();
  expect(state.settlements).toBe(1);
  const { value, error } = state;
  return { ...(value === undefined ? {} : { value }), error };
}

describe('at any size, order and outcome', () => {
  it('a read settles once, at the first certain moment, with the newest of R', async () => {
    await fc.assert(
      fc.asyncProperty(fleet, async ([behaviours, required]) => {
        const clock = virtualClock();
        const truth = decided(inOrder(behaviours), byCount(required));
        const read = behaving(clock, behaviours);
        const newest = (a: number, b: number): number => a - b;
        const replicas = range(behaviours.length);
        const options = { replicas, required, read, newest, clock, replicaTimeoutMs: TIMEOUT_MS };
        const { value, error } = await settlesAt(clock, quorumRead(options), truth.atMs);
        expect(leftTimers(clock)).toBe(0);
        if (truth.ok) {
          const values = truth.heard.flatMap((reply) => reply.value ?? []);
          expect(value?.value).toBe(Math.max(...values));
          expect(value?.replies.filter(({ status }) => status === 'answered')).toHaveLength(required);
        } else expect(error).toMatchObject({ code: 'EVENKEEL_QUORUM', required, of: behaviours.length });
        await clock.advance(100);
      }),
      { numRuns: 200 },
    );
  });

  it('a write settles once, at the first certain moment, and reports the fate of all N', async () => {
    await fc.assert(
      fc.asyncProperty(fleet, async ([behaviours, required]) => {
        const clock = virtualClock();
        const truth = decided(inOrder(behaviours), byCount(required));
        const write = behaving(clock, behaviours);
        const replicas = range(behaviours.length);
        const options = { replicas, required, write, clock, replicaTimeoutMs: TIMEOUT_MS };
        const { value, error } = await settlesAt(clock, quorumWrite(options), truth.atMs);
        const fates = watched((value ?? (error as QuorumWriteError<number>)).settled);
        if (truth.ok) expect(value?.acks).toBe(required);
        else expect(error).toMatchObject({ outcome: 'indeterminate', required });
        await clock.advance(TIMEOUT_MS - truth.atMs);
        expect(fates.value?.map(({ replica, status }) => [replica, status])).toEqual(
          behaviours.map((one, n) => [n, one !== 'silent' && 'value' in one ? 'acked' : 'failed']),
        );
        expect(leftTimers(clock)).toBe(0);
      }),
      { numRuns: 200 },
    );
  });

  it('an agreement settles once, at the first certain moment, on an answer of k operators', async () => {
    const operated = fleet.chain(([behaviours]) =>
      fc
        .array(fc.nat(3), { minLength: behaviours.length, maxLength: behaviours.length })
        .chain((operators) =>
          fc.tuple(
            fc.constant(behaviours),
            fc.constant(operators),
            fc.integer({ min: 1, max: new Set(operators).size }),
          ),
        ),
    );
    await fc.assert(
      fc.asyncProperty(operated, async ([behaviours, operators, required]) => {
        const clock = virtualClock();
        const replies = inOrder(behaviours);
        const votersOf = (answer: number, all: readonly Reply[]): number =>
          new Set(all.filter(({ value }) => value === answer).map(({ replica }) => operators[replica])).size;
        // 4 is an answer that nobody has given: what is out could still all say it.
        const could = (heard: readonly Reply[]): boolean =>
          [1, 2, 3, 4].some((answer) => {
            const rest = replies.slice(heard.length).map((reply) => ({ ...reply, value: answer }));
            return votersOf(answer, [...heard, ...rest]) >= required;
          });
        const truth = decided(replies, (heard) => {
          if ([1, 2, 3].some((answer) => votersOf(answer, heard) >= required)) return true;
          return could(heard) ? undefined : false;
        });
        const ask = behaving(clock, behaviours);
        const operator = (replica: number): unknown => operators[replica];
        const replicas = range(behaviours.length);
        const options = { replicas, required, ask, operator, clock, replicaTimeoutMs: TIMEOUT_MS };
        const { value, error } = await settlesAt(clock, agree(options), truth.atMs);
        if (truth.ok) {
          expect(votersOf(value?.value ?? 0, truth.heard)).toBe(required);
          expect(value?.votes).toBe(required);
          expect(value?.dissent.map((reply) => reply.value)).not.toContain(value?.value);
        } else expect(error).toMatchObject({ code: 'EVENKEEL_QUORUM', of: new Set(operators).size });
        expect(leftTimers(clock)).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  it('a caller who leaves at any moment is rejected then, if nothing was decided before', async () => {
    await fc.assert(
      fc.asyncProperty(fleet, fc.nat(60), async ([behaviours, required], leaveMs) => {
        const clock = virtualClock();
        const truth = decided(inOrder(behaviours), byCount(required));
        const caller = new AbortController();
        const { signal } = caller;
        const ask = behaving(clock, behaviours);
        const options = { replicas: range(behaviours.length), required, clock, replicaTimeoutMs: TIMEOUT_MS };
        const read = watched(quorumRead({ ...options, read: ask }, { signal }));
        const write = watched(quorumWrite({ ...options, write: ask }, { signal }));
        await clock.advance(leaveMs);
        caller.abort('gone');
        await clock.settle();
        for (const call of [read, write]) {
          expect(call.settlements).toBe(1);
          if (truth.atMs > leaveMs) expect(call.error).toBe('gone');
          else expect(call.error).not.toBe('gone');
        }
        await clock.advance(100);
        expect([read.settlements, write.settlements]).toEqual([1, 1]);
        expect(leftTimers(clock)).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
});
