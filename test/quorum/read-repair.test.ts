import { isOptionError, type ObserverEvent, quorumRead, readRepair, type ReadRepairOptions } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';
import { watched } from './replicas.ts';

interface Disk {
  row: number | undefined;
  readonly afterMs: number;
}

function setup(
  rows: readonly (readonly [row: number | undefined, afterMs: number])[],
  options: Partial<ReadRepairOptions<Disk, number | undefined>> = {},
) {
  const clock = virtualClock();
  const disks: Disk[] = rows.map(([row, afterMs]) => ({ row, afterMs }));
  const wait = (ms: number): Promise<void> => new Promise((resolve) => clock.setTimeout(resolve, ms));
  const repair = readRepair<Disk, number | undefined>({
    write: async (disk, row) => {
      await wait(10);
      disk.row = row;
    },
    clock,
    ...options,
  });
  const read = (required: number, signal?: AbortSignal) =>
    watched(
      quorumRead<Disk, number | undefined>(
        {
          replicas: disks,
          required,
          read: async ({ row, afterMs }) => {
            if (afterMs > 0) await wait(afterMs);
            return row;
          },
          newest: (a, b) => a - b,
          repair,
          clock,
        },
        { ...(signal && { signal }) },
      ),
    );
  return { clock, disks, repair, read, rows: () => disks.map(({ row }) => row) };
}

describe('readRepair', () => {
  it('in the background: the read answers at once, and who answers later is repaired too', async () => {
    const { clock, read, rows, repair } = setup([
      [2, 0],
      [1, 0],
      [undefined, 5],
      [2, 6],
    ]);
    const call = read(2);
    await clock.settle();
    expect(call.value?.value).toBe(2);
    await clock.advance(9);
    expect(rows()).toEqual([2, 1, undefined, 2]);
    await clock.advance(10);
    expect(rows()).toEqual([2, 2, 2, 2]);
    expect(repair.snapshot()).toEqual({ running: 0, waiting: 0, repaired: 2, failed: 0, shed: 0 });
    expect(clock.pendingTimers).toBe(0);
  });

  it('also who answers in the same moment, after the read was decided', async () => {
    const { clock, read, rows } = setup([
      [2, 0],
      [2, 0],
      [1, 0],
    ]);
    read(2);
    await clock.advance(10);
    expect(rows()).toEqual([2, 2, 2]);
  });

  it('blocking: the read answers when all it met are repaired, and aborts who is later', async () => {
    const { clock, read, rows } = setup(
      [
        [2, 0],
        [1, 0],
        [1, 50],
      ],
      { mode: 'blocking' },
    );
    const call = read(2);
    await clock.advance(9);
    expect(call.settlements).toBe(0);
    await clock.advance(1);
    expect([call.value?.value, rows()]).toEqual([2, [2, 2, 1]]);
  });

  it('blocking: a repair that fails or hangs does not fail the read', async () => {
    const { clock, read, repair } = setup(
      [
        [2, 0],
        [1, 0],
        [1, 0],
      ],
      {
        mode: 'blocking',
        timeoutMs: 20,
        write: async (disk) => {
          if (disk.afterMs === 0) await new Promise(() => {});
        },
      },
    );
    const call = read(3);
    await clock.advance(20);
    expect([call.value?.value, repair.snapshot().failed]).toEqual([2, 2]);
  });

  it('blocking: a caller who leaves is not kept', async () => {
    const { clock, read } = setup(
      [
        [2, 0],
        [1, 0],
      ],
      { mode: 'blocking' },
    );
    const caller = new AbortController();
    const call = read(2, caller.signal);
    await clock.advance(5);
    caller.abort('gone');
    await clock.settle();
    expect(call.error).toBe('gone');
    await clock.advance(10_000);
    expect(clock.pendingTimers).toBe(0);
  });

  it('a straggler is let go when its own time is up, also where the call had less', async () => {
    const { clock, disks, repair } = setup([
      [2, 0],
      [2, 1],
      [1, 0],
    ]);
    let aborted = false;
    const call = watched(
      quorumRead<Disk, number | undefined>({
        replicas: disks,
        required: 2,
        read: async ({ row, afterMs }, { signal }) => {
          signal.addEventListener('abort', () => (aborted = true));
          if (row === 1) await new Promise(() => {});
          if (afterMs > 0) await new Promise<void>((resolve) => void clock.setTimeout(resolve, afterMs));
          return row;
        },
        newest: (a, b) => a - b,
        repair,
        clock,
        replicaTimeoutMs: 100,
        timeoutMs: 50,
      }),
    );
    await clock.advance(60);
    expect([call.value?.value, aborted, clock.pendingTimers]).toEqual([2, false, 1]);
    await clock.advance(40);
    expect([aborted, clock.pendingTimers]).toEqual([true, 0]);
  });

  it('is shed where too many run and wait', async () => {
    const events: ObserverEvent[] = [];
    const { clock, read, repair } = setup(
      [
        [2, 0],
        [1, 0],
        [1, 0],
        [1, 0],
        [1, 0],
      ],
      {
        maxConcurrent: 1,
        maxQueue: 1,
        observer: (event) => events.push(event),
      },
    );
    read(5);
    await clock.advance(20);
    expect(repair.snapshot()).toMatchObject({ repaired: 2, shed: 2 });
    expect(events.map(({ type }) => type).sort()).toEqual([
      'repair-shed',
      'repair-shed',
      'repaired',
      'repaired',
    ]);
  });

  it('does nothing where nobody has a value, or all have the same', async () => {
    const { clock, read, repair } = setup([
      [undefined, 0],
      [undefined, 0],
    ]);
    read(2);
    const same = setup([
      [2, 0],
      [2, 0],
    ]);
    same.read(2);
    await Promise.all([clock.advance(20), same.clock.advance(20)]);
    expect([repair.snapshot().repaired, same.repair.snapshot().repaired]).toEqual([0, 0]);
  });

  it.each<[string, object]>([
    ['write', { write: 1 }],
    ['mode', { mode: 'eager' }],
    ['maxConcurrent', { maxConcurrent: 0 }],
    ['maxQueue', { maxQueue: -1 }],
    ['timeoutMs', { timeoutMs: 0 }],
  ])('refuses a bad %s', (option, options) => {
    try {
      setup([], options);
      expect.unreachable();
    } catch (error) {
      expect(isOptionError(error) && error.option).toBe(option);
    }
  });
});

describe('quorumRead', () => {
  const replicas = ['a', 'b', 'c'];
  const has = (values: Record<string, number | undefined>) => async (name: string) => values[name];

  it('reconciles all that was answered, in the order of the replicas', async () => {
    const seen: unknown[] = [];
    const { value } = await quorumRead<string, number | undefined>({
      replicas,
      required: 3,
      read: has({ a: 1, c: 3 }),
      reconcile: (answers) => {
        seen.push(answers);
        return answers.reduce((sum, one) => sum + one, 0);
      },
    });
    expect([value, seen]).toEqual([4, [[1, 3]]]);
    const nothing = await quorumRead<string, number | undefined>({
      replicas,
      required: 3,
      read: has({}),
      reconcile: () => 7,
    });
    expect(nothing.value).toBeUndefined();
  });

  it('takes "not found" for an answer, or for a failure, as it is told (Riak notfound_ok)', async () => {
    const options = { replicas, required: 2, read: has({ c: 3 }), newest: (a: number, b: number) => a - b };
    expect((await quorumRead({ ...options })).value).toBeUndefined();
    await expect(quorumRead({ ...options, notFound: 'failure' })).rejects.toMatchObject({
      votes: 0,
      required: 2,
    });
    const two = { ...options, read: has({ b: 2, c: 3 }), notFound: 'failure' as const };
    expect((await quorumRead(two)).value).toBe(3);
  });

  it('refuses a version function by which each of two is newer', async () => {
    const options = { replicas, required: 3, read: has({ a: 1, b: 2, c: 3 }) };
    await expect(quorumRead({ ...options, newest: () => 1 })).rejects.toThrow(/total order/);
    expect((await quorumRead({ ...options, newest: () => 0 })).value).toBe(1);
  });

  it.each<[string, object]>([
    ['reconcile', { reconcile: 1 }],
    ['reconcile', { reconcile: () => 1, newest: () => 0 }],
    ['notFound', { notFound: 'maybe' }],
    ['fanOut', { fanOut: {} }],
    ['repair', { repair: {} }],
    ['required', { required: {} }],
  ])('refuses a bad %s', async (option, options) => {
    const error = await quorumRead({ replicas, required: 2, read: async () => 1, ...options }).catch(
      (e: unknown) => e,
    );
    expect(isOptionError(error) && error.option).toBe(option);
  });
});
