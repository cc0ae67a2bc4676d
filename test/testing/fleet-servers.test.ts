/** What simulated servers do when the script says so, and when their callers leave. */
import { type CallContext, pipe, timeout } from 'evenkeel';
import {
  exponential,
  type FleetClientKit,
  type FleetControl,
  type FleetOptions,
  type FleetReply,
  type FleetServer,
  isFleetError,
  simulateFleet,
  uniform,
} from 'evenkeel/testing';
import { describe, expect, it, vi } from 'vitest';

interface Settled {
  readonly atMs: number;
  readonly value: unknown;
}

/**
 * Sends to server `a` at the times given, one request each, and answers with what became of them. Times count from
 * the beginning; the answer's `atMs` too.
 */
async function ask(
  sentMs: readonly number[],
  options: Partial<FleetOptions<void>> & {
    readonly server?: Partial<FleetServer>;
    readonly timeoutMs?: number | ((n: number) => number);
  },
): Promise<{ settled: (Settled | undefined)[]; report: Awaited<ReturnType<typeof simulateFleet>> }> {
  const settled: (Settled | undefined)[] = sentMs.map(() => undefined);
  const { server, timeoutMs, ...rest } = options;
  const report = await simulateFleet({
    durationMs: 10_000,
    graceMs: 1000,
    servers: [{ id: 'a', serviceMs: 10, ...server }],
    arrivals: { perSecond: 0 },
    client: (kit) => {
      const startMs = kit.clock.now();
      sentMs.forEach((ms, n) =>
        kit.clock.setTimeout(() => {
          const note = (value: unknown) => (settled[n] = { atMs: kit.clock.now() - startMs, value });
          guarded(kit, typeof timeoutMs === 'function' ? timeoutMs(n) : timeoutMs)().then(note, note);
        }, ms),
      );
      return () => Promise.resolve();
    },
    ...rest,
  });
  return { settled, report };
}

function guarded({ send, clock }: FleetClientKit<void>, timeoutMs: number | undefined) {
  const wire = (_: void, context?: unknown): Promise<FleetReply> =>
    send('a', undefined, context as CallContext);
  return timeoutMs === undefined ? wire : pipe(wire, timeout({ timeoutMs, clock }));
}

const at = (atMs: number, act: (fleet: FleetControl) => void) => ({ script: [{ atMs, act }] });
const times = (settled: readonly (Settled | undefined)[]) =>
  settled.map((one) => one && Math.round(one.atMs * 1000) / 1000);
const codes = (settled: readonly (Settled | undefined)[]) =>
  settled.map((one) => (isFleetError(one?.value) ? one.value.code : one?.value));

describe('a simulated server', () => {
  it('serves first in first out, as many at a time as it has slots, and says how busy it is', async () => {
    const { settled, report } = await ask([0, 0, 0, 1], { server: { slots: 2 } });
    expect(times(settled)).toEqual([10, 10, 20, 20]);
    expect(settled[0]?.value).toEqual({ server: 'a', inFlight: 3, queue: 1 });
    expect(settled[3]?.value).toEqual({ server: 'a', inFlight: 0, queue: 0 });
    expect(report.servers[0]).toMatchObject({ attempts: 4, maxQueue: 2, shed: 0 });
    expect(report.servers[0]?.busyShare).toBeCloseTo(40 / 20_000, 9);
  });

  it('sheds at once what its queue has no room for, as an overload', async () => {
    const { settled, report } = await ask([0, 1, 2, 3], { server: { maxQueue: 1 } });
    expect(times(settled)).toEqual([10, 20, 2, 3]);
    expect(settled[2]?.value).toMatchObject({ code: 'FLEET_SHED', retryAfterMs: 0, server: 'a' });
    expect(report.servers[0]?.shed).toBe(2);
  });

  it('is as far away as it is said to be, there and back', async () => {
    const distanceMs = vi.fn((client?: string, server?: string) =>
      client === 'x' && server === 'y' ? 15 : 0,
    );
    const { settled } = await ask([0], { clients: [{ zone: 'x' }], server: { zone: 'y' }, distanceMs });
    expect(times(settled)).toEqual([40]);
  });

  it('gives the slot of a request whose caller has left to the next, and its place in the queue too', async () => {
    const { settled } = await ask([0, 5, 8], { server: { serviceMs: 20 }, timeoutMs: 22 });
    // The second waits until 20, and would be served until 40; it leaves at 27 and the third begins.
    expect(times(settled)).toEqual([20, 27, 30]);
    const { settled: queued, report } = await ask([0, 1, 2], { server: { serviceMs: 100 }, timeoutMs: 50 });
    expect(times(queued)).toEqual([50, 51, 52]);
    expect(report.servers[0]?.busyShare).toBeCloseTo(52 / 10_000, 9);
  });

  it('has room in its queue again, and passes over the place, when who waits there leaves', async () => {
    const timeoutMs = (n: number) => (n === 1 ? 20 : 1000);
    const { settled } = await ask([0, 1, 30, 31], { server: { serviceMs: 100, maxQueue: 1 }, timeoutMs });
    expect(times(settled)).toEqual([100, 21, 200, 31]);
    expect(codes(settled)[3]).toBe('FLEET_SHED');
  });

  it('serves it all the same if it is said not to notice', async () => {
    const { settled, report } = await ask([0, 5], {
      server: { serviceMs: 20, abandoned: 'served' },
      timeoutMs: 18,
    });
    expect(times(settled)).toEqual([18, 23]);
    expect(report.servers[0]?.busyShare).toBeCloseTo(40 / 10_000, 9);
  });

  it('frees what a plain signal gives up, and leaves no listener on it', async () => {
    const controller = new AbortController();
    const add = vi.spyOn(controller.signal, 'addEventListener');
    const remove = vi.spyOn(controller.signal, 'removeEventListener');
    const seen: unknown[] = [];
    const report = await simulateFleet({
      durationMs: 1000,
      servers: [{ id: 'a', serviceMs: 100 }],
      arrivals: { perSecond: 0 },
      client: ({ send, clock }) => {
        const context = { signal: controller.signal } as CallContext;
        clock.setTimeout(() => void send('a', undefined, context).catch((error) => seen.push(error)), 0);
        clock.setTimeout(() => controller.abort('enough'), 30);
        clock.setTimeout(() => void send('a', undefined, context).catch((error) => seen.push(error)), 40);
        return () => Promise.resolve();
      },
    });
    expect(seen).toEqual(['enough', 'enough']);
    expect(report.servers[0]?.busyShare).toBeCloseTo(30 / 1000, 9);
    expect([add.mock.calls.length, remove.mock.calls.length]).toEqual([1, 1]);
  });
});

describe('a script', () => {
  it('slows a server for what begins from then on, until it is well', async () => {
    const { settled } = await ask([0, 100, 200], {
      script: [
        { atMs: 5, act: (fleet) => fleet.server('a').slow(3) },
        { atMs: 150, act: (fleet) => fleet.server('a').well() },
      ],
    });
    expect(times(settled)).toEqual([10, 130, 210]);
  });

  it('lets it fail, each request after the time it says, without a slot', async () => {
    const { settled } = await ask(
      [0, 7, 8],
      at(5, (fleet) => fleet.server('a').fail()),
    );
    expect(times(settled)).toEqual([10, 8, 9]);
    expect(codes(settled).slice(1)).toEqual(['FLEET_FAILED', 'FLEET_FAILED']);
    const boom = new Error('boom');
    const { settled: own } = await ask(
      [7],
      at(5, (fleet) => fleet.server('a').fail({ afterMs: 3, error: boom })),
    );
    expect(own).toEqual([{ atMs: 10, value: boom }]);
  });

  it('lets it hang: nothing is answered until it is well, and then all of it in turn', async () => {
    const { settled, report } = await ask(
      [0, 20],
      at(5, (fleet) => fleet.server('a').hang()),
    );
    expect(settled).toEqual([undefined, undefined]);
    expect(report.servers[0]?.busyShare).toBeCloseTo(5 / 10_000, 9);
    const { settled: later } = await ask([0, 20], {
      script: [
        { atMs: 5, act: (fleet) => fleet.server('a').hang() },
        { atMs: 100, act: (fleet) => fleet.server('a').well() },
      ],
    });
    expect(times(later)).toEqual([110, 120]);
  });

  it('lets it refuse what is new and serve what it has', async () => {
    const { settled } = await ask(
      [0, 1, 7],
      at(5, (fleet) => fleet.server('a').refuse()),
    );
    expect(times(settled)).toEqual([10, 20, 7]);
    expect(codes(settled)[2]).toBe('ECONNREFUSED');
  });

  it('restarts it: what it has is lost, what comes is served', async () => {
    const { settled } = await ask(
      [0, 1, 7],
      at(5, (fleet) => fleet.server('a').restart()),
    );
    expect(times(settled)).toEqual([5, 5, 17]);
    expect(codes(settled).slice(0, 2)).toEqual(['ECONNRESET', 'ECONNRESET']);
  });

  it('lets one come back as another than it was', async () => {
    const { settled } = await ask([0, 20], {
      script: [
        { atMs: 12, act: (fleet) => fleet.leave('a') },
        { atMs: 13, act: (fleet) => fleet.join({ id: 'a', serviceMs: 50 }) },
      ],
    });
    expect(times(settled)).toEqual([10, 70]);
  });

  it('may not name a server that is not there, or let one join twice', async () => {
    await expect(
      ask(
        [],
        at(5, (fleet) => fleet.server('nobody').well()),
      ),
    ).rejects.toThrow(/one of the fleet/);
    await expect(
      ask(
        [],
        at(5, (fleet) => fleet.join({ id: 'a', serviceMs: 1 })),
      ),
    ).rejects.toThrow(/once/);
  });
});

describe('the membership', () => {
  it('tells every follower who is there now, from the beginning, and who comes and goes', async () => {
    const told: string[][] = [];
    const report = await simulateFleet({
      durationMs: 1000,
      servers: [{ id: 'a', serviceMs: 1, weight: 3 }],
      arrivals: { perSecond: 0 },
      client: ({ membership }) => {
        membership.follow({
          found: (endpoints) => told.push(endpoints.map(({ address }) => address)),
          failed() {},
          lost() {},
        });
        membership.follow({ found: () => told.push(['stopped']), failed() {}, lost() {} })();
        return () => Promise.resolve();
      },
      script: [
        { atMs: 500, act: (fleet) => fleet.join({ id: 'b', serviceMs: 1 }) },
        { atMs: 600, act: (fleet) => fleet.leave('a') },
        { atMs: 700, act: (fleet) => fleet.leave('b') },
        { atMs: 800, act: (fleet) => fleet.join({ id: 'a', serviceMs: 1, weight: 3 }) },
      ],
    });
    // The last one's leaving is not told: a list is never empty.
    expect(told).toEqual([['a'], ['stopped'], ['a', 'b'], ['b'], ['a']]);
    const [a, b] = report.servers.map(({ fairShare }) => fairShare);
    expect(a).toBeCloseTo((3 * 800) / (3 * 800 + 200), 9);
    expect(b).toBeCloseTo(200 / (3 * 800 + 200), 9);
  });
});

describe('a probe', () => {
  it('learns the load and the latest latencies, fails where requests fail, and costs no slot', async () => {
    const learnt: unknown[] = [];
    const probeAt = (kit: FleetClientKit<void>, ms: number) =>
      kit.clock.setTimeout(() => {
        const note = (value: unknown) => learnt.push(isFleetError(value) ? value.code : value);
        void kit.probe('a').then(note, note);
      }, ms);
    const { attempts } = await simulateFleet({
      durationMs: 1000,
      graceMs: 0,
      servers: [{ id: 'a', serviceMs: 10 }],
      arrivals: { perSecond: 0 },
      client: (kit) => {
        for (let n = 0; n < 3; n++) kit.clock.setTimeout(() => void kit.send('a', undefined, {} as never), 0);
        for (const ms of [1, 35, 50, 70, 90]) probeAt(kit, ms);
        return () => Promise.resolve();
      },
      script: [
        { atMs: 40, act: (fleet) => fleet.server('a').fail() },
        { atMs: 60, act: (fleet) => fleet.server('a').refuse() },
        { atMs: 80, act: (fleet) => fleet.server('a').hang() },
      ],
    });
    expect(attempts).toBe(3);
    expect(learnt).toEqual([
      { server: 'a', inFlight: 3, queue: 2, latencyMs: 0 },
      { server: 'a', inFlight: 0, queue: 0, latencyMs: 10 },
      'FLEET_FAILED',
      'ECONNREFUSED',
    ]);
  });
});

describe('the calls', () => {
  it('that fail are counted by code or name, those that never settle as unsettled', async () => {
    let count = 0;
    const { failures, failed, unsettled, calls, ok } = await simulateFleet({
      durationMs: 1000,
      graceMs: 500,
      servers: [{ id: 'a', serviceMs: 1 }],
      client: () => () => {
        count++;
        if (count === 1) return new Promise(() => {});
        if (count === 2) throw new TypeError('thrown');
        if (count === 3) return Promise.reject(Object.assign(new Error('coded'), { code: 'E_CODED' }));
        // oxlint-disable-next-line prefer-promise-reject-errors
        if (count === 4) return Promise.reject('a text');
        return Promise.resolve();
      },
      arrivals: { perSecond: 20 },
    });
    expect(failures).toEqual({ TypeError: 1, E_CODED: 1, string: 1 });
    expect([failed, unsettled, calls]).toEqual([3, 1, ok + 4]);
  });
});

describe('the options', () => {
  const good: FleetOptions<void> = {
    durationMs: 1000,
    servers: [{ id: 'a', serviceMs: 1 }],
    client: () => () => Promise.resolve(),
    arrivals: { perSecond: 1 },
  };

  /** It makes calls, so that what only a call can find is found. */
  const calling: Partial<FleetOptions<void>> = {
    client: (kit) => () => kit.send('a', undefined, {} as never),
    arrivals: { perSecond: 100 },
  };

  it.each<[string, Partial<FleetOptions<void>>]>([
    ['durationMs', { durationMs: 0 }],
    ['durationMs', { durationMs: Infinity }],
    ['warmupMs', { warmupMs: -1 }],
    ['graceMs', { graceMs: Infinity }],
    ['servers', { servers: [] }],
    [
      'servers',
      {
        servers: [
          { id: 'a', serviceMs: 1 },
          { id: 'a', serviceMs: 1 },
        ],
      },
    ],
    ['servers.id', { servers: [{ id: '', serviceMs: 1 }] }],
    ['servers.serviceMs', { servers: [{ id: 'a', serviceMs: -1 }] }],
    ['servers.slots', { servers: [{ id: 'a', serviceMs: 1, slots: 0 }] }],
    ['servers.maxQueue', { servers: [{ id: 'a', serviceMs: 1, maxQueue: 0.5 }] }],
    ['servers.abandoned', { servers: [{ id: 'a', serviceMs: 1, abandoned: 'lost' as never }] }],
    ['weight', { servers: [{ id: 'a', serviceMs: 1, weight: 0 }] }],
    ['clients', { clients: 0 }],
    ['clients', { clients: [] }],
    ['clients.load', { clients: [{ load: -1 }] }],
    ['client', { client: 'none' as never }],
    ['arrivals.perSecond', { arrivals: { perSecond: Number.NaN } }],
    ['arrivals.perSecond', { arrivals: { perSecond: () => -1 } }],
    ['arrivals.concurrency', { arrivals: { concurrency: 0 } }],
    ['arrivals.thinkMs', { arrivals: { concurrency: 1, thinkMs: 0 } }],
    ['script.atMs', { script: [{ atMs: -1, act() {} }] }],
    ['script.atMs', { script: [{ atMs: 1001, act() {} }] }],
    ['windows', { windows: [[500, 400]] }],
    ['bucketMs', { bucketMs: 0.001 }],
    ['seed', { seed: 0.5 }],
    ['distanceMs', { ...calling, distanceMs: () => -1 }],
  ])('refuse a bad %s', async (option, bad) => {
    const refused = simulateFleet({ ...good, ...bad });
    await expect(refused).rejects.toMatchObject({ code: 'EVENKEEL_OPTION', option });
  });

  it('refuse a service time that is none, when it is drawn, and bounds in the wrong order', async () => {
    const servers = [{ id: 'a', serviceMs: () => Number.NaN }];
    await expect(simulateFleet({ ...good, ...calling, servers })).rejects.toThrow(/serviceMs/);
    expect(() => uniform(8, 2)).toThrow(/toMs/);
    expect(() => exponential(0)).toThrow(/meanMs/);
  });

  it('refuse a client that calls who is not there', async () => {
    const client: FleetOptions<void>['client'] = (kit) => () => kit.send('b', undefined, {} as never);
    await expect(simulateFleet({ ...good, ...calling, client })).rejects.toThrow(/one of the fleet/);
  });
});
