import {
  eachQuorum,
  hedgedFanOut,
  type HedgedFanOutOptions,
  isOptionError,
  isQuorumError,
  quorumRead,
  retryBudget,
  type Status,
} from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';
import { type Behaviour, behaving, leftTimers, range, type Request, watched } from './replicas.ts';

/** One read of three replicas, two required. */
function setup(options: HedgedFanOutOptions<number> = {}, behaviours: Behaviour<number>[] = []) {
  const clock = virtualClock();
  const fanOut = hedgedFanOut<number>({ budget: 'unlimited', ...options, clock });
  const requests: Request[] = [];
  const ask = behaving(clock, behaviours, requests);
  const read = (signal?: AbortSignal) =>
    watched(
      quorumRead(
        {
          replicas: range(behaviours.length),
          required: 2,
          read: ask,
          newest: (a, b) => a - b,
          fanOut,
          clock,
          replicaTimeoutMs: 100,
        },
        { ...(signal && { signal }) },
      ),
    );
  return { clock, fanOut, read, asked: () => requests.map(({ replica }) => replica), requests };
}

const fast = (value: number): Behaviour<number> => ({ afterMs: 5, value });
const failing: Behaviour<number> = { afterMs: 1, error: new Error('down') };

describe('hedgedFanOut', () => {
  it('asks as many as it takes, and no more while they answer in time', async () => {
    const { clock, read, asked } = setup({ delayMs: 8 }, [fast(1), fast(2), fast(3)]);
    const call = read();
    await clock.advance(5);
    expect(call.value?.value).toBe(2);
    expect(call.value?.replies.map(({ status }) => status)).toEqual(['answered', 'answered', 'unasked']);
    expect(asked()).toEqual([0, 1]);
    await clock.advance(100);
    expect([asked().length, leftTimers(clock)]).toEqual([2, 0]);
  });

  it('asks one more when answers are late, and aborts who is not needed', async () => {
    const { clock, read, asked, fanOut, requests } = setup({ delayMs: 8 }, [fast(1), 'silent', fast(3)]);
    const call = read();
    await clock.advance(7);
    expect(asked()).toEqual([0, 1]);
    await clock.advance(1);
    expect(asked()).toEqual([0, 1, 2]);
    const { signal } = requests[1]?.context ?? {};
    await clock.advance(5);
    expect(call.value?.value).toBe(3);
    expect(signal?.aborted).toBe(true);
    expect(fanOut.snapshot()).toEqual({ calls: 1, hedges: 1, withheld: 0, delayMs: 8 });
    expect(leftTimers(clock)).toBe(0);
  });

  it('replaces one that has failed at once, without a delay and without the budget', async () => {
    const budget = retryBudget({ ratio: 0, reservePerSecond: 0 });
    const { clock, read, asked, fanOut } = setup({ delayMs: Infinity, budget }, [failing, fast(2), fast(3)]);
    const call = read();
    await clock.advance(1);
    expect(asked()).toEqual([0, 1, 2]);
    await clock.advance(5);
    expect(call.value?.value).toBe(3);
    expect(fanOut.snapshot().hedges).toBe(0);
  });

  it('hedges as far as the budget and maxHedges go', async () => {
    const budget = retryBudget({ ratio: 0, reservePerSecond: 0.1 });
    const all: Behaviour<number>[] = ['silent', 'silent', 'silent', 'silent'];
    const { clock, read, asked, fanOut } = setup({ delayMs: 10, budget, maxHedges: 5 }, all);
    read();
    await clock.advance(50);
    expect(asked()).toEqual([0, 1, 2]);
    expect(fanOut.snapshot()).toMatchObject({ hedges: 1, withheld: 1 });
    const two = setup({ delayMs: 10, maxHedges: 2 }, [...all, 'silent']);
    two.read();
    await two.clock.advance(50);
    expect(two.asked()).toEqual([0, 1, 2, 3]);
    const none = setup({ delayMs: 10, maxHedges: 0 }, all);
    none.read();
    await none.clock.advance(50);
    expect(none.asked()).toEqual([0, 1]);
  });

  it('a silent replica is a vote against when its own time is up, counted from when it was asked', async () => {
    const { clock, read, asked } = setup({ delayMs: 60 }, ['silent', 'silent', fast(1)]);
    const call = read();
    await clock.advance(100);
    expect(call.error).toBeDefined();
    expect(isQuorumError(call.error)).toBe(true);
    expect(asked()).toEqual([0, 1, 2]);
    const late = setup({ delayMs: 60 }, [fast(0), 'silent', 'silent']);
    const other = late.read();
    await late.clock.advance(150);
    expect(other.settlements).toBe(0);
    await late.clock.advance(10);
    expect(isQuorumError(other.error)).toBe(true);
    expect(leftTimers(late.clock)).toBe(0);
  });

  it('prefers the healthy, then the fast, and tries a slow one again after a while', async () => {
    const status = new Map<number, Status>([[1, 'degraded']]);
    const reports: unknown[] = [];
    const health = {
      status: (replica: number): Status => status.get(replica) ?? 'healthy',
      report: (...all: unknown[]) => reports.push(all),
    };
    const slow: Behaviour<number> = { afterMs: 50, value: 1 };
    const { clock, read, asked } = setup({ delayMs: Infinity, health, decayMs: 1_000 }, [
      slow,
      fast(2),
      fast(3),
    ]);
    read();
    await clock.advance(60);
    expect(asked()).toEqual([0, 2]);
    expect(reports).toEqual([
      [2, 'success', 5],
      [0, 'success', 50],
    ]);
    status.clear();
    read();
    await clock.advance(60);
    expect(asked().slice(2)).toEqual([1, 2]);
    for (let n = 0; n < 8; n++) {
      read();
      await clock.advance(1_000);
    }
    expect(asked().slice(4)).toContain(0);
  });

  it('a health that throws when it is told breaks no call', async () => {
    const health = {
      status: (): Status => 'healthy',
      report: () => {
        throw new Error('full');
      },
    };
    const { clock, read } = setup({ health }, [fast(1), fast(2)]);
    const call = read();
    await clock.advance(5);
    expect(call.value?.value).toBe(2);
  });

  it('failing fast does not make a replica the preferred one', async () => {
    const { clock, read, asked } = setup({ delayMs: Infinity }, [failing, fast(2), fast(3)]);
    for (let n = 0; n < 5; n++) {
      read();
      await clock.advance(10);
    }
    expect(asked().filter((replica) => replica === 0)).toHaveLength(1);
  });

  it('goes on asking until a rule of groups can be met', async () => {
    const clock = virtualClock();
    const asked: number[] = [];
    const required = eachQuorum<number>({ groupOf: (replica) => (replica < 3 ? 'eu' : 'us') });
    const fanOut = hedgedFanOut<number>({ delayMs: Infinity, clock });
    const { replies } = await quorumRead({
      replicas: range(6),
      required,
      fanOut,
      clock,
      read: async (one) => asked.push(one),
    });
    // The third of eu is asked on the way to the first of us.
    expect(asked).toEqual([0, 1, 2, 3, 4]);
    expect(replies[5]?.status).toBe('unasked');
  });

  it('leaves nothing when its caller does', async () => {
    const { clock, read, asked } = setup({ delayMs: 10 }, ['silent', 'silent', 'silent']);
    const caller = new AbortController();
    const call = read(caller.signal);
    await clock.advance(5);
    caller.abort('gone');
    await clock.settle();
    expect(call.error).toBe('gone');
    await clock.advance(1_000);
    expect([asked().length, leftTimers(clock)]).toEqual([2, 0]);
  });

  it.each<[string, HedgedFanOutOptions<number>]>([
    ['delayMs', { delayMs: -1 }],
    ['delayMs', { delayMs: Number.NaN }],
    ['delayMs.quantile', { delayMs: { quantile: 2 } }],
    ['maxDelayMs', { maxDelayMs: Number.NaN }],
    ['maxHedges', { maxHedges: -1 }],
    ['budget', { budget: 1 as never }],
    ['health', { health: {} as never }],
    ['maxEntries', { maxReplicas: 0 }],
    ['decayMs', { decayMs: -1 }],
  ])('refuses a bad %s', (option, options) => {
    try {
      hedgedFanOut(options);
      expect.unreachable();
    } catch (error) {
      expect(isOptionError(error) && error.option).toBe(option);
    }
  });
});

describe('the limit of the whole call', () => {
  it('holds although each replica that is asked later has a time of its own', async () => {
    const clock = virtualClock();
    const fanOut = hedgedFanOut<number>({ delayMs: Infinity, clock });
    const read = behaving<number>(clock, ['silent', 'silent', 'silent', 'silent']);
    const options = { replicas: range(4), required: 1, read, fanOut, clock };
    const call = watched(quorumRead({ ...options, replicaTimeoutMs: 100, timeoutMs: 250 }));
    await clock.advance(249);
    expect(call.settlements).toBe(0);
    await clock.advance(1);
    expect([(call.error as Error).name, leftTimers(clock)]).toEqual(['TimeoutError', 0]);
  });
});
