/** Errors that agree, proofs, pinned versions, and asking only as many as it takes. */
import {
  agree,
  type AgreeOptions,
  hedgedFanOut,
  isAgreedError,
  isOptionError,
  isQuorumError,
  type ObserverEvent,
} from 'evenkeel';
import { againstLiars, liarQuorum } from 'evenkeel/quorum';
import { virtualClock } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';
import { type Behaviour, behaving, leftTimers, range, type Request, watched } from './replicas.ts';

const options = <V>(n: number, ask: AgreeOptions<number, V>['ask']) => ({
  replicas: range(n),
  required: 2,
  ask,
});
const revert = (id: number, reason = 'reverted'): Error =>
  Object.assign(new Error(`request ${id} failed`), { reason });
const byReason = (error: unknown): unknown => (error as { reason?: string }).reason;

describe('errorClass', () => {
  it('errors of one class are an answer, and the first of them is the cause', async () => {
    const events: ObserverEvent[] = [];
    const first = revert(1);
    const error = await agree({
      ...options(3, async (n) => {
        if (n === 2) return 'fine';
        throw n === 0 ? first : revert(n);
      }),
      errorClass: byReason,
      observer: (event) => events.push(event),
    }).catch((failure: unknown) => failure);
    expect(isAgreedError(error) && [error.errorClass, error.votes, error.cause]).toEqual([
      'reverted',
      2,
      first,
    ]);
    expect(isAgreedError(error) && error.replies.length).toBe(3);
    expect(events.map(({ type }) => type)).toContain('agreed-error');
  });

  it('errors of different classes, or of none, do not agree', async () => {
    const differ = agree({ ...options(2, (n) => Promise.reject(revert(n, `r${n}`))), errorClass: byReason });
    expect(await differ.catch(isQuorumError)).toBe(true);
    const none = agree({ ...options(2, (n) => Promise.reject(revert(n))), errorClass: () => undefined });
    expect(await none.catch(isQuorumError)).toBe(true);
    const without = agree(options(2, (n) => Promise.reject(revert(n))));
    expect(await without.catch(isQuorumError)).toBe(true);
  });

  it('an error is never equal to an answer', async () => {
    const ask = async (n: number): Promise<string> => {
      if (n === 0) throw revert(0, 'same');
      return 'same';
    };
    const { value, votes } = await agree({
      ...options(3, ask),
      canonical: (text) => text,
      errorClass: byReason,
    });
    expect([value, votes]).toEqual(['same', 2]);
  });
});

describe('verify', () => {
  it('the first answer that proves itself wins alone, whatever the others say', async () => {
    const ask = async (n: number): Promise<{ answer: string; signed: boolean }> =>
      n === 2 ? { answer: 'true', signed: true } : { answer: 'lie', signed: false };
    const { value, proof, votes, dissent } = await agree({
      ...options(3, ask),
      required: 3,
      verify: async ({ signed }) => signed,
    });
    expect([value.answer, proof, votes, dissent.length]).toEqual(['true', 2, 1, 2]);
  });

  it('where none does they vote, and a verification that throws is a failure of that replica', async () => {
    const ask = async (): Promise<string> => 'x';
    const voted = await agree({ ...options(2, ask), verify: () => false });
    expect([voted.value, voted.proof, voted.votes]).toEqual(['x', undefined, 2]);
    const boom = agree({
      ...options(2, ask),
      verify: () => {
        throw new Error('bad proof');
      },
    });
    expect(await boom.catch(isQuorumError)).toBe(true);
  });
});

describe('pin', () => {
  it('asks for the highest version that enough have reached, those who have, and waits a little for the slow', async () => {
    const clock = virtualClock();
    const asked: unknown[] = [];
    const version = behaving<number>(clock, [
      { afterMs: 1, value: 70 }, // stuck, and the first to say so
      { afterMs: 2, value: 100 },
      { afterMs: 3, value: 102 },
      { afterMs: 4, value: 101 },
      'silent',
    ]);
    const call = watched(
      agree({
        ...options(5, async (n, _, pinned) => {
          asked.push([n, pinned]);
          return `block ${pinned}`;
        }),
        required: 3,
        pin: { version, waitMs: 10 },
        clock,
      }),
    );
    await clock.advance(12);
    expect(call.settlements).toBe(0);
    await clock.advance(1);
    expect(asked).toEqual([
      [1, 100],
      [2, 100],
      [3, 100],
    ]);
    expect(call.value).toMatchObject({ value: 'block 100', pinned: 100, votes: 3 });
    expect(leftTimers(clock)).toBe(0);
  });

  it('counts an operator once, by the furthest of its replicas', async () => {
    const heights = [10, 50, 60, 40];
    const { pinned } = await agree({
      ...options(4, async () => 'same'),
      operator: (n) => (n < 3 ? 'big' : 'small'),
      pin: { version: async (n) => heights[n] ?? 0 },
    });
    expect(pinned).toBe(40);
  });

  it('fails when too few say how far they are, and when it is no number', async () => {
    const failing = agree({
      ...options(3, async () => 1),
      pin: { version: () => Promise.reject(new Error('down')) },
    });
    expect(await failing.catch(isQuorumError)).toBe(true);
    const nonsense = agree({ ...options(2, async () => 1), pin: { version: async () => Number.NaN } });
    expect(await nonsense.catch(isQuorumError)).toBe(true);
    // But one of them alone does not end the call.
    const one = { version: async (n: number) => (n === 0 ? Number.NaN : 5) };
    expect((await agree({ ...options(3, async () => 1), pin: one })).pinned).toBe(5);
  });

  it('leaves nothing when its caller does', async () => {
    const clock = virtualClock();
    const caller = new AbortController();
    const version = behaving<number>(clock, [{ afterMs: 1, value: 1 }, { afterMs: 1, value: 1 }, 'silent']);
    const call = watched(
      agree({ ...options(3, async () => 1), pin: { version }, clock }, { signal: caller.signal }),
    );
    await clock.advance(2);
    caller.abort('gone');
    await clock.settle();
    expect([call.error, leftTimers(clock)]).toEqual(['gone', 0]);
  });
});

describe('fanOut', () => {
  const run = async (behaviours: Behaviour<string>[]) => {
    const clock = virtualClock();
    const requests: Request[] = [];
    const ask = behaving(clock, behaviours, requests);
    const fanOut = hedgedFanOut<number>({ delayMs: Infinity, clock });
    const call = watched(agree({ ...options(behaviours.length, ask), fanOut, clock }));
    await clock.advance(100);
    return { call, asked: requests.map(({ replica }) => replica) };
  };

  it('two agree: the third is never called', async () => {
    const { call, asked } = await run([
      { afterMs: 1, value: 'a' },
      { afterMs: 2, value: 'a' },
      { afterMs: 1, value: 'b' },
    ]);
    expect([call.value?.value, asked]).toEqual(['a', [0, 1]]);
  });

  it('they differ: the tie-breaker is asked at once', async () => {
    const { call, asked } = await run([
      { afterMs: 1, value: 'a' },
      { afterMs: 2, value: 'b' },
      { afterMs: 1, value: 'b' },
    ]);
    expect([call.value?.value, asked]).toEqual(['b', [0, 1, 2]]);
  });

  it('odd does not cure three different answers', async () => {
    const { call, asked } = await run(['a', 'b', 'c'].map((value) => ({ afterMs: 1, value })));
    expect([isQuorumError(call.error), asked]).toEqual([true, [0, 1, 2]]);
  });
});

describe('sizes against liars', () => {
  it('f + 1 to trust, 2f + 1 to ask; quorums of a register by what its data proves', () => {
    expect([0, 1, 2].map(againstLiars)).toEqual([
      { toTrust: 1, toAsk: 1 },
      { toTrust: 2, toAsk: 3 },
      { toTrust: 3, toAsk: 5 },
    ]);
    expect(liarQuorum({ n: 4, f: 1, data: 'self-verifying' })).toBe(3);
    expect(liarQuorum({ n: 5, f: 1, data: 'unsigned' })).toBe(4);
    expect(liarQuorum({ n: 9, f: 0, data: 'unsigned' })).toBe(5);
    for (const bad of [-1, 0.5, Number.NaN, Infinity]) expect(() => againstLiars(bad)).toThrow(/f/);
    expect(() => liarQuorum({ n: 3, f: 1, data: 'self-verifying' })).toThrow(/at least 4/);
    expect(() => liarQuorum({ n: 4, f: 1, data: 'unsigned' })).toThrow(/at least 5/);
    expect(() => liarQuorum({ n: 4, f: 1, data: 'signed' as never })).toThrow(/data/);
  });

  it.each<[string, object]>([
    ['errorClass', { errorClass: 1 }],
    ['verify', { verify: 1 }],
    ['pin.version', { pin: {} }],
    ['pin.waitMs', { pin: { version: async () => 1, waitMs: -1 } }],
    ['fanOut', { fanOut: 1 }],
    ['required', { operator: () => 'one' }],
  ])('refuses a bad %s', async (option, more) => {
    const error = await agree({ ...options(3, async () => 1), ...more }).catch((failure: unknown) => failure);
    expect(isOptionError(error) && error.option).toBe(option);
  });
});
