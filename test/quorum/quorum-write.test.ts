import { getEventListeners } from 'node:events';
import { isOptionError, isTimeoutError, type ObserverEvent, timeout } from 'evenkeel';
import {
  isQuorumError,
  isQuorumWriteError,
  quorumWrite,
  type QuorumWriteError,
  type QuorumWriteResult,
} from 'evenkeel/quorum';
import { virtualClock } from 'evenkeel/testing';
import { describe, expect, it, vi } from 'vitest';
import { neverLeft } from '../../src/core/repeat.ts';
import { behaving, leftTimers, range, type Request, watched } from './replicas.ts';

const refused = (): Error => Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });

describe('quorumWrite', () => {
  it('succeeds at W acknowledgements, leaves the others to finish, and reports each of the N', async () => {
    const clock = virtualClock();
    const late = new Error('disk full');
    const requests: Request[] = [];
    const write = behaving<unknown>(
      clock,
      [
        { afterMs: 10, value: 'ok' },
        { afterMs: 20, value: undefined },
        { afterMs: 30, value: false },
        { afterMs: 40, error: late },
      ],
      requests,
    );
    const result = watched(quorumWrite({ replicas: range(4), required: 2, write, clock }));
    const signals = requests.map(({ context }) => context.signal);
    await clock.advance(20);
    const written = result.value as QuorumWriteResult<number>;
    expect(written.acks).toBe(2);
    const settled = watched(written.settled);
    await clock.advance(19);
    expect(settled.settlements).toBe(0);
    await clock.advance(1);
    expect(settled.value).toEqual([
      { replica: 0, status: 'acked' },
      { replica: 1, status: 'acked' },
      { replica: 2, status: 'acked' },
      { replica: 3, status: 'failed', error: late },
    ]);
    expect(Object.keys(settled.value?.[0] ?? {})).toEqual(['replica', 'status']);
    expect(signals.some(({ aborted }) => aborted)).toBe(false);
    expect(leftTimers(clock)).toBe(0);
  });

  it('takes whatever a replica resolves with for an acknowledgement: "obsolete" is one', async () => {
    const write = async (): Promise<string> => 'obsolete';
    expect((await quorumWrite({ replicas: range(3), required: 3, write })).acks).toBe(3);
  });

  it('bounds settled by replicaTimeoutMs: a silent replica failed with a TimeoutError', async () => {
    const clock = virtualClock();
    const requests: Request[] = [];
    const write = behaving(clock, [{ afterMs: 1, value: 1 }, { afterMs: 2, value: 1 }, 'silent'], requests);
    const call = quorumWrite({ replicas: range(3), required: 2, write, clock, replicaTimeoutMs: 100 });
    const signal = requests[2]?.context.signal;
    await clock.advance(99);
    expect(signal?.aborted).toBe(false);
    const settled = watched((await call).settled);
    await clock.advance(1);
    expect(settled.value?.[2]).toMatchObject({
      status: 'failed',
      error: { name: 'TimeoutError', timeoutMs: 100 },
    });
    expect(isTimeoutError(signal?.reason)).toBe(true);
    expect(leftTimers(clock)).toBe(0);
  });

  it('fails as soon as W can no longer be reached, and says that the write may have happened', async () => {
    const clock = virtualClock();
    const boom = new Error('boom');
    const write = behaving(clock, [
      { afterMs: 1, value: 1 },
      { afterMs: 2, error: boom },
      { afterMs: 3, error: boom },
      { afterMs: 9, value: 1 },
    ]);
    const result = watched(quorumWrite({ replicas: range(4), required: 3, write, clock }));
    await clock.advance(2);
    expect(result.settlements).toBe(0);
    await clock.advance(1);
    const error = result.error as QuorumWriteError<number>;
    expect(isQuorumWriteError(error)).toBe(true);
    expect(isQuorumError(error)).toBe(true);
    expect(error).toMatchObject({
      code: 'EVENKEEL_QUORUM',
      name: 'QuorumWriteError',
      outcome: 'indeterminate',
      acks: 1,
      votes: 1,
      required: 3,
      of: 4,
      errors: [
        { replica: 1, error: boom },
        { replica: 2, error: boom },
      ],
    });
    expect(error.replies.map(({ status }) => status)).toEqual(['answered', 'failed', 'failed', 'pending']);
    const settled = watched(error.settled);
    await clock.advance(6);
    expect(settled.value?.map(({ status }) => status)).toEqual(['acked', 'failed', 'failed', 'acked']);
    expect(leftTimers(clock)).toBe(0);
  });

  it('says not-applied only if every one of the N proved that it did nothing', async () => {
    const outcomeOf = async (errors: readonly unknown[], required = 2): Promise<unknown> => {
      const write = async (replica: number): Promise<void> => Promise.reject(errors[replica]);
      const error = await quorumWrite({ replicas: range(3), required, write }).catch((e: unknown) => e);
      return (error as QuorumWriteError).outcome;
    };
    const said = { outcome: 'not-applied' };
    const reset = Object.assign(new Error('reset'), { code: 'ECONNRESET' });
    expect(await outcomeOf([refused(), said, refused()])).toBe('not-applied');
    expect(await outcomeOf([said, said, said], 1)).toBe('not-applied');
    expect(await outcomeOf([refused(), refused(), reset])).toBe('indeterminate');
    expect(await outcomeOf([refused(), refused(), undefined])).toBe('indeterminate');
    expect(await outcomeOf([refused(), { outcome: 'applied' }, refused()])).toBe('indeterminate');
  });

  it('does not wait for a proof: with a replica still out the outcome is indeterminate, and no retry may follow', async () => {
    const clock = virtualClock();
    const write = behaving(clock, [
      { afterMs: 1, error: refused() },
      { afterMs: 1, error: refused() },
      'silent',
    ]);
    const result = watched(quorumWrite({ replicas: range(3), required: 2, write, clock }));
    await clock.advance(1);
    expect(result.error).toMatchObject({ outcome: 'indeterminate', acks: 0 });
    expect(neverLeft(result.error)).toBe(false);
  });

  it('rejects at once with the caller’s reason, lets the writes finish, and tells their fate', async () => {
    const clock = virtualClock();
    const events: ObserverEvent[] = [];
    const requests: Request[] = [];
    const failure = Object.assign(new Error('no'), { code: 'EDISK' });
    const write = behaving(
      clock,
      [{ afterMs: 10, value: 1 }, { afterMs: 20, error: failure }, 'silent'],
      requests,
    );
    const caller = new AbortController();
    const { signal } = caller;
    const options = { replicas: range(3), required: 2, write, clock, replicaTimeoutMs: 100 };
    const observer = (event: ObserverEvent): unknown => events.push(event);
    const result = watched(quorumWrite({ ...options, observer }, { signal }));
    const inner = requests.map(({ context }) => context.signal);
    await clock.advance(1);
    caller.abort('gone');
    await clock.settle();
    expect(result.error).toBe('gone');
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    await clock.advance(98);
    expect(inner.some(({ aborted }) => aborted)).toBe(false);
    await clock.advance(1);
    expect(events).toMatchObject([
      { room: 'quorum', type: 'write-straggler', replica: 0, status: 'acked', elapsedMs: 10 },
      { type: 'write-straggler', replica: 1, status: 'failed', reason: 'EDISK', elapsedMs: 20 },
      { type: 'write-straggler', replica: 2, status: 'failed', reason: 'EVENKEEL_TIMEOUT', elapsedMs: 100 },
    ]);
    expect(leftTimers(clock)).toBe(0);
  });

  it('sends nothing under a signal that is aborted already, and nothing more once a replica aborts it', async () => {
    const write = vi.fn(async () => 1);
    const gone = AbortSignal.abort('gone');
    await expect(quorumWrite({ replicas: range(3), required: 2, write }, { signal: gone })).rejects.toBe(
      'gone',
    );
    expect(write).not.toHaveBeenCalled();
    const caller = new AbortController();
    const aborting = vi.fn(async () => caller.abort('mine'));
    const { signal } = caller;
    const call = quorumWrite({ replicas: range(3), required: 2, write: aborting }, { signal });
    await expect(call).rejects.toBe('mine');
    expect(aborting).toHaveBeenCalledTimes(1);
  });

  it('says in the error of a timeout what is known, and lets the writes finish', async () => {
    const clock = virtualClock();
    const write = behaving(clock, [{ afterMs: 10, value: 1 }, { afterMs: 70, value: 1 }, 'silent']);
    const options = { replicas: range(3), required: 2, write, clock, replicaTimeoutMs: 100 };
    const results = [
      watched(quorumWrite({ ...options, timeoutMs: 50 })),
      watched(quorumWrite(options, { timeoutMs: 50 })),
    ];
    await clock.advance(50);
    for (const { error } of results) {
      expect(isTimeoutError(error)).toBe(true);
      expect(isQuorumWriteError(error)).toBe(true);
      expect(error).toMatchObject({ outcome: 'indeterminate', acks: 1, timeoutMs: 50 });
    }
    const settled = watched((results[0] as { error: QuorumWriteError }).error.settled);
    await clock.advance(50);
    expect(settled.value?.map(({ status }) => status)).toEqual(['acked', 'acked', 'failed']);
    expect(leftTimers(clock)).toBe(0);
  });

  it('drops its own timer once it is decided', async () => {
    const clock = virtualClock();
    const options = { replicas: range(3), required: 2, clock, timeoutMs: 50, replicaTimeoutMs: 100 };
    await (
      await quorumWrite({ ...options, write: async () => 1 })
    ).settled;
    expect(clock.pendingTimers).toBe(0);
  });

  it('joins the call around it, but its writes outlive that call', async () => {
    const clock = virtualClock();
    const requests: Request[] = [];
    const write = behaving(clock, ['silent', 'silent'], requests);
    let inner: { error?: unknown } = {};
    const outer = watched(
      timeout({ timeoutMs: 30, clock }).run((context) => {
        const call = quorumWrite({ replicas: range(2), required: 1, write, replicaTimeoutMs: 100 }, context);
        inner = watched(call);
        return call;
      }),
    );
    const signals = requests.map(({ context }) => context.signal);
    await clock.advance(30);
    expect(isTimeoutError(outer.error)).toBe(true);
    expect(inner.error).toBe(outer.error);
    expect(signals.some(({ aborted }) => aborted)).toBe(false);
    await clock.advance(70);
    expect(leftTimers(clock)).toBe(0);
  });

  it('tells of a write that comes through after it was given up, and changes nothing by it', async () => {
    const clock = virtualClock();
    const events: ObserverEvent[] = [];
    const write = behaving(clock, [
      { afterMs: 1, value: 1 },
      { afterMs: 150, value: 1 },
      { afterMs: 160, error: new Error('late') },
    ]);
    const observer = (event: ObserverEvent): unknown => events.push(event);
    const options = { replicas: range(3), required: 1, write, clock, observer, replicaTimeoutMs: 100 };
    const call = quorumWrite(options);
    await clock.advance(100);
    const fates = await (await call).settled;
    await clock.advance(100);
    expect(fates.map(({ status }) => status)).toEqual(['acked', 'failed', 'failed']);
    expect(events.map(({ type, replica, status }) => [type, replica, status])).toEqual([
      ['write', undefined, undefined],
      ['write-straggler', 1, 'failed'],
      ['write-straggler', 2, 'failed'],
      ['write-straggler', 1, 'acked'],
      ['write-straggler', 2, 'failed'],
    ]);
  });

  it('takes a throw before the promise, and no promise, for that replica’s failure', async () => {
    const write = ((replica: number) => {
      if (replica === 0) throw new Error('early');
      return replica === 1 ? 'no promise' : Promise.resolve();
    }) as never;
    const { settled } = await quorumWrite<number>({ replicas: range(4), required: 2, write });
    expect((await settled).map(({ status }) => status)).toEqual(['failed', 'failed', 'acked', 'acked']);
  });

  it('never rejects unhandled, whoever looks at settled', async () => {
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    const write = async (): Promise<void> => Promise.reject(new Error('no'));
    await quorumWrite({ replicas: range(3), required: 2, write }).catch(() => {});
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).not.toHaveBeenCalled();
    process.off('unhandledRejection', unhandled);
  });

  it.each([
    ['replicas', { replicas: [] }],
    ['replicas', { replicas: [1, 1] }],
    ['required', { required: 0 }],
    ['required', { required: 4 }],
    ['write', { write: 'put' }],
    ['replicaTimeoutMs', { replicaTimeoutMs: -5 }],
    ['timeoutMs', { timeoutMs: Number.NaN }],
  ])('refuses a bad %s: %o', async (option, bad) => {
    const write = vi.fn(async () => 1);
    const options = { replicas: range(3), required: 2, write, ...bad };
    const error: unknown = await quorumWrite(options as never).catch((error: unknown) => error);
    expect(isOptionError(error)).toBe(true);
    expect(error).toMatchObject({ option });
    expect(write).not.toHaveBeenCalled();
  });
});
