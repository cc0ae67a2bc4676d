import { balance, consecutiveFailures, endpoint, failureRate, healthTracker, pipe, timeout } from 'evenkeel';
import { seededRandom, virtualClock } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';
import { HOSTS, stalled, timedOut, tracked, unsent } from './kit.ts';

const detectors = [consecutiveFailures({ failures: 2 })];
const refused = () => Object.assign(new Error('connect'), { code: 'ECONNREFUSED', syscall: 'connect' });
const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

describe('a process that is cut off', () => {
  it('ejects nobody, and says so', () => {
    const { health, times, statuses, events } = tracked({ detectors });
    for (let round = 0; round < 10; round++) for (const host of HOSTS) times(1, host, unsent);
    expect(statuses()).toEqual(['healthy', 'healthy', 'healthy', 'healthy']);
    expect(health.isolated).toBe(true);
    expect(health.snapshot()).toMatchObject({ isolated: true, ejected: 0 });
    expect(events).toMatchObject([{ room: 'health', type: 'isolated', unreachable: 3, endpoints: 4 }]);
  });

  it.each([timedOut, unsent])('is seen by %o', (outcome) => {
    const { health, times } = tracked({ detectors });
    times(1, 'a', outcome);
    times(1, 'b', outcome);
    expect(health.isolated).toBe(false);
    times(1, 'c', outcome);
    expect(health.isolated).toBe(true);
  });

  it('is not seen by what servers answer', () => {
    const { health, times, statuses } = tracked({ detectors });
    for (let round = 0; round < 10; round++) for (const host of HOSTS) times(1, host, 'failure');
    expect(health.isolated).toBe(false);
    expect(statuses()).toEqual(['unhealthy', 'unhealthy', 'healthy', 'healthy']);
  });

  it('takes back who was ejected before it was seen, without a trial and without a row', () => {
    const { clock, health, times, statuses, types } = tracked({ detectors, ejectionMs: 1000 });
    times(2, 'a', unsent);
    expect(statuses()[0]).toBe('unhealthy');
    times(1, 'b', unsent);
    times(1, 'c', unsent);
    expect(statuses()).toEqual(['healthy', 'healthy', 'healthy', 'healthy']);
    expect(types()).toEqual(['ejected', 'isolated', 'pardoned']);
    expect(health.snapshot().ejected).toBe(0);
    times(1, 'a', 'success');
    times(2, 'a', 'failure');
    clock.jump(749);
    expect(health.status('a')).toBe('unhealthy');
    clock.jump(1);
    expect(health.status('a')).toBe('degraded');
  });

  it('does not take back who was ejected for its own errors, or long before', () => {
    const own = tracked({ detectors });
    own.times(1, 'b', unsent);
    own.times(2, 'a', 'failure');
    for (const host of ['a', 'c', 'd']) own.times(1, host, unsent);
    expect(own.health.isolated).toBe(true);
    expect(own.statuses()[0]).toBe('unhealthy');
    const before = tracked({ detectors });
    before.times(2, 'a', unsent);
    before.clock.jump(1000);
    before.times(1, 'b', 'success');
    for (const host of HOSTS) before.times(1, host, unsent);
    expect(before.health.isolated).toBe(true);
    expect(before.statuses()[0]).toBe('unhealthy');
  });

  it('is back with the first answer, and judges again', () => {
    const { health, times, statuses, types } = tracked({ detectors });
    for (const host of HOSTS) times(5, host, unsent);
    times(1, 'd', 'success');
    expect(health.isolated).toBe(false);
    times(2, 'a', unsent);
    expect(statuses()[0]).toBe('unhealthy');
    expect(types().filter((type) => /isolated|rejoined/.test(type))).toEqual(['isolated', 'rejoined']);
  });

  it.each(['success', 'overload'] as const)('takes %s for an answer', (answer) => {
    const { health, times } = tracked({ detectors });
    for (const host of HOSTS) times(1, host, unsent);
    times(1, 'a', answer);
    expect(health.isolated).toBe(false);
  });

  it('is back when the window is over without news', () => {
    const { clock, health, times, types } = tracked({ detectors, isolationMs: 500 });
    for (const host of HOSTS) times(1, host, unsent);
    clock.jump(499);
    expect(health.isolated).toBe(true);
    clock.jump(1);
    expect(health.isolated).toBe(false);
    times(1, 'a', unsent);
    expect(types()).toEqual(['isolated', 'rejoined']);
  });

  it('postpones a trial that told nothing, as long as a first ejection', () => {
    const { clock, health, times, types } = tracked({ detectors, ejectionMs: 1000 });
    times(2, 'a', 'failure');
    clock.jump(750);
    for (const host of ['b', 'c', 'd']) times(1, host, unsent);
    times(1, 'a', unsent);
    expect(types().slice(-2)).toEqual(['trial', 'trial-left']);
    clock.jump(749);
    expect(health.status('a')).toBe('unhealthy');
    clock.jump(1);
    expect(health.status('a')).toBe('degraded');
  });

  it('hears an answer also of endpoints that nobody watched closely', () => {
    const { health, times } = tracked({ detectors });
    for (const host of HOSTS) times(3, host, 'success');
    times(1, 'a', unsent);
    times(1, 'b', unsent);
    times(1, 'd', 'success');
    times(1, 'c', unsent);
    expect(health.isolated).toBe(false);
  });

  it('forgets endpoints that are gone', () => {
    const { health, times } = tracked({ detectors });
    times(1, 'a', unsent);
    times(1, 'b', unsent);
    health.watch(['c', 'd']);
    times(1, 'c', unsent);
    expect(health.isolated).toBe(false);
  });

  it('holds with a balancer: all connections refused eject nobody', async () => {
    const clock = virtualClock();
    const health = healthTracker<string>({ detectors, clock });
    let cut = true;
    const call = balance({
      endpoints: HOSTS,
      send: (host) => (cut ? Promise.reject(refused()) : Promise.resolve(host)),
      health,
      clock,
      random: seededRandom(3),
    });
    for (let n = 0; n < 50; n++) await quiet(call());
    expect(health.snapshot()).toMatchObject({ isolated: true, ejected: 0 });
    cut = false;
    await call();
    expect(health.isolated).toBe(false);
  });

  it('holds for checks too: nobody is dead', async () => {
    let cut = false;
    const { clock, health, statuses } = tracked({
      probe: { check: () => (cut ? Promise.reject(refused()) : Promise.resolve()), intervalMs: 1000 },
    });
    await clock.advance(10);
    cut = true;
    await clock.advance(20_000);
    expect(statuses()).toEqual(['healthy', 'healthy', 'healthy', 'healthy']);
    expect(health.isolated).toBe(true);
    cut = false;
    await clock.advance(1100);
    expect(health.isolated).toBe(false);
    health.dispose();
  });

  it('finds endpoints confirmed by calls, if their checks told nothing', async () => {
    const { clock, health, types } = tracked({
      probe: { check: () => Promise.reject(refused()), intervalMs: 1000, unhealthyAfter: 99 },
    });
    const [d] = health.track({}, [endpoint('d')]);
    await clock.advance(10);
    expect(types()).toEqual(['isolated']);
    expect(d?.confirmed).toBe(false);
    for (const host of HOSTS) health.report(host, 'success');
    await clock.advance(1000);
    expect(d?.confirmed).toBe(true);
    expect(types()).toContain('confirmed');
    health.dispose();
  });

  it('does not spare one that is dead beside others that answer', async () => {
    const { clock, health, statuses } = tracked({
      probe: {
        check: (host) => (host === 'a' ? Promise.reject(refused()) : Promise.resolve()),
        intervalMs: 1000,
      },
    });
    await clock.advance(5000);
    expect(statuses()).toEqual(['unhealthy', 'healthy', 'healthy', 'healthy']);
    health.dispose();
  });

  it('refuses a window of nothing', () => {
    expect(() => healthTracker({ isolationMs: 0 })).toThrow(/isolationMs must be/);
  });
});

describe('a process that was held up', () => {
  it('counts no timeout that its timer noticed too late', () => {
    const { times, statuses, types } = tracked({ detectors });
    times(10, 'a', stalled);
    expect(statuses()[0]).toBe('healthy');
    expect(types()).toEqual(['stalled']);
  });

  it('counts nothing of local origin in the half second after, but what servers answer', () => {
    const { clock, times, statuses } = tracked({ detectors: [failureRate({ minimumCalls: 4 })] });
    times(1, 'a', stalled);
    clock.jump(499);
    times(4, 'a', timedOut);
    times(4, 'b', 'failure');
    expect(statuses().slice(0, 2)).toEqual(['healthy', 'unhealthy']);
    clock.jump(1);
    times(4, 'a', timedOut);
    expect(statuses()[0]).toBe('unhealthy');
  });

  it('does not take itself for cut off', () => {
    const { health, times } = tracked({ detectors });
    times(1, 'a', stalled);
    for (const host of HOSTS) times(3, host, timedOut);
    expect(health.isolated).toBe(false);
  });

  const hanging = () => {
    const clock = virtualClock();
    const health = healthTracker<string>({ detectors, clock });
    const call = pipe(
      balance({ endpoints: HOSTS, send: () => new Promise<string>(() => {}), health, clock }),
      timeout({ timeoutMs: 300, clock }),
    );
    const calls = async (heldMs: number) => {
      const answers = Array.from({ length: 40 }, () => quiet(call()));
      clock.jump(heldMs);
      await clock.advance(300);
      await Promise.all(answers);
    };
    return { health, calls };
  };

  it('holds with a balancer: calls that timed out because the event loop stood still eject nobody', async () => {
    const { health, calls } = hanging();
    await calls(2000);
    expect(health.snapshot()).toMatchObject({ ejected: 0, isolated: false });
  });

  it('is told from endpoints that hang', async () => {
    const { health, calls } = hanging();
    await calls(0);
    expect(health.isolated).toBe(true);
  });

  it('counts no check that timed out meanwhile', async () => {
    let hangs = false;
    const { clock, health, statuses, types } = tracked(
      {
        probe: {
          check: () => (hangs ? new Promise(() => {}) : Promise.resolve()),
          intervalMs: 1000,
          timeoutMs: 100,
          unhealthyAfter: 1,
        },
      },
      ['a'],
    );
    await clock.advance(500);
    hangs = true;
    await clock.advance(510);
    clock.jump(2000);
    await clock.advance(0);
    expect(statuses()).toEqual(['healthy']);
    expect(types()).toEqual(['confirmed', 'stalled']);
    // Then it does hang.
    await clock.advance(1200);
    expect(statuses()).toEqual(['unhealthy']);
    health.dispose();
  });

  it('is seen by the tracker’s own timers, before any call runs out of time', async () => {
    const { clock, health, times, statuses, types } = tracked({
      detectors,
      probe: { check: async () => true, intervalMs: 1000 },
    });
    await clock.advance(10);
    clock.jump(1600);
    await clock.advance(0);
    expect(types()).toContain('stalled');
    times(4, 'a', timedOut);
    expect(statuses()[0]).toBe('healthy');
    health.dispose();
  });
});
