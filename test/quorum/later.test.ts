/** Writes that are delivered later: the outbox, and hints for replicas that were down. */
import {
  hintedHandoff,
  type HintedHandoffOptions,
  isStoreFullError,
  memoryStore,
  outbox,
  type OutboxOptions,
  quorumRegister,
  quorumWrite,
  type WaitingStore,
} from 'evenkeel/quorum';
import { isOptionError, type ObserverEvent } from 'evenkeel';
import { seededRandom, virtualClock } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';
import { type MemoryReplica, memoryReplica, watched } from './replicas.ts';

interface Write {
  readonly key: string;
  readonly n: number;
}

/** The other side: knows idempotency keys, loses answers, and may be unreachable. */
function receiver(seed = 1) {
  const random = seededRandom(seed);
  const done = new Map<string, Write>();
  const state = { online: true, lossy: 0, calls: 0, sent: [] as string[] };
  return {
    done,
    state,
    send: async (write: Write, { idempotencyKey }: { idempotencyKey: string }): Promise<void> => {
      state.calls++;
      state.sent.push(idempotencyKey);
      if (!state.online) throw Object.assign(new Error('offline'), { code: 'ENETUNREACH' });
      if (random() < state.lossy) throw new Error('reset before');
      if (!done.has(idempotencyKey)) done.set(idempotencyKey, write);
      if (random() < state.lossy) throw new Error('reset after');
    },
  };
}

function setup(options: Partial<OutboxOptions<Write>> = {}) {
  const clock = virtualClock();
  const other = receiver();
  const box = outbox<Write>({
    send: other.send,
    keyOf: ({ key }) => key,
    clock,
    wallClock: () => clock.now(),
    random: seededRandom(3),
    ...options,
  });
  return { clock, other, box };
}

describe('outbox', () => {
  it('an hour offline and 500 writes, a crash in between: none lost, none doubled, each key in order', async () => {
    const clock = virtualClock();
    const other = receiver();
    const random = seededRandom(5);
    const store = memoryStore<Write>(1_000);
    const make = () =>
      outbox<Write>({
        send: other.send,
        keyOf: ({ key }) => key,
        store,
        clock,
        wallClock: () => clock.now(),
        random,
      });
    let box = make();
    other.state.online = false;
    for (let n = 0; n < 500; n++) {
      await box.add({ key: `k${n % 7}`, n });
      await clock.advance(3_600_000 / 500);
      if (n === 250) {
        box[Symbol.dispose](); // the process dies; its store does not
        box = make();
      }
    }
    expect([other.done.size, box.snapshot().waiting]).toEqual([0, 500]);
    // Every lane waits for its turn, and does not hammer: 7 lanes, half a minute apart at most.
    expect(other.state.calls).toBeLessThan(7 * (3_600 / 15) + 200);
    other.state.online = true;
    other.state.lossy = 0.3;
    const empty = watched(box.empty());
    await clock.advance(3_600_000);
    expect(empty.settlements).toBe(1);
    expect(other.done.size).toBe(500);
    const numbers = [...other.done.values()];
    expect(new Set(numbers.map(({ n }) => n)).size).toBe(500);
    for (let key = 0; key < 7; key++) {
      const own = numbers.filter((write) => write.key === `k${key}`).map(({ n }) => n);
      expect(own).toEqual([...own].sort((a, b) => a - b));
    }
    expect(box.snapshot()).toMatchObject({ waiting: 0, delivered: 500, givenUp: 0 });
    expect([await store.all(), clock.pendingTimers]).toEqual([[], 0]);
  });

  it('sends a write with one idempotency key, however often', async () => {
    const { clock, other, box } = setup();
    other.state.online = false;
    const id = await box.add({ key: 'k', n: 1 });
    await clock.advance(1_000);
    other.state.online = true;
    await clock.advance(60_000);
    expect(other.state.calls).toBeGreaterThan(2);
    expect(new Set(other.state.sent)).toEqual(new Set([id]));
  });

  it('waits longer from attempt to attempt, up to a bound, and not at all when hurried', async () => {
    const { clock, other, box } = setup({ baseDelayMs: 100, maxDelayMs: 1_000, random: () => 0.999_999 });
    other.state.online = false;
    const at: number[] = [];
    const startMs = clock.now();
    await box.add({ key: 'k', n: 1 });
    for (let ms = 0; ms < 4_000; ms += 10) {
      const before = other.state.calls;
      await clock.advance(10);
      if (other.state.calls > before) at.push(clock.now() - startMs);
    }
    // The first was made at once.
    expect(at).toEqual([100, 300, 700, 1_500, 2_500, 3_500]);
    other.state.online = true;
    box.hurry();
    await clock.settle();
    expect([box.snapshot().waiting, clock.pendingTimers]).toEqual([0, 0]);
  });

  it('takes no more than it may hold, and no place for what the store refuses', async () => {
    const { other, box, clock } = setup({ maxEntries: 2 });
    other.state.online = false;
    await box.add({ key: 'a', n: 1 });
    await box.add({ key: 'b', n: 2 });
    const error = await box.add({ key: 'c', n: 3 }).catch((failure: unknown) => failure);
    expect(isStoreFullError(error) && error.maxEntries).toBe(2);
    await clock.settle();
    other.state.online = true;
    box.hurry();
    await clock.settle();
    await box.add({ key: 'c', n: 3 });
    await box.empty();
    expect([...other.done.values()].map(({ n }) => n)).toEqual([1, 2, 3]);

    const full: WaitingStore<Write> = {
      ...memoryStore<Write>(1),
      add: () => Promise.reject(new Error('disk full')),
    };
    const refused = setup({ store: full });
    await expect(refused.box.add({ key: 'k', n: 1 })).rejects.toThrow('disk full');
    expect([refused.box.snapshot().waiting, refused.other.state.calls]).toEqual([0, 0]);
    await refused.box.empty();
  });

  it('delivers nothing that the store does not have yet, and none before what was stored earlier', async () => {
    const inner = memoryStore<Write>(10);
    let stored = (): void => {};
    const store: WaitingStore<Write> = {
      ...inner,
      add: (entry) => new Promise((resolve) => (stored = () => resolve(inner.add(entry)))),
    };
    await inner.add({ id: 'old', lane: 'k', payload: { key: 'k', n: 0 }, addedMs: 0 });
    const { clock, other, box } = setup({ store });
    const added = box.add({ key: 'k', n: 1 });
    await clock.settle();
    expect([...other.done.values()].map(({ n }) => n)).toEqual([0]);
    stored();
    await added;
    await box.empty();
    expect([...other.done.values()].map(({ n }) => n)).toEqual([0, 1]);
  });

  it('gives up what it is told to, so that the next of the key goes on', async () => {
    const given: unknown[] = [];
    const { clock, box, other } = setup({
      send: async (write) => {
        if (write.n === 1) throw new Error('rejected for good');
        await other.send(write, { idempotencyKey: `${write.n}` });
      },
      giveUp: (write, error, attempts) => {
        given.push([write.n, (error as Error).message, attempts]);
        return attempts === 2;
      },
    });
    await box.add({ key: 'k', n: 1 });
    await box.add({ key: 'k', n: 2 });
    await clock.advance(1_000);
    expect(given).toEqual([
      [1, 'rejected for good', 1],
      [1, 'rejected for good', 2],
    ]);
    expect([...other.done.values()].map(({ n }) => n)).toEqual([2]);
    expect(box.snapshot()).toMatchObject({ givenUp: 1, delivered: 1, waiting: 0 });
  });

  it('tries again when the store cannot be read, and after a silence of the other side', async () => {
    const inner = memoryStore<Write>(10);
    let broken = true;
    const all = (): ReturnType<typeof inner.all> => (broken ? Promise.reject(new Error('io')) : inner.all());
    const { clock, box } = setup({
      store: { ...inner, all },
      timeoutMs: 100,
      send: () => new Promise(() => {}),
    });
    await expect(box.start()).rejects.toThrow('io');
    broken = false;
    await box.add({ key: 'k', n: 1 });
    await clock.advance(100);
    expect(box.snapshot()).toMatchObject({ failedAttempts: 1, waiting: 1 });
    box[Symbol.dispose]();
    await clock.advance(100_000);
    expect([box.snapshot().failedAttempts, clock.pendingTimers]).toEqual([1, 0]);
  });

  it.each<[string, object]>([
    ['send', { send: 1 }],
    ['keyOf', { keyOf: 1 }],
    ['giveUp', { giveUp: 1 }],
    ['store', { store: {} }],
    ['maxEntries', { maxEntries: 0 }],
    ['maxConcurrent', { maxConcurrent: 0 }],
    ['timeoutMs', { timeoutMs: Number.NaN }],
    ['baseDelayMs', { baseDelayMs: 0 }],
    ['maxDelayMs', { maxDelayMs: -1 }],
  ])('refuses a bad %s', (option, options) => {
    try {
      setup(options);
      expect.unreachable();
    } catch (error) {
      expect(isOptionError(error) && error.option).toBe(option);
    }
  });
});

describe('hintedHandoff', () => {
  function handoff(options: Partial<HintedHandoffOptions<string, string>> = {}) {
    const clock = virtualClock();
    const rows = new Map<string, string[]>();
    const down = new Set<string>();
    const write = async (name: string, row: string): Promise<void> => {
      if (down.has(name)) throw new Error('down');
      rows.set(name, [...(rows.get(name) ?? []), row]);
    };
    const hints = hintedHandoff<string, string>({
      write,
      replicaOf: (name) => name,
      clock,
      wallClock: () => clock.now(),
      random: seededRandom(1),
      ...options,
    });
    const put = (row: string) =>
      quorumWrite({
        replicas: ['a', 'b', 'c'],
        required: 2,
        write: (name) => write(name, row),
        hints: hints.of(row),
        clock,
      });
    return { clock, rows, down, hints, put };
  }

  it('brings a replica what it has missed, in order, when it is back; a hint is no acknowledgement', async () => {
    const { clock, rows, down, hints, put } = handoff();
    down.add('c');
    expect((await put('1')).acks).toBe(2);
    await put('2');
    down.add('b');
    await expect(put('3')).rejects.toMatchObject({ votes: 1, required: 2 });
    await clock.advance(600_000);
    expect(hints.snapshot()).toMatchObject({ waiting: 4, delivered: 0 });
    down.clear();
    await clock.advance(60_000);
    expect([rows.get('b'), rows.get('c')]).toEqual([
      ['1', '2', '3'],
      ['1', '2', '3'],
    ]);
    expect(hints.snapshot()).toMatchObject({ waiting: 0, delivered: 4, dropped: 0 });
    expect(clock.pendingTimers).toBe(0);
  });

  it('keeps only so many, and drops the rest', async () => {
    const events: ObserverEvent[] = [];
    const { down, hints, put, clock } = handoff({ maxEntries: 2, observer: (event) => events.push(event) });
    down.add('c');
    for (const row of ['1', '2', '3']) await put(row);
    await clock.settle();
    expect(hints.snapshot()).toMatchObject({ waiting: 2, dropped: 1 });
    expect(events.map(({ type }) => type)).toContain('hint-dropped');
  });

  it('gives up what is too old or has nobody to go to, without bringing it', async () => {
    let gone = false;
    const { clock, rows, down, hints, put } = handoff({
      maxAgeMs: 1_000,
      replicaOf: (name) => (gone ? undefined : name),
    });
    down.add('c');
    await put('1');
    await clock.advance(900);
    down.clear();
    clock.jump(200);
    hints.hurry();
    await clock.settle();
    expect([rows.get('c'), hints.snapshot().givenUp]).toEqual([undefined, 1]);
    down.add('c');
    await put('2');
    gone = true;
    await clock.advance(900);
    expect(hints.snapshot()).toMatchObject({ givenUp: 2, waiting: 0 });
  });

  it('leaves alone who refused, as it is told', async () => {
    const { hints, clock } = handoff();
    const refused = Object.assign(new Error('quota'), { outcome: 'not-applied' });
    hints.of('x').missed('a', refused);
    hints
      .of('x')
      .missed('b', Object.assign(new Error('connect'), { code: 'ECONNREFUSED', outcome: 'not-applied' }));
    hints.of('x').missed('c', undefined);
    await clock.settle();
    expect(hints.snapshot().delivered).toBe(2);
    const never = handoff({ hintable: () => { throw new Error('no'); } }); // prettier-ignore
    never.hints.of('x').missed('a', new Error('down'));
    await never.clock.settle();
    expect(never.hints.snapshot()).toMatchObject({ delivered: 0, waiting: 0 });
  });

  it('what throws when it is told of a miss breaks no write', async () => {
    const hints = {
      missed: () => {
        throw new Error('full');
      },
    };
    const write = async (n: number): Promise<void> => {
      if (n === 0) throw new Error('down');
    };
    expect((await quorumWrite({ replicas: [0, 1, 2], required: 2, write, hints })).acks).toBe(2);
  });

  it('serves a register: who was down gets it without anybody reading', async () => {
    const clock = virtualClock();
    const members = new Map(['a', 'b', 'c'].map((name) => [name, memoryReplica<string>()]));
    const { read, write } = memoryReplica.ports<string>();
    const of = (name: string): MemoryReplica<string> => members.get(name) as MemoryReplica<string>;
    const hints = hintedHandoff<string, { key: string; versioned: Parameters<typeof write>[2] }>({
      write: (name, { key, versioned }) => write(of(name), key, versioned),
      replicaOf: (name) => name,
      clock,
      wallClock: () => clock.now(),
    });
    const register = quorumRegister<string, string>({
      replicas: [...members.keys()],
      read: (name, key) => read(of(name), key),
      write: (name, key, versioned) => write(of(name), key, versioned),
      consistency: 'linearizable',
      hints,
      clock,
    });
    of('b').state = 'down';
    await register.write('k', 'v');
    await register.write('k', 'w');
    of('b').state = 'up';
    await clock.advance(1_000);
    expect(of('b').rows.get('k')?.value).toBe('w');
  });
});
