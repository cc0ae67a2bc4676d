import { balance, consecutiveFailures, endpoint, type EndpointHealth, type HealthPort } from 'evenkeel';
import { describe, expect, it, vi } from 'vitest';
import { MergedHealth } from '../../src/health/merged-health.ts';
import { bestOf, worstOf } from '../../src/health/merged.ts';
import { HOSTS, tracked } from './kit.ts';

const FAILED = { kind: 'failure', retryAfterMs: 0 } as const;
const WELL = { kind: 'success', retryAfterMs: 0 } as const;
const endpoints = HOSTS.map((host) => endpoint(host));

function pair(merge: typeof worstOf) {
  const [quick, slow] = [
    tracked({ detectors: [consecutiveFailures({ failures: 1 })], ejectionMs: 1000 }),
    tracked({ detectors: [consecutiveFailures({ failures: 3 })], ejectionMs: 4000 }),
  ];
  const merged = merge(quick.health, slow.health);
  const [a] = merged.track({}, endpoints) as [EndpointHealth];
  const now = () => quick.clock.now();
  const report = (outcome: typeof FAILED | typeof WELL, ticket = a.ticket) =>
    a.report(ticket, outcome, 1, now());
  const jump = (ms: number) => [quick, slow].forEach(({ clock }) => clock.jump(ms));
  return { quick: quick.health, slow: slow.health, merged, a, now, report, jump };
}

describe('worstOf and bestOf', () => {
  it('rank an endpoint by the worse, or the better, with its reason', () => {
    const [worst, best] = [pair(worstOf), pair(bestOf)];
    for (const { report } of [worst, best]) report(FAILED);
    expect([worst.a.rank, worst.a.reason]).toEqual([2, '1 failures in a row']);
    expect([best.a.rank, best.a.reason]).toEqual([0, undefined]);
    best.report(FAILED);
    expect([best.slow.status('a'), best.a.rank]).toEqual(['healthy', 0]);
    best.slow.announce('a', 'degraded');
    expect([best.a.rank, best.a.reason]).toEqual([1, 'it says that it is degraded']);
  });

  it('are confirmed by all, or by any', () => {
    const probe = { check: async () => true };
    const merge = (how: typeof worstOf) => {
      const [one, other] = [tracked({ probe }), tracked()];
      const [a] = how(one.health, other.health).track({}, endpoints);
      one.health.dispose();
      return a?.confirmed;
    };
    expect([merge(worstOf), merge(bestOf)]).toEqual([false, true]);
  });

  it('pass on subscriptions, starts, revisions and isolation', () => {
    const { merged, quick, slow } = pair(worstOf);
    const told = vi.fn();
    const stop = merged.subscribe(told);
    const before = merged.revision;
    quick.report('a', 'failure');
    slow.announce('b', 'draining');
    expect(told).toHaveBeenCalledTimes(2);
    expect(merged.revision).toBe(before + 2);
    stop();
    quick.report('c', 'failure');
    expect(told).toHaveBeenCalledTimes(2);
    expect(merged.isolated).toBe(false);
    for (const host of HOSTS) slow.report(host, { ...FAILED, reason: 'unsent' });
    expect(merged.isolated).toBe(true);
    const start = vi.spyOn(slow, 'start');
    merged.start();
    expect(start).toHaveBeenCalledTimes(1);
  });

  it('make the trial that either wants, and each hears of it under its own ticket', () => {
    const { quick, slow, merged, a, report, jump, now } = pair(worstOf);
    const early = a.ticket;
    report(FAILED);
    expect(a.ticket).not.toBe(early);
    jump(749);
    expect(a.admitTrial(now())).toBeUndefined();
    expect(merged.nextTrialMs).toBe(now() + 1);
    jump(1);
    const trial = Number(a.admitTrial(now()));
    const meanwhile = a.ticket;
    expect(meanwhile).not.toBe(trial);
    report(FAILED, meanwhile);
    report(WELL, early);
    expect(quick.status('a')).toBe('unhealthy');
    report(WELL, trial);
    expect(quick.status('a')).toBe('healthy');
    // The other heard of two failures, of which the last success took the first two away.
    expect(slow.status('a')).toBe('healthy');
    report(WELL, trial);
    report(FAILED);
    expect(quick.status('a')).toBe('unhealthy');
  });

  it('make a trial for both at once, if both want it', () => {
    const { quick, slow, a, report, jump, now } = pair(worstOf);
    report(FAILED);
    for (const _ of [1, 2, 3]) slow.report('a', 'failure');
    jump(4000);
    expect([quick.status('a'), slow.status('a')]).toEqual(['degraded', 'degraded']);
    report(WELL, Number(a.admitTrial(now())));
    expect([quick.status('a'), slow.status('a'), a.rank]).toEqual(['healthy', 'healthy', 0]);
  });

  it('let late news change nothing (law 7)', () => {
    const { a, quick, slow, report } = pair(worstOf);
    const early = a.ticket;
    slow.announce('a', 'degraded');
    report(FAILED, early);
    expect(quick.status('a')).toBe('healthy');
    report(FAILED);
    expect(quick.status('a')).toBe('unhealthy');
  });

  it('give the same health for the same endpoint, also after an update', () => {
    const { merged } = pair(bestOf);
    const owner = {};
    const [first] = merged.track(owner, endpoints);
    expect(merged.track(owner, endpoints.slice(0, 2))[0]).toBe(first);
  });

  it('notice when one of the trackers has forgotten the endpoint meanwhile', () => {
    const [one, other] = [tracked().health, tracked().health];
    const [merged, owner] = [bestOf(one, other), {}];
    const [first] = merged.track(owner, endpoints) as [EndpointHealth];
    merged.track(owner, []);
    other.watch(['b']);
    const [again] = merged.track(owner, endpoints) as [EndpointHealth];
    for (const health of [one, other]) health.announce('a', 'draining');
    expect([again.rank, first.rank]).toEqual([2, 0]);
  });

  it('know when an endpoint changed last', () => {
    const { a, quick, jump, now } = pair(worstOf);
    expect(a.sinceMs).toBe(-Infinity);
    quick.announce('a', 'degraded');
    const changedMs = now();
    jump(5);
    expect(a.sinceMs).toBe(changedMs);
  });

  it('keep the aspects of both', () => {
    const aspect = (request: string) => request;
    const [one, other] = [tracked({ aspect }).health, tracked().health];
    const merged = worstOf(one, other);
    const view = merged.aspect?.('write');
    expect(view).not.toBe(merged);
    expect(merged.aspect?.('write')).toBe(view);
    for (let n = 0; n < 5; n++) one.report('a', 'failure', 1, 'write');
    expect(view?.track({}, endpoints)[0]?.rank).toBe(2);
    expect(merged.track({}, endpoints)[0]?.rank).toBe(0);
    const plain = worstOf(other, other);
    expect(plain.aspect?.('write')).toBe(plain);
  });

  it('serve a balancer', async () => {
    const { quick, slow, merged } = pair(worstOf);
    const call = balance({ endpoints: HOSTS, send: async (host) => host, health: merged });
    slow.announce('a', 'draining');
    quick.announce('b', 'draining');
    const seen = new Set<string>();
    for (let n = 0; n < 100; n++) seen.add(await call());
    expect([...seen].sort()).toEqual(['c', 'd']);
  });

  it('refuse what is no tracker, and none', () => {
    expect(() => worstOf()).toThrow(/trackers must be at least one/);
    expect(() => bestOf({} as HealthPort<string>)).toThrow(/trackers must be something with track/);
  });
});

describe('merged health, of trackers of somebody’s own', () => {
  /** Wants a trial whenever it is asked, under the tickets 101, 102, …; its ordinary ticket stays. */
  const eager = () => {
    const heard: number[] = [];
    let trials = 100;
    const health: EndpointHealth = {
      rank: 2,
      reason: 'because',
      confirmed: true,
      ticket: 7,
      sinceMs: 0,
      admitTrial: () => ++trials,
      report: (ticket) => void heard.push(ticket),
    };
    return { health, heard };
  };

  it('never takes an ordinary call for a trial, though a tracker’s ticket stays', () => {
    const { health, heard } = eager();
    const merged = new MergedHealth([health], 'worst');
    const trial = Number(merged.admitTrial(0));
    merged.report(merged.ticket, FAILED, 1, 0);
    merged.report(trial, FAILED, 1, 0);
    merged.report(trial, FAILED, 1, 0);
    expect(heard).toEqual([7, 101]);
  });

  it('remembers as many trials as there are trackers', () => {
    const { health, heard } = eager();
    const merged = new MergedHealth([health], 'worst');
    const [first, second] = [Number(merged.admitTrial(0)), Number(merged.admitTrial(0))];
    merged.report(first, FAILED, 1, 0);
    merged.report(second, FAILED, 1, 0);
    expect(heard).toEqual([102]);
  });

  it('tells each tracker under the ticket from before the others heard', () => {
    const [one, other] = [eager(), eager()];
    const changing = { ...other.health, ticket: 7 };
    const merged: MergedHealth = new MergedHealth(
      [{ ...one.health, report: () => void ((changing.ticket = 8), merged.ticket) }, changing],
      'worst',
    );
    merged.report(merged.ticket, FAILED, 1, 0);
    expect(other.heard).toEqual([7]);
  });
});
