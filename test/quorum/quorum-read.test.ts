import { AsyncLocalStorage } from 'node:async_hooks';
import { getEventListeners } from 'node:events';
import { type CallContext, isOptionError, isTimeoutError, observe, timeout } from 'evenkeel';
import { isLostRaceError, isQuorumError, type QuorumError, quorumRead, quorumWrite } from 'evenkeel/quorum';
import { virtualClock } from 'evenkeel/testing';
import { describe, expect, it, vi } from 'vitest';
import { behaving, leftTimers, range, type Request, watched } from './replicas.ts';

interface Versioned {
  readonly version: number;
  readonly by?: string;
}
const newest = (a: Versioned, b: Versioned): number => a.version - b.version;

describe('quorumRead', () => {
  it('answers with the newest of the first R answers, and says who answered what', async () => {
    const clock = virtualClock();
    const read = behaving<Versioned>(clock, [
      { afterMs: 10, value: { version: 7 } },
      { afterMs: 20, value: { version: 8 } },
      { afterMs: 30, value: { version: 9 } },
    ]);
    const result = watched(quorumRead({ replicas: range(3), required: 2, read, newest, clock }));
    await clock.advance(19);
    expect(result.settlements).toBe(0);
    await clock.advance(1);
    expect(result.value).toEqual({
      value: { version: 8 },
      replies: [
        { replica: 0, status: 'answered', value: { version: 7 }, latencyMs: 10 },
        { replica: 1, status: 'answered', value: { version: 8 }, latencyMs: 20 },
        { replica: 2, status: 'aborted', latencyMs: 20 },
      ],
    });
    expect(leftTimers(clock)).toBe(0);
  });

  it('asks all replicas in the caller’s own tick', () => {
    const clock = virtualClock();
    const requests: Request[] = [];
    const read = behaving<number>(clock, [], requests);
    void quorumRead({ replicas: range(5), required: 3, read, clock });
    expect(requests.map(({ replica }) => replica)).toEqual([0, 1, 2, 3, 4]);
  });

  it('is not delayed by a slow or silent replica that is not required', async () => {
    const clock = virtualClock();
    const read = behaving<number>(clock, ['silent', { afterMs: 1, value: 1 }, { afterMs: 2, value: 1 }]);
    const result = watched(quorumRead({ replicas: range(3), required: 2, read, clock }));
    await clock.advance(2);
    expect(result.value?.value).toBe(1);
    expect(leftTimers(clock)).toBe(0);
  });

  it('fails at the moment at which too few can still answer', async () => {
    const clock = virtualClock();
    const first = new Error('first');
    const second = new Error('second');
    const read = behaving<number>(clock, [
      { afterMs: 5, error: first },
      'silent',
      { afterMs: 9, error: second },
      { afterMs: 1, value: 1 },
    ]);
    const result = watched(quorumRead({ replicas: range(4), required: 3, read, clock }));
    await clock.advance(8);
    expect(result.settlements).toBe(0);
    await clock.advance(1);
    expect(isQuorumError(result.error)).toBe(true);
    const error = result.error as QuorumError<number>;
    expect(error).toMatchObject({
      code: 'EVENKEEL_QUORUM',
      name: 'QuorumError',
      required: 3,
      votes: 1,
      of: 4,
    });
    expect(error.errors).toEqual([
      { replica: 0, error: first },
      { replica: 2, error: second },
    ]);
    expect(error.replies.map(({ status }) => status)).toEqual(['failed', 'aborted', 'failed', 'answered']);
    expect(error.message).toBe('quorumRead: 1 of 4 votes, 3 required');
    expect(leftTimers(clock)).toBe(0);
  });

  it('counts a silent replica as a vote against after replicaTimeoutMs, 5 s unless told', async () => {
    const clock = virtualClock();
    const requests: Request[] = [];
    const read = behaving<number>(clock, ['silent', 'silent', { afterMs: 1, value: 1 }], requests);
    const result = watched(quorumRead({ replicas: range(3), required: 2, read, clock }));
    const signal = requests[0]?.context.signal;
    await clock.advance(4_999);
    expect(result.settlements).toBe(0);
    await clock.advance(1);
    const error = result.error as QuorumError<number>;
    expect(isQuorumError(error)).toBe(true);
    expect(error.errors.map(({ replica }) => replica)).toEqual([0, 1]);
    expect(error.errors[0]?.error).toMatchObject({ name: 'TimeoutError', timeoutMs: 5_000 });
    expect(signal?.reason).toBe(error.errors[0]?.error);
    expect(leftTimers(clock)).toBe(0);
  });

  it('uses one timer for all replicas, and none if all answer at once', async () => {
    const clock = virtualClock();
    const timers = vi.spyOn(clock, 'setTimeout');
    await quorumRead({ replicas: range(3), required: 2, read: async () => 1, clock });
    expect(timers).not.toHaveBeenCalled();
    const read = behaving<number>(clock, ['silent', 'silent', 'silent']);
    void quorumRead({ replicas: range(3), required: 2, read, clock }).catch(() => {});
    await clock.settle();
    expect(timers).toHaveBeenCalledTimes(1);
  });

  it('ends with its own timeoutMs where that is shorter than the replicas’', async () => {
    const clock = virtualClock();
    const read = behaving<number>(clock, ['silent', 'silent', 'silent']);
    const result = watched(quorumRead({ replicas: range(3), required: 2, read, clock, timeoutMs: 50 }));
    await clock.advance(50);
    expect(isTimeoutError(result.error)).toBe(true);
    expect(leftTimers(clock)).toBe(0);
  });

  it('honours the caller’s timeoutMs with a single timer, and tells the replicas what is left', async () => {
    const clock = virtualClock();
    const timers = vi.spyOn(clock, 'setTimeout');
    const requests: Request[] = [];
    const read = behaving<number>(clock, ['silent', 'silent'], requests);
    const result = watched(quorumRead({ replicas: range(2), required: 1, read, clock }, { timeoutMs: 40 }));
    expect(requests[0]?.context.remainingMs()).toBe(40);
    await clock.advance(40);
    expect(result.error).toMatchObject({ name: 'TimeoutError', timeoutMs: 40 });
    expect(timers).toHaveBeenCalledTimes(1);
    expect(leftTimers(clock)).toBe(0);
  });

  it('aborts the losers with one error that is no timeout, and leaves the winners’ signals alone', async () => {
    const clock = virtualClock();
    const requests: Request[] = [];
    const read = behaving<number>(
      clock,
      [{ afterMs: 1, value: 1 }, 'silent', { afterMs: 1, value: 1 }, 'silent'],
      requests,
    );
    const result = quorumRead({ replicas: range(4), required: 2, read, clock });
    const signals = requests.map(({ context }) => context.signal);
    await clock.advance(1);
    await result;
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, true, false, true]);
    const reason: unknown = signals[1]?.reason;
    expect(isLostRaceError(reason)).toBe(true);
    expect(isTimeoutError(reason)).toBe(false);
    expect((reason as Error).stack).not.toContain('\n');
    expect(signals[3]?.reason).toBe(reason);
  });

  it('ends waits of evenkeel’s own layers in a loser, without its signal ever being read', async () => {
    const clock = virtualClock();
    const guard = timeout({ timeoutMs: 1_000, clock });
    const read = (replica: number, context: CallContext): Promise<number> =>
      replica === 0 ? Promise.resolve(1) : guard.run(() => new Promise<number>(() => {}), context);
    await quorumRead({ replicas: range(2), required: 1, read, clock });
    expect(clock.pendingTimers).toBe(0);
  });

  it('does not make an AbortController unless a replica reads its signal', async () => {
    const made = vi.fn();
    class Counted extends AbortController {
      constructor() {
        super();
        made();
      }
    }
    vi.stubGlobal('AbortController', Counted);
    await quorumRead({ replicas: range(3), required: 2, read: async () => 1 });
    vi.unstubAllGlobals();
    expect(made).not.toHaveBeenCalled();
  });

  it('rejects at once with the caller’s own reason, and aborts all requests with it', async () => {
    const clock = virtualClock();
    const requests: Request[] = [];
    const read = behaving<number>(clock, ['silent', 'silent', 'silent'], requests);
    const caller = new AbortController();
    const { signal } = caller;
    const result = watched(quorumRead({ replicas: range(3), required: 2, read, clock }, { signal }));
    const inner = requests.map(({ context }) => context.signal);
    await clock.advance(1);
    const reason = { any: 'reason' };
    caller.abort(reason);
    await clock.settle();
    expect(result.error).toBe(reason);
    expect(inner.map((one) => one.reason as unknown)).toEqual([reason, reason, reason]);
    expect(clock.pendingTimers).toBe(0);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('asks nobody under a signal that is aborted already, and nobody more once a replica aborts it', async () => {
    const read = vi.fn(async () => 1);
    const gone = AbortSignal.abort('gone');
    await expect(quorumRead({ replicas: range(3), required: 2, read }, { signal: gone })).rejects.toBe(
      'gone',
    );
    expect(read).not.toHaveBeenCalled();
    const caller = new AbortController();
    const aborting = vi.fn(async () => {
      caller.abort('mine');
      return 1;
    });
    const call = quorumRead({ replicas: range(3), required: 2, read: aborting }, { signal: caller.signal });
    await expect(call).rejects.toBe('mine');
    expect(aborting).toHaveBeenCalledTimes(1);
  });

  it('leaves no listener on the caller’s signal', async () => {
    const caller = new AbortController();
    await quorumRead({ replicas: range(3), required: 2, read: async () => 1 }, { signal: caller.signal });
    expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0);
  });

  it('joins the call around it: its context ends the read, and its deadline counts', async () => {
    const clock = virtualClock();
    const requests: Request[] = [];
    const read = behaving<number>(clock, ['silent', 'silent'], requests);
    let inner: { error?: unknown } = {};
    const outer = watched(
      timeout({ timeoutMs: 30, clock }).run((context) => {
        const call = quorumRead({ replicas: range(2), required: 1, read }, context);
        inner = watched(call);
        return call;
      }),
    );
    expect(requests[1]?.context.remainingMs()).toBe(30);
    await clock.advance(30);
    expect(outer.error).toMatchObject({ name: 'TimeoutError', timeoutMs: 30 });
    expect(inner.error).toBe(outer.error);
    expect(leftTimers(clock)).toBe(0);
  });

  it('takes a throw before the promise, and no promise, for that replica’s failure', async () => {
    const read = ((replica: number) => {
      if (replica === 0) throw new Error('early');
      return replica === 1 ? 'no promise' : Promise.resolve(replica);
    }) as never;
    const fine = await quorumRead<number, number>({ replicas: range(4), required: 2, read });
    expect(fine.replies.map(({ status }) => status)).toEqual(['failed', 'failed', 'answered', 'answered']);
    expect(isOptionError((fine.replies[1] as { error?: unknown }).error)).toBe(true);
    await expect(quorumRead({ replicas: range(3), required: 2, read })).rejects.toSatisfy(isQuorumError);
  });

  it('counts "not found" as an answer, and takes any value for newer', async () => {
    const clock = virtualClock();
    const read = behaving<Versioned | undefined>(clock, [
      { afterMs: 1, value: undefined },
      { afterMs: 2, value: { version: 1 } },
      { afterMs: 3, value: undefined },
      { afterMs: 4, value: { version: 2 } },
    ]);
    const reading = (required: number): Promise<unknown> =>
      quorumRead({ replicas: range(4), required, read, newest, clock }).then(({ value }) => value);
    const results = [1, 2, 3, 4].map((required) => watched(reading(required)));
    await clock.advance(4);
    expect(results.map(({ value }) => value)).toEqual([
      undefined,
      { version: 1 },
      { version: 1 },
      { version: 2 },
    ]);
  });

  it('takes the first value that comes where values need no order, and the first of equals', async () => {
    const clock = virtualClock();
    const plain = behaving(clock, [
      { afterMs: 2, value: 'a' },
      { afterMs: 1, value: 'b' },
    ]);
    const equal = behaving<Versioned>(clock, [
      { afterMs: 2, value: { version: 1, by: 'a' } },
      { afterMs: 1, value: { version: 1, by: 'b' } },
    ]);
    const first = watched(quorumRead({ replicas: range(2), required: 2, read: plain, clock }));
    const tie = watched(quorumRead({ replicas: range(2), required: 2, read: equal, newest, clock }));
    await clock.advance(2);
    expect(first.value?.value).toBe('b');
    expect(tie.value?.value).toEqual({ version: 1, by: 'b' });
  });

  it('rejects with what newest throws, and when it does not answer with a number', async () => {
    const clock = virtualClock();
    const boom = new Error('boom');
    const requests: Request[] = [];
    const read = behaving<number>(
      clock,
      [{ afterMs: 0, value: 1 }, { afterMs: 1, value: 1 }, 'silent'],
      requests,
    );
    const options = { replicas: range(3), required: 2, read, clock };
    const throwing = watched(
      quorumRead({
        ...options,
        newest: () => {
          throw boom;
        },
      }),
    );
    const { signal } = (requests[2] as Request).context;
    const wrong = watched(quorumRead({ ...options, newest: () => Number.NaN }));
    await clock.advance(1);
    expect(throwing.error).toBe(boom);
    expect(wrong.error).toMatchObject({ code: 'EVENKEEL_OPTION', option: 'newest' });
    expect(signal.aborted).toBe(true);
    expect(leftTimers(clock)).toBe(0);
  });

  it('leaves no hook on the call around it', async () => {
    const around = timeout({ timeoutMs: 1_000, clock: virtualClock() });
    const hooks = await around.run(async (context) => {
      await quorumRead({ replicas: range(3), required: 2, read: async () => 1 }, context);
      await quorumWrite({ replicas: range(3), required: 2, write: async () => 1 }, context);
      return (context as unknown as { scope: { head: unknown } }).scope.head;
    });
    expect(hooks).toBeUndefined();
  });

  it('ignores late replies, good and bad, without an unhandled rejection', async () => {
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    const clock = virtualClock();
    const read = behaving<number>(clock, [
      { afterMs: 1, value: 1 },
      { afterMs: 2, value: 2 },
      { afterMs: 3, error: new Error('late') },
    ]);
    const result = quorumRead({ replicas: range(3), required: 1, read, clock });
    await clock.advance(1);
    const { value, replies } = await result;
    const before = structuredClone(replies);
    await clock.advance(10);
    expect(value).toBe(1);
    expect(replies).toEqual(before);
    expect(unhandled).not.toHaveBeenCalled();
    process.off('unhandledRejection', unhandled);
  });

  it('hands each replica its address as endpoint and the caller’s words', async () => {
    const seen: unknown[] = [];
    const read = async (_: string, context: CallContext): Promise<number> => {
      seen.push([context.endpoint, context.attempt, context.affinityKey, context.remainingMs()]);
      return 1;
    };
    const clock = virtualClock();
    await quorumRead({ replicas: ['a', 'b'], required: 1, read, clock }, { affinityKey: 'k' });
    expect(seen).toEqual([
      ['a', 1, 'k', 5_000],
      ['b', 1, 'k', 5_000],
    ]);
  });

  it('runs the replicas’ functions in the caller’s async context', async () => {
    const store = new AsyncLocalStorage<string>();
    const read = async (): Promise<string | undefined> => store.getStore();
    const result = await store.run('A', () => quorumRead({ replicas: range(2), required: 2, read }));
    expect(result.replies).toMatchObject([{ value: 'A' }, { value: 'A' }]);
  });

  it('tells its observer, and the process-wide one, how it went', async () => {
    const own: unknown[] = [];
    const all: string[] = [];
    const stop = observe((event) => all.push(event.type));
    const observer = (event: unknown): unknown => own.push(event);
    const clock = virtualClock();
    const options = { replicas: range(2), required: 2, clock, observer, name: 'users' };
    await quorumRead({ ...options, read: async () => 'secret' });
    await quorumRead({ ...options, read: async () => Promise.reject(new Error('secret')) }).catch(() => {});
    stop();
    expect(all).toEqual(['read', 'failed']);
    expect(own).toMatchObject([
      { room: 'quorum', type: 'read', name: 'users', required: 2, of: 2, votes: 2 },
      { room: 'quorum', type: 'failed', name: 'users', required: 2, of: 2, votes: 0 },
    ]);
    expect(JSON.stringify(own)).not.toContain('secret');
  });

  it.each([
    ['replicas', { replicas: [] }],
    ['replicas', { replicas: 'abc' }],
    ['replicas', { replicas: ['a', 'b', 'a'] }],
    ['replicas', { replicas: [...range(40), 7] }],
    ['required', { required: 0 }],
    ['required', { required: 4 }],
    ['required', { required: Number.NaN }],
    ['required', { required: 1.5 }],
    ['required', { required: undefined }],
    ['read', { read: undefined }],
    ['newest', { newest: 'version' }],
    ['replicaTimeoutMs', { replicaTimeoutMs: 0 }],
    ['replicaTimeoutMs', { replicaTimeoutMs: Number.NaN }],
    ['timeoutMs', { timeoutMs: -1 }],
  ])('refuses a bad %s: %o', async (option, bad) => {
    const read = vi.fn(async () => 1);
    const options = { replicas: range(3), required: 2, read, ...bad };
    const error: unknown = await quorumRead(options as never).catch((error: unknown) => error);
    expect(isOptionError(error)).toBe(true);
    expect(error).toMatchObject({ option });
    expect((error as Error).message).toContain('quorumRead: ');
    expect(read).not.toHaveBeenCalled();
  });

  it('rejects, and does not throw, for the caller’s bad timeoutMs', async () => {
    const call = quorumRead(
      { replicas: range(3), required: 2, read: async () => 1 },
      { timeoutMs: Number.NaN },
    );
    await expect(call).rejects.toSatisfy(isOptionError);
  });
});
