/** Routing by partition: who is asked, what a redirect mends, what is sent again, and where it ends. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { getEventListeners } from 'node:events';
import { healthTracker, isNoPrimaryError, isRedirectLoopError, isTimeoutError, partitioned } from 'evenkeel';
import type { CallContext, ObserverEvent, Redirect } from 'evenkeel';
import { seededRandom, virtualClock } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';
import { type Answer, Cluster, NotLeader, type Request, watched } from './cluster.ts';

const abc = ['a', 'b', 'c'];

function store(partitions: Readonly<Record<string, string>> = { p: 'a', q: 'b' }) {
  const clock = virtualClock();
  return { clock, cluster: new Cluster(clock, abc, partitions) };
}

const reset = () => Object.assign(new Error('reset'), { code: 'ECONNRESET' });

describe('partitioned', () => {
  it('sends writes to the primary and reads to replicas; a node leads one partition and follows in another', async () => {
    const { clock, cluster } = store();
    const call = partitioned(cluster.options({ groups: cluster.groups(), random: seededRandom(1) }));
    const writes = watched(Promise.all([call({ partition: 'p' }), call({ partition: 'q' })]));
    const reads = watched(
      Promise.all(Array.from({ length: 40 }, async () => call({ partition: 'p', read: true }))),
    );
    await clock.advance(10);
    expect(writes.value?.map(({ by }) => by)).toEqual(['a', 'b']);
    const readers = reads.value?.map(({ by }) => by) ?? [];
    expect(new Set(readers)).toEqual(new Set(['b', 'c']));
    // The power of two choices among two: they are even.
    expect(Math.abs(readers.filter((by) => by === 'b').length - 20)).toBeLessThanOrEqual(1);
    expect(cluster.maps).toBe(0);
  });

  it('reads from the primary where there is no replica, or none that is well while the primary is', async () => {
    const { clock, cluster } = store();
    const health = healthTracker({ clock });
    const options = cluster.options({
      health,
      groups: [{ partitions: ['p'], primary: 'a', replicas: ['b'] }],
    });
    const call = partitioned(options);
    const alone = partitioned(cluster.options({ groups: [{ partitions: ['p'], primary: 'a' }] }));
    cluster.down.add('b');
    const failing = Array.from({ length: 20 }, () => watched(call({ partition: 'p', read: true })));
    await clock.advance(10);
    expect(failing.every(({ error }) => (error as { code?: string }).code === 'ECONNREFUSED')).toBe(true);
    const [both, one] = [
      watched(call({ partition: 'p', read: true })),
      watched(alone({ partition: 'p', read: true })),
    ];
    await clock.advance(10);
    expect([both.value?.by, one.value?.by]).toEqual(['a', 'a']);
  });

  it('asks for the map once, however many calls wait for it, and sends in the caller’s tick when it is there', async () => {
    const { clock, cluster } = store();
    const call = partitioned(cluster.options());
    expect(cluster.maps).toBe(0);
    const first = watched(Promise.all(Array.from({ length: 50 }, async () => call({ partition: 'p' }))));
    await clock.advance(10);
    expect(first.value).toHaveLength(50);
    expect(cluster.maps).toBe(1);
    void call({ partition: 'p' });
    expect(cluster.sent).toHaveLength(51);
  });

  it('mends one entry at once, sends the call on, and begins one refresh for all', async () => {
    const { clock, cluster } = store({ p: 'a', q: 'a' });
    const events: ObserverEvent[] = [];
    const call = partitioned(cluster.options({ observer: (event) => events.push(event) }));
    await Promise.all([call({ partition: 'p' }), clock.advance(1000)]);
    cluster.elect('p', 'b');
    const stormMs = clock.now();
    const storm = watched(Promise.all(Array.from({ length: 100 }, async () => call({ partition: 'p' }))));
    await clock.advance(3);
    // The map is out, and would still take a while; the entry is mended already, and only that one.
    expect(call.partition('p')).toMatchObject({ primary: 'b', epoch: 2, state: 'known' });
    expect(call.partition('q')).toMatchObject({ primary: 'a', epoch: 1 });
    await clock.advance(1);
    expect(storm.value?.every(({ by }) => by === 'b')).toBe(true);
    expect(clock.now() - stormMs).toBe(4);
    await clock.advance(1000);
    // One at the start, and one for the storm.
    expect(cluster.maps).toBe(2);
    expect(cluster.sent).toHaveLength(201);
    expect(events.filter(({ type }) => type === 'leader-changed')).toEqual([
      {
        room: 'replication',
        name: undefined,
        type: 'leader-changed',
        partition: 'p',
        state: 'known',
        from: 'a',
        to: 'b',
        epoch: 2,
        reason: 'redirect',
      },
    ]);
    expect(events.filter(({ type }) => type === 'redirected')).toHaveLength(100);
    expect(call.snapshot()).toMatchObject({ partitions: 2, headless: 0, waiting: 0, redirects: 100 });
  });

  it('waits for the map where a refusal tells no other, within the call’s time', async () => {
    const { clock, cluster } = store();
    const call = partitioned(cluster.options());
    await Promise.all([call({ partition: 'p' }), clock.advance(1000)]);
    cluster.truth.set('p', { leader: undefined, epoch: 1 });
    const [patient, hasty] = [
      watched(call({ partition: 'p' })),
      watched(call({ partition: 'p' }, { timeoutMs: 100 })),
    ];
    await clock.advance(100);
    expect(call.partition('p')?.state).toBe('moving');
    expect(isTimeoutError(hasty.error)).toBe(true);
    await clock.advance(900);
    cluster.elect('p', 'c');
    await clock.advance(300);
    expect(patient.value).toEqual({ by: 'c', epoch: 2 });
    await clock.advance(1000);
    expect(clock.pendingTimers).toBe(0);
  });

  it('does not take back a mended entry by a map that was asked for before', async () => {
    const { clock, cluster } = store();
    cluster.epochs = false;
    const call = partitioned(cluster.options());
    await Promise.all([call({ partition: 'p' }), clock.advance(1000)]);
    const old = cluster.groups();
    let answer: (groups: typeof old) => void = () => {};
    const slow = partitioned(
      cluster.options({
        groups: () => new Promise<typeof old>((resolve) => (answer = resolve)),
        mapMaxAgeMs: 1,
      }),
    );
    const first = watched(slow({ partition: 'p' }));
    await clock.settle();
    answer(old);
    await clock.advance(300);
    expect(first.value?.by).toBe('a');
    cluster.elect('p', 'b');
    const second = watched(slow({ partition: 'p' }));
    await clock.advance(3);
    expect(slow.partition('p')?.primary).toBe('b');
    // Asked for when that call came, before its redirect.
    answer(old);
    await clock.advance(3);
    expect(slow.partition('p')?.primary).toBe('b');
    expect(second.value?.by).toBe('b');
    slow[Symbol.dispose]();
  });

  it('keeps the last map when the source fails, answers nothing, or answers nonsense', async () => {
    const { clock, cluster } = store();
    const answers: unknown[] = [
      [],
      undefined,
      [{ partitions: ['p', 'p'], primary: 'c' }],
      [{ partitions: [] }],
      [{ primary: 'c' }],
      [{ partitions: ['p'], primary: 'c', epoch: Number.NaN }],
    ];
    let asked = 0;
    const events: ObserverEvent[] = [];
    const call = partitioned(
      cluster.options({
        groups: async () => (asked++ === 0 ? cluster.groups() : (answers[asked - 2] as never)),
        mapMaxAgeMs: 500,
        observer: (event) => events.push(event),
      }),
    );
    for (let n = 0; n <= answers.length; n++) {
      await Promise.all([call({ partition: 'p' }), clock.advance(600)]);
      expect(call.partition('p')?.primary).toBe('a');
    }
    expect(call.snapshot()).toMatchObject({ refreshes: 1, failedRefreshes: answers.length });
    expect(call.snapshot().mapAgeMs).toBeGreaterThan(3000);
    expect(events.filter(({ type }) => type === 'map-failed')).toHaveLength(answers.length);
  });

  it('says so at once when a fresh map does not have the partition', async () => {
    const { clock, cluster } = store();
    const call = partitioned(cluster.options());
    const lost = watched(call({ partition: 'nowhere' }));
    await clock.advance(10);
    expect(isNoPrimaryError(lost.error)).toBe(true);
    expect(lost.error).toMatchObject({ partition: 'nowhere', outcome: 'not-applied' });
  });

  it('lets so many wait, for so long, and no longer', async () => {
    const { clock, cluster } = store();
    cluster.truth.set('p', { leader: undefined, epoch: 1 });
    const call = partitioned(cluster.options({ maxWaiting: 2, primaryTimeoutMs: 800 }));
    const calls = Array.from({ length: 3 }, () => watched(call({ partition: 'p' })));
    await clock.settle();
    expect(calls.map(({ settlements }) => settlements)).toEqual([0, 0, 1]);
    expect(call.snapshot().waiting).toBe(2);
    await clock.advance(799);
    expect(calls[0]?.settlements).toBe(0);
    await clock.advance(1);
    expect(calls.every(({ error }) => isNoPrimaryError(error))).toBe(true);
    expect(call.snapshot()).toMatchObject({ waiting: 0, headless: 1 });
    await clock.advance(1000);
    expect(clock.pendingTimers).toBe(0);
    expect(cluster.maps).toBeLessThanOrEqual(6);
  });
});

describe('a redirect loop is bounded', () => {
  const loop = (redirect: (from: string) => Redirect<string>, more = {}) => {
    const { clock, cluster } = store();
    const sent: string[] = [];
    const call = partitioned<string, Request, Answer>({
      ...cluster.options(),
      groups: [{ partitions: ['p'], primary: 'a', replicas: ['b'] }],
      send: async (server) => {
        sent.push(server);
        throw new NotLeader();
      },
      redirect: (_, from) => redirect(from),
      ...more,
    });
    return { clock, cluster, call, sent };
  };

  it('with ever new epochs', async () => {
    let epoch = 1;
    const { clock, call, sent } = loop((from) => ({ to: from === 'a' ? 'b' : 'a', epoch: ++epoch }));
    const ended = watched(call({ partition: 'p' }));
    await clock.settle();
    expect(isRedirectLoopError(ended.error)).toBe(true);
    expect(ended.error).toMatchObject({ redirects: 6, outcome: 'not-applied', cause: expect.any(NotLeader) });
    expect(sent).toEqual(['a', 'b', 'a', 'b', 'a', 'b']);
  });

  it.each([
    ['without epochs', (from: string) => ({ to: from === 'a' ? 'b' : 'a' })],
    ['to itself', (from: string) => ({ to: from })],
    ['to nobody', () => ({})],
  ])('%s, and does not spin', async (_, redirect) => {
    const { clock, call, sent } = loop(redirect);
    const ended = watched(call({ partition: 'p' }));
    await clock.settle();
    expect(isNoPrimaryError(ended.error)).toBe(true);
    expect(sent.length).toBeLessThanOrEqual(2);
    // With nobody to ask, the next call tries again.
    const next = watched(call({ partition: 'p' }));
    await clock.settle();
    expect(next.settlements).toBe(1);
    expect(sent.length).toBeGreaterThanOrEqual(2);
  });

  it('with a map that keeps sending there, one refresh apart', async () => {
    const groups = async () => [{ partitions: ['p'], primary: 'a' }];
    const { clock, call, sent } = loop(() => ({}), { groups });
    const ended = watched(call({ partition: 'p' }));
    await clock.advance(10_000);
    expect(isRedirectLoopError(ended.error)).toBe(true);
    expect(sent).toHaveLength(6);
    expect(clock.pendingTimers).toBe(0);
  });

  it('to ever new addresses, of which none is remembered', async () => {
    let n = 0;
    const { clock, call } = loop(() => ({ to: `host-${++n}` }));
    for (let at = 0; at < 50; at++) {
      void call({ partition: 'p' }).catch(() => {});
      await clock.settle();
    }
    expect(n).toBeGreaterThan(100);
    expect(call.snapshot().nodes.length).toBeLessThanOrEqual(3);
  });
});

describe('what is sent again (law 14)', () => {
  const failing = (error: () => unknown) => {
    const { clock, cluster } = store();
    const send = async (server: string, request: Request, context: CallContext) => {
      if (server === 'a') {
        cluster.sent.push({ to: server, request, atMs: clock.now() });
        throw error();
      }
      return cluster.send(server, request, context);
    };
    return { clock, cluster, call: partitioned(cluster.options({ send })) };
  };

  it('not a write that may have been done', async () => {
    const { clock, cluster, call } = failing(reset);
    const ended = watched(call({ partition: 'p' }));
    await clock.advance(6000);
    expect(ended.error).toMatchObject({ code: 'ECONNRESET' });
    expect(cluster.sent).toHaveLength(1);
  });

  it.each([
    ['one that never left', () => Object.assign(new Error(), { code: 'ECONNREFUSED' }), {}],
    ['one that is idempotent', reset, { idempotent: true }],
    ['one with a key', reset, { idempotencyKey: 'k' }],
  ])('%s, when somebody else leads', async (_, error, options) => {
    const { clock, cluster, call } = failing(error);
    const ended = watched(call({ partition: 'p' }, options));
    await clock.advance(1000);
    expect(ended.settlements).toBe(0);
    cluster.elect('p', 'b');
    await clock.advance(500);
    expect(ended.value?.by).toBe('b');
  });

  it('and the last attempt’s own error when nobody does in time', async () => {
    const { clock, call, cluster } = failing(reset);
    const ended = watched(call({ partition: 'p' }, { idempotent: true }));
    await clock.advance(6000);
    expect(ended.error).toMatchObject({ code: 'ECONNRESET' });
    // 5 s of waiting, 250 ms apart.
    expect(cluster.sent.length).toBeLessThanOrEqual(22);
    expect(clock.pendingTimers).toBe(0);
  });

  it('not a body that is spent: the refusal itself comes back', async () => {
    const { clock, cluster } = store();
    const call = partitioned({ ...cluster.options(), groups: [{ partitions: ['p'], primary: 'b' }] });
    const body = new ReadableStream();
    const ended = watched(call({ partition: 'p', body } as Request));
    await clock.advance(10);
    expect(ended.error).toBeInstanceOf(NotLeader);
    expect(cluster.sent).toHaveLength(1);
    // What it told is known all the same? No: it was not followed. The next call is told again.
    const next = watched(call({ partition: 'p' }));
    await clock.advance(10);
    expect(next.value?.by).toBe('a');
  });
});

describe('hysteresis', () => {
  it('one failure moves nobody, three in a row do', async () => {
    const { clock, cluster } = store();
    let fail = 0;
    const send = async (server: string, request: Request, context: CallContext) => {
      if (server === 'a' && fail-- > 0) throw reset();
      return cluster.send(server, request, context);
    };
    const call = partitioned(cluster.options({ send }));
    await Promise.all([call({ partition: 'p' }), clock.advance(1000)]);
    const states: unknown[] = [];
    for (const failures of [2, 2, 3]) {
      fail = failures;
      for (let n = 0; n < failures; n++) await call({ partition: 'p' }).catch(() => {});
      states.push(call.partition('p')?.state);
      if (states.length < 3) await Promise.all([call({ partition: 'p' }), clock.advance(1000)]);
    }
    expect(states).toEqual(['known', 'known', 'unknown']);
    // The map confirms it.
    await clock.advance(1000);
    expect(call.partition('p')).toMatchObject({ state: 'known', primary: 'a', failures: 0 });
    expect(cluster.maps).toBe(2);
  });

  it('with a list there is nobody to ask: the primary stays', async () => {
    const { clock, cluster } = store();
    const call = partitioned(cluster.options({ groups: cluster.groups() }));
    cluster.down.add('a');
    for (let n = 0; n < 5; n++)
      await Promise.all([call({ partition: 'p' }).catch(() => {}), clock.advance(10)]);
    cluster.down.delete('a');
    const back = watched(call({ partition: 'p' }));
    await clock.advance(10);
    expect(back.value?.by).toBe('a');
  });
});

it('a wire that hangs keeps nothing: not the caller, not the count', async () => {
  const { clock, cluster } = store();
  const call = partitioned(cluster.options({ groups: cluster.groups(), send: () => new Promise(() => {}) }));
  const caller = new AbortController();
  const [late, left] = [
    watched(call({ partition: 'p' }, { timeoutMs: 50 })),
    watched(call({ partition: 'p', read: true }, { signal: caller.signal })),
  ];
  await clock.advance(10);
  caller.abort('left');
  await clock.advance(40);
  expect(isTimeoutError(late.error)).toBe(true);
  expect(left.error).toBe('left');
  expect(call.snapshot().nodes.map(({ pending }) => pending)).toEqual([0, 0, 0]);
  expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0);
  expect(clock.pendingTimers).toBe(0);
});

it('after dispose it asks for no map, and goes on with what it knows', async () => {
  const { clock, cluster } = store();
  const call = partitioned(cluster.options());
  await Promise.all([call({ partition: 'p' }), clock.advance(1000)]);
  const waiting = watched(call({ partition: 'q' }));
  cluster.truth.set('q', { leader: undefined, epoch: 1 });
  await clock.advance(10);
  call[Symbol.dispose]();
  await clock.advance(1000);
  expect(isNoPrimaryError(waiting.error)).toBe(true);
  const known = watched(call({ partition: 'p' }));
  await clock.advance(10);
  expect(known.value?.by).toBe('a');
  expect(clock.pendingTimers).toBe(0);
});

it.each([
  ['partitionOf', { partitionOf: undefined }],
  ['send', { send: 1 }],
  ['groups', { groups: [] }],
  ['groups', { groups: [{}] }],
  ['groups', { groups: [{ partitions: [] }] }],
  ['partitions', { groups: [{ partitions: [1, 1], primary: 'a' }] }],
  ['epoch', { groups: [{ partitions: [1], primary: 'a', epoch: 0.5 }] }],
  ['redirect', { redirect: 'MOVED' }],
  ['health', { health: {} }],
  ['suspectAfter', { suspectAfter: 0 }],
  ['maxRedirects', { maxRedirects: -1 }],
  ['primaryTimeoutMs', { primaryTimeoutMs: Number.NaN }],
  ['maxWaiting', { maxWaiting: 1.5 }],
  ['refreshIntervalMs', { refreshIntervalMs: 0 }],
  ['refreshTimeoutMs', { refreshTimeoutMs: 0 }],
  ['mapMaxAgeMs', { mapMaxAgeMs: -1 }],
])('refuses a bad %s', (option, wrong) => {
  const { cluster } = store();
  expect(() => partitioned({ ...cluster.options(), ...(wrong as object) })).toThrow(
    expect.objectContaining({ code: 'EVENKEEL_OPTION', option }),
  );
});

describe('what the user’s functions answer', () => {
  const once = async (wrong: object, request: Request = { partition: 'p' }) => {
    const { clock, cluster } = store();
    const call = partitioned({ ...cluster.options({ groups: cluster.groups() }), ...wrong });
    const ended = watched(call(request));
    await clock.advance(10);
    return ended;
  };

  it.each([
    ['partitionOf', { partitionOf: () => undefined }],
    ['accessOf', { accessOf: () => 'reed' }],
    ['epochOf', { epochOf: () => Number.NaN }],
    ['epochOf', { epochOf: () => Infinity }],
  ])('a bad %s is named', async (option, wrong) => {
    expect((await once(wrong)).error).toMatchObject({ code: 'EVENKEEL_OPTION', option });
  });

  it.each([Number.NaN, Infinity, -1, '7'])(
    'a redirect’s epoch %s never becomes the known one',
    async (epoch) => {
      const { clock, cluster } = store();
      const redirect = () => ({ to: 'b', epoch: epoch as number });
      const call = partitioned(cluster.options({ groups: cluster.groups(), redirect }));
      cluster.beliefs.set('a/p', { leader: 'b', epoch: 2 });
      const ended = watched(call({ partition: 'p' }));
      await clock.advance(10);
      expect(ended.error).toMatchObject({ code: 'EVENKEEL_OPTION', option: 'redirect' });
      expect(call.partition('p')).toMatchObject({ primary: 'a', epoch: 1 });
    },
  );

  it('a redirect that throws has recognised nothing', async () => {
    const ended = await once(
      {
        redirect: () => {
          throw new Error('in redirect');
        },
      },
      { partition: 'q' },
    );
    expect(ended.value?.by).toBe('b');
  });

  it('a send that throws, or returns no promise, is a rejection', async () => {
    const thrown = await once({
      send: () => {
        throw new Error('thrown');
      },
    });
    expect(thrown.error).toMatchObject({ message: 'thrown' });
    expect((await once({ send: () => 1 })).error).toMatchObject({ code: 'EVENKEEL_OPTION' });
  });
});

it('says why no map has come', async () => {
  const { clock, cluster } = store();
  const down = new Error('no route');
  const call = partitioned(cluster.options({ groups: () => Promise.reject(down), primaryTimeoutMs: 600 }));
  const ended = watched(call({ partition: 'p' }));
  await clock.advance(600);
  expect(isNoPrimaryError(ended.error)).toBe(true);
  expect((ended.error as Error).cause).toBe(down);
  await clock.advance(1000);
  expect(clock.pendingTimers).toBe(0);
});

it('asks for the map in its creator’s async context, and sends in its caller’s', async () => {
  const { clock, cluster } = store();
  const storage = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  const call = storage.run('creator', () =>
    partitioned(
      cluster.options({
        groups: () => {
          seen.push(storage.getStore());
          return cluster.load();
        },
        send: (...args) => {
          seen.push(storage.getStore());
          return cluster.send(...args);
        },
      }),
    ),
  );
  const ended = storage.run('caller', () => watched(call({ partition: 'p' })));
  await clock.advance(10);
  expect(ended.value?.by).toBe('a');
  expect(seen).toEqual(['creator', 'caller']);
});

it('tells health what an attempt was: who refuses is well, who fails is not', async () => {
  const { clock, cluster } = store();
  const health = healthTracker({ clock });
  const call = partitioned(cluster.options({ health }));
  await Promise.all([call({ partition: 'p' }), clock.advance(1000)]);
  for (let n = 0; n < 30; n++) {
    cluster.elect('p', abc[n % 3] as string);
    await Promise.all([call({ partition: 'p' }), clock.advance(300)]);
  }
  expect(abc.map((name) => health.status(name))).toEqual(['healthy', 'healthy', 'healthy']);
  cluster.elect('p', 'a');
  await Promise.all([call({ partition: 'p' }), clock.advance(300)]);
  cluster.down.add('c');
  for (let n = 0; n < 60; n++) {
    void call({ partition: 'p', read: true }).catch(() => {});
    await clock.advance(5);
  }
  expect(health.status('c')).toBe('unhealthy');
  const asked = cluster.sent.length;
  for (let n = 0; n < 20; n++)
    await Promise.all([call({ partition: 'p', read: true }).catch(() => {}), clock.advance(5)]);
  expect(cluster.sent.slice(asked).filter(({ to }) => to === 'c').length).toBeLessThanOrEqual(1);
});
