/** The simulator against queueing theory, and against itself. */
import { balance, leastPending, p2c } from 'evenkeel';
import { exponential, type FleetControl, type FleetOptions, simulateFleet, uniform } from 'evenkeel/testing';
import { describe, expect, it, vi } from 'vitest';

/** Mean time in an M/M/k queue (Erlang C), in service times. */
function erlangC(slots: number, load: number): number {
  const offered = slots * load;
  let [term, sum] = [1, 0];
  for (let n = 0; n < slots; n++) {
    sum += term;
    term *= offered / (n + 1);
  }
  const waits = term / (1 - load) / (sum + term / (1 - load));
  return 1 + waits / (slots * (1 - load));
}

const plain: Omit<FleetOptions<void>, 'durationMs' | 'servers' | 'arrivals'> = {
  client:
    ({ endpoints, send }) =>
    (request, options) =>
      send(endpoints[0]?.id as string, request, options as never),
};

describe('a simulated server', () => {
  it.each([
    { slots: 1, load: 0.5, calls: 100_000 },
    { slots: 1, load: 0.7, calls: 200_000 },
    { slots: 4, load: 0.8, calls: 150_000 },
    { slots: 16, load: 0.8, calls: 100_000 },
  ])(
    'with $slots slots and load $load takes what Erlang says, within 2 %',
    async ({ slots, load, calls }) => {
      const perSecond = (load * slots * 1000) / 10;
      const report = await simulateFleet({
        ...plain,
        warmupMs: 10_000,
        durationMs: (calls * 1000) / perSecond,
        servers: [{ id: 'a', slots, serviceMs: exponential(10) }],
        arrivals: { perSecond },
      });
      const theory = erlangC(slots, load);
      expect(Math.abs(report.latencyMs.mean / 10 - theory) / theory).toBeLessThan(0.02);
      expect(Math.abs((report.servers[0]?.busyShare ?? 0) - load)).toBeLessThan(0.01);
      expect(report.calls / calls).toBeCloseTo(1, 1);
    },
  );

  it('draws exponential and uniform times with the mean they say', async () => {
    for (const [serviceMs, mean, p50] of [
      [exponential(10), 10, 10 * Math.LN2],
      [uniform(2, 8), 5, 5],
      [7, 7, 7],
    ] as const) {
      const { latencyMs } = await simulateFleet({
        ...plain,
        durationMs: 20_000,
        servers: [{ id: 'a', slots: Infinity, serviceMs }],
        arrivals: { perSecond: 1000 },
      });
      expect(latencyMs.mean / mean).toBeCloseTo(1, 1);
      expect(latencyMs.p50 / p50).toBeCloseTo(1, 1);
    }
  });
});

const fleet = (options: Partial<FleetOptions<void>> = {}) =>
  simulateFleet({
    durationMs: 10_000,
    warmupMs: 1000,
    servers: ['a', 'b', 'c', 'd'].map((id) => ({ id, serviceMs: exponential(10) })),
    clients: 3,
    client: ({ endpoints, send, clock, random }) =>
      balance({ endpoints, send, clock, random, pick: p2c(), cost: leastPending() }),
    arrivals: { perSecond: 280 },
    bucketMs: 1000,
    ...options,
  });

describe('a simulation', () => {
  it('gives the same report for the same seed, byte for byte, and another for another', async () => {
    const [one, same, other] = [await fleet(), await fleet(), await fleet({ seed: 2 })];
    expect(JSON.stringify(same)).toBe(JSON.stringify(one));
    expect(JSON.stringify(other)).not.toBe(JSON.stringify(one));
  });

  it('reports plain JSON whose parts add up', async () => {
    const report = await fleet({ windows: [[2000, 5000]] });
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
    expect(report.ok + report.failed + report.unsettled).toBe(report.calls);
    expect(report.timeline).toHaveLength(10);
    const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
    expect(sum(report.timeline.map(({ calls }) => calls))).toBe(report.calls);
    expect(sum(report.clients.map(({ calls }) => calls))).toBe(report.calls);
    expect(sum(report.servers.map(({ attempts }) => attempts))).toBe(report.attempts);
    expect(sum(Object.values(report.shares))).toBeCloseTo(1, 9);
    expect(sum(report.servers.map(({ fairShare }) => fairShare))).toBeCloseTo(1, 9);
    const [window] = report.windows;
    expect(window?.calls).toBe(sum(report.timeline.slice(2, 5).map(({ calls }) => calls)));
    expect(report.latencyMs.p50).toBeLessThan(report.latencyMs.p99);
    expect(report.latencyMs.p999).toBeLessThanOrEqual(report.latencyMs.max);
  });

  it('does not count the warm-up', async () => {
    const report = await fleet({ warmupMs: 60_000, durationMs: 1000, arrivals: { perSecond: 100 } });
    expect(report.calls).toBeGreaterThan(60);
    expect(report.calls).toBeLessThan(140);
    expect(report.attempts).toBe(report.calls);
  });

  it('does not count what servers shed and queued in it, nor their work then', async () => {
    const perSecond = (atMs: number) => (atMs < 0 ? 1000 : 0);
    const servers = [{ id: 'a', serviceMs: 10, maxQueue: 50 }];
    const { servers: figures } = await fleet({ servers, arrivals: { perSecond } });
    // At the end of the warm-up its queue is full, or one short of it.
    expect(figures[0]).toMatchObject({ shed: 0, attempts: 0 });
    expect(figures[0]?.maxQueue).toBeGreaterThan(48);
    expect(figures[0]?.busyShare).toBeCloseTo(510 / 10_000, 2);
  });

  it('acts as the script says, on the time that begins after the warm-up', async () => {
    const script = [
      { atMs: -500, act: (control: FleetControl) => control.server('a').fail() },
      { atMs: 3000, act: (control: FleetControl) => control.server('a').well() },
    ];
    const { timeline } = await fleet({ script });
    const failing = timeline.map(({ failed }) => failed > 0);
    expect(failing).toEqual([true, true, true, ...Array.from({ length: 7 }, () => false)]);
  });

  it('lets the last calls settle for a while, and counts neither new ones nor work beyond the end', async () => {
    let made = 0;
    const late = {
      warmupMs: 0,
      durationMs: 4000,
      servers: [{ id: 'a', serviceMs: 3000 }],
      arrivals: { concurrency: 1 },
      request: () => void made++,
    };
    const patient = await fleet(late);
    expect([patient.calls, patient.ok, patient.unsettled, made]).toEqual([2, 2, 0, 2]);
    expect(patient.servers[0]?.busyShare).toBeCloseTo(3999 / 4000, 9);
    const hasty = await fleet({ ...late, graceMs: 500 });
    expect([hasty.calls, hasty.ok, hasty.unsettled]).toEqual([2, 1, 1]);
    expect(hasty.latencyMs.max).toBeCloseTo(3000, 6);
  });

  it('ends when all calls have settled', async () => {
    const ring = vi.fn();
    const { calls } = await fleet({
      client: ({ clock }) => {
        clock.setTimeout(ring, 11_000 + 1000);
        return () => Promise.resolve();
      },
    });
    expect(calls).toBeGreaterThan(0);
    expect(ring).not.toHaveBeenCalled();
  });

  it('follows a rate that changes, and stops where it is 0', async () => {
    const perSecond = (atMs: number) => (atMs < 2000 ? 0 : atMs < 6000 ? 50 : 400);
    const { timeline } = await fleet({ arrivals: { perSecond }, warmupMs: 0 });
    expect(timeline.slice(0, 2).map(({ calls }) => calls)).toEqual([0, 0]);
    for (const { calls } of timeline.slice(2, 6)) expect(Math.abs(calls - 50)).toBeLessThan(30);
    for (const { calls } of timeline.slice(6)) expect(Math.abs(calls - 400)).toBeLessThan(80);
  });

  it('lets callers wait for their answers, and think', async () => {
    const report = await fleet({
      servers: [{ id: 'a', slots: 10, serviceMs: 90 }],
      arrivals: { concurrency: 5, thinkMs: 10 },
      warmupMs: 0,
    });
    // 5 callers, a call every 100 ms each.
    expect(report.calls).toBe(500);
    expect(report.latencyMs.max).toBeCloseTo(90, 6);
  });

  it('shares the calls among clients as their loads say', async () => {
    const report = await fleet({
      clients: [{ zone: 'x', load: 3 }, { zone: 'y' }, { load: (atMs) => (atMs < 5000 ? 0 : 8) }],
    });
    const [x, y, z] = report.clients.map(({ calls }) => calls / report.calls);
    expect(x).toBeCloseTo((0.75 + 0.25) / 2, 1);
    expect(y).toBeCloseTo((0.25 + 1 / 12) / 2, 1);
    expect(z).toBeCloseTo((8 / 12) * 0.5, 1);
    expect(report.clients.map(({ zone }) => zone)).toEqual(['x', 'y', undefined]);
  });

  it('hands requests and options to the client', async () => {
    const seen: [string, string | undefined][] = [];
    await simulateFleet<string>({
      durationMs: 1000,
      servers: [{ id: 'a', serviceMs: 1 }],
      client: () => async (request, options) => {
        seen.push([request, options?.affinityKey]);
      },
      arrivals: { perSecond: 10 },
      request: (random, n) => `${n}:${Math.floor(random() * 3)}`,
      callOptions: (request) => ({ affinityKey: request.slice(-1) }),
    });
    expect(seen.length).toBeGreaterThan(3);
    expect(seen.every(([request, key], n) => request === `${n}:${key}`)).toBe(true);
  });
});
