/** A balancer and a tracker that keeps apart what requests are about, and whom a subset's client lets be probed. */
import {
  balance,
  consecutiveFailures,
  endpoint,
  healthTracker,
  type HealthTracker,
  metered,
  type ObserverEvent,
  pipe,
  priorities,
  retry,
  subset,
  worstOf,
} from 'evenkeel';
import { metrics } from 'evenkeel/metrics';
import { seededRandom, virtualClock } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';

interface Request {
  readonly about: 'read' | 'write';
}

const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);
const hosts = ['a', 'b', 'c'];

function setup(
  make: (health: HealthTracker<string>) => Parameters<typeof balance<string, Request>>[0]['health'] = (h) =>
    h,
) {
  const clock = virtualClock();
  const random = seededRandom(7);
  const health = healthTracker<string>({
    detectors: [consecutiveFailures({ failures: 1 })],
    aspect: ({ about }: Request) => about,
    ejectionMs: 1000,
    clock,
    random,
  });
  const sent: Record<string, number> = {};
  const refusing = new Set<string>();
  const call = balance({
    endpoints: hosts,
    health: make(health) as never,
    clock,
    random,
    send: async (host: string, { about }: Request) => {
      const way = `${about} ${host}`;
      sent[way] = (sent[way] ?? 0) + 1;
      if (refusing.has(way)) throw new Error('refused');
      await Promise.resolve();
      return host;
    },
  });
  const run = async (about: Request['about'], times: number) => {
    for (const way of Object.keys(sent)) delete sent[way];
    for (let n = 0; n < times; n++) {
      await quiet(call({ about }));
      await clock.advance(1);
    }
    return sent;
  };
  return { clock, health, call, run, refusing };
}

describe('a replica that only refuses writes', () => {
  it('loses only writes', async () => {
    const { health, call, run, refusing } = setup();
    refusing.add('write a');
    await run('write', 30);
    expect([health.status('a', 'write'), health.status('a', 'read'), health.status('a')]).toEqual([
      'unhealthy',
      'healthy',
      'healthy',
    ]);
    const writes = await run('write', 90);
    expect(writes['write a'] ?? 0).toBe(0);
    const reads = await run('read', 90);
    for (const host of hosts) expect(reads[`read ${host}`]).toBeGreaterThan(15);
    // As a whole it is well, and so it is shown.
    expect(call.endpoints().map(({ status }) => status)).toEqual(['healthy', 'healthy', 'healthy']);
  });

  it('is tried again with one write when its time is over, and gets its writes back', async () => {
    const { clock, call, run, refusing } = setup();
    refusing.add('write a');
    await run('write', 30);
    refusing.clear();
    await clock.advance(1000);
    // Reads do not find out about writes.
    await run('read', 5);
    expect(call.snapshot().trials).toBe(0);
    expect((await run('write', 1))['write a']).toBe(1);
    expect(call.snapshot().trials).toBe(1);
    expect((await run('write', 90))['write a']).toBeGreaterThan(15);
  });

  it('is so behind merged trackers and for members that come later, too', async () => {
    const { health, call, run, refusing } = setup((health) => worstOf(health, healthTracker<string>()));
    refusing.add('write d');
    await run('write', 10);
    call.update([...hosts, 'd']);
    await run('write', 60);
    expect(health.status('d', 'write')).toBe('unhealthy');
    expect((await run('write', 60))['write d'] ?? 0).toBe(0);
    expect((await run('read', 90))['read d']).toBeGreaterThan(10);
  });

  it('is seen by priorities as what it is about: writes fail over, reads stay', async () => {
    const clock = virtualClock();
    const random = seededRandom(3);
    const health = healthTracker<string>({
      detectors: [consecutiveFailures({ failures: 2 })],
      aspect: ({ about }: Request) => about,
      maxEjectedShare: 1,
      clock,
      random,
    });
    const ways: string[] = [];
    const call = balance({
      endpoints: [endpoint('near'), endpoint('far', { priority: 1 })],
      narrow: [priorities()],
      health,
      clock,
      random,
      send: async (host: string, { about }: Request) => {
        ways.push(`${about} ${host}`);
        if (`${about} ${host}` === 'write near') throw new Error('refused');
      },
    });
    for (let n = 0; n < 4; n++) await quiet(call({ about: 'write' }));
    ways.length = 0;
    for (let n = 0; n < 10; n++) {
      await quiet(call({ about: 'write' }));
      await quiet(call({ about: 'read' }));
    }
    expect(new Set(ways)).toEqual(new Set(['write far', 'read near']));
  });
});

describe('a subset', () => {
  it('is all that its client follows and probes, as its number or the fleet changes', async () => {
    const clock = virtualClock();
    const checked = new Set<string>();
    const fleet = Array.from({ length: 60 }, (_, n) => `10.0.0.${n}`);
    const health = healthTracker<string>({
      probe: { check: async (host) => checked.add(host), intervalMs: 1000 },
      clock,
    });
    let index = 0;
    const call = balance({
      endpoints: fleet,
      narrow: [subset({ size: 6, client: () => ({ index, count: 10 }) })],
      health,
      clock,
      send: async (host) => host,
    });
    await call();
    await clock.advance(3000);
    expect(checked.size).toBe(6);
    expect(health.snapshot().endpoints).toHaveLength(6);
    await call.ready({ atLeast: 6 });
    const before = new Set(checked);
    const [left] = [...before] as [string];
    health.announce(left, 'draining');
    expect(call.endpoints().find(({ endpoint }) => endpoint === left)?.status).toBe('unhealthy');
    checked.clear();
    index = 5;
    call.update(fleet);
    await clock.advance(3000);
    expect(checked.size).toBe(6);
    expect([...checked].filter((host) => before.has(host))).toEqual([]);
    // Nothing is known any more of whom it has left.
    expect(call.endpoints().find(({ endpoint }) => endpoint === left)?.status).toBe('healthy');
    call.dispose();
    expect(health.snapshot().endpoints).toHaveLength(0);
    expect(clock.pendingTimers).toBe(0);
  });

  it('of ten clients probes each of a hundred servers at most twice an interval', async () => {
    const clock = virtualClock();
    const fleet = Array.from({ length: 100 }, (_, n) => `10.0.0.${n}`);
    const checks: Record<string, number> = {};
    const clients = Array.from({ length: 10 }, (_, index) => {
      const check = async (host: string): Promise<void> => {
        checks[host] = (checks[host] ?? 0) + 1;
      };
      const health = healthTracker<string>({ probe: { check, intervalMs: 1000, maxConcurrent: 100 }, clock });
      return balance({
        endpoints: fleet,
        narrow: [subset({ size: 12, client: { index, count: 10 } })],
        health,
        clock,
        send: async (host) => host,
      });
    });
    for (const client of clients) await client.ready({ timeoutMs: 0 }).catch(() => {});
    await clock.advance(900);
    expect(Object.keys(checks).length).toBe(100);
    expect(Math.max(...Object.values(checks))).toBeLessThanOrEqual(2);
    for (const client of clients) client.dispose();
  });
});

describe('attempts', () => {
  it('are told by endpoint, apart from calls, and become metrics', async () => {
    const clock = virtualClock();
    const events: ObserverEvent[] = [];
    const sent: string[] = [];
    const sheet = metrics();
    const observer = (event: ObserverEvent): void => {
      events.push(event);
      sheet(event);
    };
    const call = pipe(
      balance({
        endpoints: ['one', 'other'],
        clock,
        random: () => 0,
        observer,
        name: 'users',
        send: async (host) => {
          await new Promise<void>((resolve) => void clock.setTimeout(() => resolve(), 20));
          sent.push(host);
          if (sent.length === 1) throw Object.assign(new Error('secret'), { code: 'ECONNRESET' });
          return host;
        },
      }),
      retry({ clock, random: () => 0, baseDelayMs: 10 }),
      metered({ observer, name: 'users', clock }),
    );
    const answer = call();
    await clock.advance(100);
    const [bad, good] = sent as [string, string];
    expect(await answer).toBe(good);
    const ended = events.filter(({ durationMs }) => durationMs !== undefined);
    expect(ended).toMatchObject([
      {
        room: 'balancer',
        type: 'attempt',
        endpoint: bad,
        attempt: 1,
        outcome: 'failure',
        error: 'ECONNRESET',
      },
      { room: 'balancer', type: 'attempt', endpoint: good, attempt: 2, outcome: 'success', durationMs: 20 },
      { room: 'metered', type: 'call', outcome: 'success', durationMs: 40 },
    ]);
    expect(JSON.stringify(events)).not.toContain('secret');
    const attempts = sheet
      .snapshot()
      .histograms.filter(({ name }) => name === 'evenkeel.client.attempt.duration');
    expect(attempts.map(({ attributes, count }) => [attributes['server.address'], count])).toEqual([
      [bad, 1],
      [good, 1],
    ]);
  });
});
