import { balance, consecutiveFailures, endpoint, type ProbeOptions, roundRobin } from 'evenkeel';
import { seededRandom } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';
import { tracked } from './kit.ts';

const random = seededRandom(7);

/** One endpoint, checked every second with no jitter; `answer` is what its check says. */
function probed(options: Partial<ProbeOptions<string>> = {}, hosts = ['a']) {
  const said: { answer: () => unknown } = { answer: () => true };
  const checks: number[] = [];
  const tracker = tracked(
    {
      detectors: [],
      probe: {
        check: async () => {
          checks.push(tracker.clock.now() - startMs);
          return said.answer();
        },
        intervalMs: 1000,
        ...options,
      },
    },
    hosts,
  );
  const startMs = tracker.clock.now();
  const fails = () => {
    throw new Error('no');
  };
  return { ...tracker, said, checks, fails };
}

describe('the pace of probes', () => {
  it('is quicker after a check that failed, until one passes', async () => {
    const { clock, said, fails, checks, health } = probed({ unhealthyIntervalMs: 100 });
    await clock.advance(10);
    said.answer = fails;
    await clock.advance(1190);
    expect(checks).toEqual([0, 1000, 1100, 1200]);
    expect(health.status('a')).toBe('unhealthy');
    said.answer = () => true;
    await clock.advance(2000);
    expect(checks).toEqual([0, 1000, 1100, 1200, 1300, 1400, 2400]);
    health.dispose();
  });

  it('is slower for who has no calls', async () => {
    const { clock, checks, health } = probed({ idleIntervalMs: 3000 });
    await clock.advance(6000);
    expect(checks).toEqual([0, 3000, 6000]);
    health.report('a', 'ignored');
    await clock.advance(1000);
    expect(checks).toEqual([0, 3000, 6000, 7000]);
    await clock.advance(3000);
    expect(checks).toEqual([0, 3000, 6000, 7000, 10_000]);
    health.dispose();
  });

  it('leaves alone who is not used, but not who is ill', async () => {
    const { clock, said, fails, checks, health } = probed({ idleIntervalMs: Infinity, unhealthyAfter: 1 });
    await clock.advance(10_000);
    expect(checks).toEqual([0]);
    said.answer = fails;
    health.report('a', 'failure');
    await clock.advance(3000);
    expect(checks).toEqual([0, 11_000, 12_000, 13_000]);
    health.dispose();
  });

  it('may wait for the first use', async () => {
    const { clock, checks, health } = probed({ firstCheck: 'at-first-use' });
    await clock.advance(3500);
    expect(checks).toEqual([]);
    health.report('a', 'success');
    await clock.advance(500);
    expect(checks).toEqual([4000]);
    health.dispose();
  });

  it('lets calls that succeed stand for checks, four times in a row', async () => {
    const { clock, checks, health } = probed();
    for (let second = 0; second < 11; second++) {
      await clock.advance(500);
      health.report('a', 'success');
      await clock.advance(500);
    }
    expect(checks).toEqual([0, 5000, 10_000]);
    health.dispose();
  });

  it('does not let calls that fail stand for checks', async () => {
    const { clock, checks, health } = probed();
    await clock.advance(500);
    health.report('a', 'failure');
    await clock.advance(500);
    expect(checks).toEqual([0, 1000]);
    health.dispose();
  });

  it('does not let calls stand for the checks of one that has failed a check', async () => {
    const { clock, said, fails, checks, health } = probed();
    await clock.advance(10);
    said.answer = fails;
    await clock.advance(1490);
    health.report('a', 'success');
    await clock.advance(500);
    expect(checks).toEqual([0, 1000, 2000]);
    health.dispose();
  });

  it('holds with a balancer: whoever serves calls is hardly checked', async () => {
    const { clock, checks, health } = probed({}, ['a', 'b']);
    const call = balance({ endpoints: ['a', 'b'], send: async (host) => host, health, clock, random });
    for (let n = 0; n < 400; n++) {
      await call();
      await clock.advance(10);
    }
    expect(checks).toEqual([0, 0]);
    health.dispose();
  });

  it('leaves no timer and begins no check when it is stopped in the middle of one', async () => {
    const asked: string[] = [];
    const answers: (() => void)[] = [];
    const { clock, health } = tracked({
      probe: {
        check: (host) => {
          asked.push(host);
          return new Promise<void>((resolve) => answers.push(resolve));
        },
        maxConcurrent: 1,
        timeoutMs: Infinity,
      },
    });
    await clock.settle();
    expect(asked).toEqual(['a']);
    health.dispose();
    answers[0]?.();
    await clock.advance(60_000);
    expect(asked).toEqual(['a']);
    expect(clock.pendingTimers).toBe(0);
  });

  it.each([
    [{ unhealthyIntervalMs: 0 }, 'unhealthyIntervalMs'],
    [{ idleIntervalMs: -1 }, 'idleIntervalMs'],
    [{ firstCheck: 'never' as never }, 'firstCheck'],
  ])('refuses %o', (options, name) => {
    expect(() => probed(options)).toThrow(new RegExp(`${name} must be`));
  });
});

describe('what a server says of itself', () => {
  it.each([
    ['degraded', 'degraded'],
    [{ status: 'degraded' }, 'degraded'],
    ['draining', 'unhealthy'],
    [{ status: 'draining', since: 5 }, 'unhealthy'],
    [{ status: 200 }, 'healthy'],
    ['fine', 'healthy'],
    [undefined, 'healthy'],
    [null, 'healthy'],
  ])('in a check, %j, makes it %s', async (answer, status) => {
    const { clock, said, health } = probed();
    said.answer = () => answer;
    await clock.advance(10);
    expect(health.status('a')).toBe(status);
    expect(health.snapshot().ejected).toBe(0);
    health.dispose();
  });

  it('is told with the reason, and ends when a check says otherwise', async () => {
    const { clock, said, health, events } = probed();
    said.answer = () => 'draining';
    await clock.advance(10);
    expect(health.snapshot().endpoints[0]?.reason).toBe('it says that it is draining');
    said.answer = () => 'degraded';
    await clock.advance(1000);
    expect(health.status('a')).toBe('degraded');
    said.answer = () => true;
    await clock.advance(1000);
    expect(health.status('a')).toBe('healthy');
    expect(events.map(({ type, status, reason }) => [type, status, reason])).toEqual([
      ['draining', 'unhealthy', 'it says that it is draining'],
      ['degraded', 'degraded', 'it says that it is degraded'],
      ['well', 'healthy', 'it says that it is well'],
    ]);
    health.dispose();
  });

  it('is checked again soon, whatever calls say', async () => {
    const { clock, said, checks, health } = probed({ unhealthyIntervalMs: 100 });
    said.answer = () => 'degraded';
    await clock.advance(50);
    health.report('a', 'success');
    await clock.advance(150);
    expect(checks).toEqual([0, 100, 200]);
    health.dispose();
  });

  it('dies like any other, and is alive again as it says', async () => {
    const { clock, said, fails, health, types } = probed();
    await clock.advance(10);
    said.answer = fails;
    await clock.advance(3000);
    expect(health.snapshot().endpoints[0]?.reason).toBe('3 checks in a row failed');
    said.answer = () => 'degraded';
    await clock.advance(2000);
    expect(health.status('a')).toBe('degraded');
    expect(types()).toEqual(['confirmed', 'dead', 'degraded', 'alive']);
    health.dispose();
  });

  it('is told alive, if it comes back as another than it went', async () => {
    const { clock, said, fails, health, types } = probed({ healthyAfter: 1, unhealthyAfter: 1 });
    said.answer = fails;
    await clock.advance(10);
    said.answer = () => 'draining';
    await clock.advance(1000);
    expect(types()).toEqual(['dead', 'alive']);
    expect(health.status('a')).toBe('unhealthy');
    health.dispose();
  });

  it('may be announced, and counts until it is announced otherwise, whatever checks answer', async () => {
    const { clock, health, said } = probed();
    await clock.advance(10);
    health.announce('a', 'draining');
    await clock.advance(3000);
    expect(health.status('a')).toBe('unhealthy');
    said.answer = () => 'degraded';
    await clock.advance(1000);
    health.announce('a', 'well');
    expect(health.status('a')).toBe('degraded');
    expect(() => health.announce('a', 'dead' as never)).toThrow(/condition must be/);
    expect(() => health.announce('stranger', 'well')).not.toThrow();
    health.dispose();
  });

  it('keeps a draining endpoint from calls and from trials, and needs none when it is back', async () => {
    const { clock, health } = tracked({ ejectionMs: 1000 });
    const sent: string[] = [];
    const call = balance({
      endpoints: ['a', 'b'],
      send: async (host) => void sent.push(host),
      health,
      clock,
      random,
    });
    health.announce('a', 'draining');
    for (let n = 0; n < 50; n++) {
      await call();
      await clock.advance(100);
    }
    expect(sent).not.toContain('a');
    expect(health.nextTrialMs).toBe(Infinity);
    health.announce('a', 'well');
    for (let n = 0; n < 50; n++) await call();
    expect(sent).toContain('a');
  });

  it('wants no trial of a draining endpoint that was ejected before', () => {
    const { clock, health, times } = tracked({ ejectionMs: 1000 });
    times(5, 'a', 'failure');
    expect(health.nextTrialMs).toBe(clock.now() + 750);
    health.announce('a', 'draining');
    expect(health.nextTrialMs).toBe(Infinity);
    clock.jump(1000);
    expect(health.status('a')).toBe('unhealthy');
    health.announce('a', 'well');
    expect(health.status('a')).toBe('degraded');
  });

  it('has a degraded endpoint used only when the others are no better', async () => {
    const { clock, health } = tracked();
    const sent = new Set<string>();
    // Draws may miss the only one that is not draining, in 1 of 243 picks; turns never do.
    const send = async (host: string) => sent.add(host);
    const call = balance({ endpoints: ['a', 'b', 'c'], send, health, clock, pick: roundRobin() });
    health.announce('a', 'degraded');
    for (let n = 0; n < 50; n++) await call();
    expect([...sent].sort()).toEqual(['b', 'c']);
    for (const host of ['b', 'c']) health.announce(host, 'draining');
    sent.clear();
    for (let n = 0; n < 20; n++) await call();
    expect([...sent]).toEqual(['a']);
  });

  it('fences calls that began before it was announced (law 7)', () => {
    const { clock, health } = tracked({ detectors: [consecutiveFailures({ failures: 1 })] });
    const [one] = health.track({}, [endpoint('a')]);
    const early = Number(one?.ticket);
    health.announce('a', 'draining');
    health.announce('a', 'well');
    one?.report(early, { kind: 'failure', retryAfterMs: 0 }, 1, clock.now());
    expect(health.status('a')).toBe('healthy');
    one?.report(one.ticket, { kind: 'failure', retryAfterMs: 0 }, 1, clock.now());
    expect(health.status('a')).toBe('unhealthy');
  });
});
