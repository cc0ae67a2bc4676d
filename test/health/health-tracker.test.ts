import { AsyncLocalStorage } from 'node:async_hooks';
import {
  balance,
  consecutiveFailures,
  failureRate,
  healthTracker,
  isTimeoutError,
  type ObserverEvent,
  pipe,
  retry,
} from 'evenkeel';
import { seededRandom, virtualClock } from 'evenkeel/testing';
import { describe, expect, it, vi } from 'vitest';

const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);
const hosts = ['a', 'b', 'c', 'd'];
const detectors = [consecutiveFailures({ failures: 2 })];

function watched(options: Partial<Parameters<typeof healthTracker<string>>[0]> = {}) {
  const clock = virtualClock();
  const events: ObserverEvent[] = [];
  const health = healthTracker<string>({
    detectors,
    clock,
    random: () => 0.5,
    observer: (event) => events.push(event),
    ...options,
  });
  health.watch(hosts);
  const eject = (host: string) => [1, 2].forEach(() => health.report(host, 'failure', 1));
  return { clock, events, health, eject };
}

describe('healthTracker, on its own', () => {
  it('takes what it does not know as healthy', () => {
    expect(watched().health.status('stranger')).toBe('healthy');
  });

  it('ejects by any detector, with the reason', () => {
    const { health, eject, events } = watched();
    eject('a');
    expect(health.status('a')).toBe('unhealthy');
    expect(health.snapshot()).toMatchObject({
      ejected: 1,
      endpoints: [{ endpoint: 'a', reason: '2 failures in a row' }, {}, {}, {}],
    });
    expect(events).toMatchObject([
      { room: 'health', type: 'ejected', endpoint: 'a', reason: '2 failures in a row' },
    ]);
  });

  it('ejects for a time that doubles with each ejection in a row, half of it jittered', () => {
    const { clock, health, eject } = watched({ ejectionMs: 1000, maxEjectionMs: 3000 });
    eject('a');
    const waits = [];
    for (let round = 0; round < 4; round++) {
      const start = clock.now();
      while (health.status('a') === 'unhealthy') clock.jump(50);
      waits.push(clock.now() - start);
      health.report('a', 'failure', 1);
    }
    // 0.75 of 1000, 2000, then of the cap.
    expect(waits).toEqual([750, 1500, 2250, 2250]);
  });

  it('lets one report decide when the time is over, and forgets the row in time', () => {
    const { clock, health, eject } = watched({ ejectionMs: 1000 });
    eject('a');
    clock.jump(750);
    expect(health.status('a')).toBe('degraded');
    health.report('a', 'success', 1);
    expect(health.status('a')).toBe('healthy');
    clock.jump(1000);
    eject('a');
    clock.jump(750);
    expect(health.status('a')).toBe('degraded');
  });

  it('never ejects more than its share, but always lets one go', () => {
    const { health, eject, events } = watched({ maxEjectedShare: 0.5 });
    for (const host of hosts) eject(host);
    expect(hosts.map((host) => health.status(host))).toEqual([
      'unhealthy',
      'unhealthy',
      'healthy',
      'healthy',
    ]);
    expect(events.filter(({ type }) => type === 'spared')).toHaveLength(2);
    const strict = watched({ maxEjectedShare: 0 });
    for (const host of hosts) strict.eject(host);
    expect(strict.health.snapshot().ejected).toBe(1);
  });

  it('takes overload into the rate and ignored into nothing', () => {
    const { health } = watched({ detectors: [failureRate({ minimumCalls: 4, rate: 0.5 })] });
    for (const outcome of ['ignored', 'ignored', 'ignored', 'overload', 'success', 'success'] as const)
      health.report('a', outcome);
    expect(health.status('a')).toBe('healthy');
    health.report('a', 'overload');
    expect(health.status('a')).toBe('unhealthy');
  });

  it('forgets an endpoint that is no longer watched', () => {
    const { health, eject } = watched();
    eject('a');
    health.watch(['b', 'c']);
    expect(health.status('a')).toBe('healthy');
    health.watch(hosts);
    expect(health.status('a')).toBe('healthy');
    expect(health.snapshot().ejected).toBe(0);
  });

  const check = async () => 1;
  const bad: [object, string][] = [
    [{ ejectionMs: 0 }, 'ejectionMs'],
    [{ maxEjectionMs: Number.NaN }, 'maxEjectionMs'],
    [{ maxEjectedShare: 1.1 }, 'maxEjectedShare'],
    [{ detectors: [5] }, 'detectors'],
    [{ detectors: {} }, 'detectors'],
    [{ probe: {} }, 'check'],
    [{ probe: { check, intervalMs: 0 } }, 'intervalMs'],
    [{ probe: { check, healthyAfter: 0 } }, 'healthyAfter'],
    [{ probe: { check, maxConcurrent: Number.NaN } }, 'maxConcurrent'],
  ];
  it.each(bad)('refuses %o', (options, name) => {
    expect(() => healthTracker(options as never)).toThrow(new RegExp(`${name} must be`));
  });

  it('refuses reports of no known outcome', () => {
    const { health } = watched();
    expect(() => health.report('a', 'bad' as never)).toThrow(/outcome must be/);
    expect(() => health.report('a', 'success', Number.NaN)).toThrow(/latencyMs must be/);
    expect(() => health.watch(['a', 'a'])).toThrow(/once/);
  });
});

describe('healthTracker, with a balancer', () => {
  const setup = (bad: Set<string>, ejectionMs = 1000) => {
    const clock = virtualClock();
    const health = healthTracker<string>({ detectors, ejectionMs, clock, random: () => 0 });
    const sent: string[] = [];
    const balanced = balance({
      endpoints: hosts,
      send: async (host) => {
        sent.push(host);
        if (bad.has(host)) throw new Error('bad');
        return host;
      },
      health,
      clock,
      random: seededRandom(1),
    });
    const call = pipe(balanced, retry({ maxAttempts: 3, baseDelayMs: 0, budget: 'unlimited', clock }));
    const calls = async (count: number) => {
      for (let n = 0; n < count; n++) {
        const answer = quiet(call());
        await clock.advance(1);
        await answer;
      }
    };
    return { clock, health, balanced, call, calls, sent, bad };
  };

  it('ejects what fails, then sends exactly one call to find out, and readmits', async () => {
    const { clock, health, balanced, calls, sent, bad } = setup(new Set(['a']));
    // The penalty alone keeps 'a' from being picked: let it fail twice through reports.
    health.report('a', 'failure');
    health.report('a', 'failure');
    await calls(50);
    expect(sent).not.toContain('a');
    expect(balanced.endpoints()[0]).toMatchObject({ status: 'unhealthy', reason: '2 failures in a row' });
    await clock.advance(500);
    await calls(50);
    expect(sent.filter((host) => host === 'a')).toHaveLength(1);
    expect(balanced.snapshot().trials).toBe(1);
    bad.clear();
    await clock.advance(1000);
    sent.length = 0;
    await calls(200);
    expect(balanced.endpoints()[0]).toMatchObject({ status: 'healthy', reason: undefined });
    expect(sent.filter((host) => host === 'a').length).toBeGreaterThan(20);
  });

  it('does not let news from before the ejection readmit or eject (law 7)', async () => {
    const clock = virtualClock();
    const health = healthTracker<string>({ detectors, ejectionMs: 1000, clock, random: () => 0 });
    const waiting: ((value: string) => void)[] = [];
    const call = balance({
      endpoints: ['a'],
      send: () => new Promise<string>((resolve) => waiting.push(resolve)),
      health,
      clock,
    });
    const early = call();
    health.report('a', 'failure');
    health.report('a', 'failure');
    await clock.advance(500);
    const trial = call();
    expect(call.snapshot().trials).toBe(1);
    waiting[0]?.('early');
    await early;
    expect(health.status('a')).toBe('unhealthy');
    waiting[1]?.('trial');
    await trial;
    expect(health.status('a')).toBe('healthy');
  });

  it('fails open when all are ejected', async () => {
    const { health, call, clock } = setup(new Set());
    for (const host of hosts) [1, 2].forEach(() => health.report(host, 'failure'));
    const answer = call();
    await clock.advance(1);
    expect(hosts).toContain(await answer);
  });

  it('serves two balancers, and keeps an endpoint while one of them uses it', async () => {
    const clock = virtualClock();
    const health = healthTracker<string>({ detectors, clock });
    const send = async (host: string) => host;
    const [one, two] = [
      balance({ endpoints: ['a', 'b'], send, health, clock }),
      balance({ endpoints: ['a', 'c'], send, health, clock }),
    ];
    [1, 2].forEach(() => health.report('a', 'failure'));
    two.update(['c']);
    expect(one.endpoints()[0]).toMatchObject({ status: 'unhealthy' });
    expect(health.snapshot().endpoints.map(({ endpoint }) => endpoint)).toEqual(['a', 'b', 'c']);
    one.update(['b']);
    expect(health.snapshot().endpoints.map(({ endpoint }) => endpoint)).toEqual(['b', 'c']);
  });
});

describe('healthTracker, with probes', () => {
  const probed = (
    check: (host: string, context: { signal: AbortSignal }) => Promise<unknown>,
    options = {},
  ) => {
    const clock = virtualClock();
    const health = healthTracker<string>({
      detectors,
      probe: { check, intervalMs: 1000, timeoutMs: 100, healthyAfter: 2, unhealthyAfter: 3, ...options },
      clock,
      random: () => 0.5,
    });
    return { clock, health };
  };

  it('starts nothing until a balancer makes its first call, or watch', async () => {
    const check = vi.fn(async () => true);
    const { clock, health } = probed(check);
    const call = balance({ endpoints: hosts, send: async (host) => host, health, clock });
    await clock.advance(5000);
    expect(check).not.toHaveBeenCalled();
    await call();
    await clock.settle();
    expect(check).toHaveBeenCalledTimes(4);
    await clock.advance(1000);
    // The call stands for the check of whoever answered it.
    expect(check).toHaveBeenCalledTimes(7);
    health.dispose();
    await clock.advance(5000);
    expect(check).toHaveBeenCalledTimes(7);
    expect(clock.pendingTimers).toBe(0);
  });

  it('declares dead after unhealthyAfter failures, alive after healthyAfter successes', async () => {
    let well = true;
    const { clock, health } = probed(async (host) =>
      host === 'a' && !well ? Promise.reject(new Error('no')) : true,
    );
    health.watch(hosts);
    await clock.advance(10);
    well = false;
    await clock.advance(2000);
    expect(health.status('a')).toBe('healthy');
    await clock.advance(1000);
    expect(health.status('a')).toBe('unhealthy');
    expect(health.snapshot().endpoints[0]?.reason).toBe('3 checks in a row failed');
    well = true;
    await clock.advance(1000);
    expect(health.status('a')).toBe('unhealthy');
    await clock.advance(1000);
    expect(health.status('a')).toBe('healthy');
  });

  it('takes a check that hangs as failed, aborts its signal, and asks again', async () => {
    const signals: AbortSignal[] = [];
    const { clock, health } = probed(
      (_, { signal }) => {
        signals.push(signal);
        return new Promise(() => {});
      },
      { unhealthyAfter: 1 },
    );
    health.watch(['a']);
    await clock.advance(100);
    expect(health.status('a')).toBe('unhealthy');
    expect(signals[0]?.aborted).toBe(true);
    expect(isTimeoutError(signals[0]?.reason)).toBe(true);
    await clock.advance(1000);
    expect(signals).toHaveLength(2);
  });

  it('runs no more checks at once than it may', async () => {
    let [running, most] = [0, 0];
    const { clock, health } = probed(
      async () => {
        most = Math.max(most, ++running);
        await new Promise<void>((resolve) => void clock.setTimeout(resolve, 50));
        running--;
      },
      { maxConcurrent: 3 },
    );
    health.watch(Array.from({ length: 20 }, (_, n) => `h${n}`));
    await clock.advance(900);
    expect(most).toBe(3);
    expect(running).toBe(0);
  });

  it('drops the answer of a check whose endpoint has left', async () => {
    let answer: (value: boolean) => void = () => {};
    const { clock, health } = probed(() => new Promise((resolve) => (answer = resolve)));
    health.watch(['a']);
    await clock.settle();
    health.watch(['b']);
    answer(true);
    await clock.settle();
    expect(health.snapshot().endpoints).toMatchObject([{ endpoint: 'b' }]);
  });

  it('is ready when enough endpoints have passed a check', async () => {
    const up = new Set<string>();
    const { clock, health } = probed(async (host) =>
      up.has(host) ? true : Promise.reject(new Error('not up')),
    );
    const call = balance({ endpoints: hosts, send: async (host) => host, health, clock });
    const ready = vi.fn();
    const waiting = call.ready({ atLeast: 2, timeoutMs: 5000 }).then(ready);
    up.add('a');
    await clock.advance(1000);
    expect(ready).not.toHaveBeenCalled();
    up.add('b');
    await clock.advance(1500);
    expect(ready).toHaveBeenCalled();
    await waiting;
    const never = quiet(call.ready({ atLeast: 4, timeoutMs: 100 }));
    await clock.advance(100);
    expect(isTimeoutError(await never)).toBe(true);
    health.dispose();
    expect(clock.pendingTimers).toBe(0);
  });

  it('runs checks in the async context of whoever created the tracker (law 8)', async () => {
    const store = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const { clock, health } = store.run('creator', () =>
      probed(async () => {
        seen.push(store.getStore());
      }),
    );
    const call = balance({ endpoints: ['a'], send: async (host) => host, health, clock });
    await store.run('caller', () => call());
    await store.run('advancer', () => clock.advance(2000));
    expect(seen).toEqual(['creator', 'creator']);
  });
});
