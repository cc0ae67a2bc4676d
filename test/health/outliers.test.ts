import { consecutiveFailures } from 'evenkeel';
import { describe, expect, it } from 'vitest';
import { denialOutliers } from '../../src/health/denial-outliers.ts';
import { successRateOutliers } from '../../src/health/success-rate-outliers.ts';
import { denied, HOSTS, tracked } from './kit.ts';

const detectors = [successRateOutliers({ minimumCalls: 10 })];

describe('successRateOutliers', () => {
  it('ejects at the first report after the interval, with the reason', () => {
    const { clock, health, times, statuses, events } = tracked({ detectors });
    times(10, 'a', 'failure');
    for (const host of ['b', 'c', 'd']) times(10, host, 'success');
    clock.jump(9999);
    times(1, 'b', 'success');
    expect(statuses()).toEqual(['healthy', 'healthy', 'healthy', 'healthy']);
    clock.jump(1);
    times(1, 'b', 'success');
    expect(statuses()).toEqual(['unhealthy', 'healthy', 'healthy', 'healthy']);
    expect(events).toMatchObject([
      {
        type: 'ejected',
        endpoint: 'a',
        reason: '0 % of its calls succeeded, less than 70 % as measured by the others',
      },
    ]);
    expect(health.snapshot().ejected).toBe(1);
  });

  it('ejects no more than may be out, the worst first', () => {
    const { clock, times, statuses, types } = tracked({ detectors, maxEjectedShare: 0.25 });
    times(10, 'a', 'overload');
    times(5, 'a', 'success');
    times(10, 'b', 'failure');
    for (const host of ['c', 'd']) times(30, host, 'success');
    clock.jump(10_000);
    times(1, 'c', 'success');
    expect(statuses()).toEqual(['healthy', 'unhealthy', 'healthy', 'healthy']);
    expect(types()).toEqual(['ejected', 'spared']);
  });

  it('counts each interval by itself', () => {
    const { clock, times, statuses } = tracked({ detectors });
    times(9, 'a', 'failure');
    for (const host of ['b', 'c', 'd']) times(10, host, 'success');
    clock.jump(10_000);
    times(9, 'a', 'failure');
    for (const host of ['b', 'c', 'd']) times(10, host, 'success');
    clock.jump(10_000);
    times(10, 'a', 'failure');
    expect(statuses()[0]).toBe('healthy');
    for (const host of ['b', 'c', 'd']) times(10, host, 'success');
    clock.jump(10_000);
    times(1, 'b', 'success');
    expect(statuses()[0]).toBe('unhealthy');
  });

  it('counts from the first failure, not from the last', () => {
    const { clock, times, statuses } = tracked({ detectors });
    times(5, 'a', 'failure');
    times(10, 'b', 'success');
    clock.jump(9999);
    times(5, 'a', 'failure');
    clock.jump(1);
    times(1, 'b', 'success');
    expect(statuses()[0]).toBe('unhealthy');
  });

  it('does not judge by what was counted long ago', () => {
    const { clock, times, statuses } = tracked({ detectors });
    times(10, 'a', 'failure');
    times(10, 'b', 'success');
    clock.jump(20_000);
    times(1, 'b', 'success');
    expect(statuses()[0]).toBe('healthy');
  });

  it.each(['ejected', 'gone'])('takes nobody who is %s for a measure', (how) => {
    const { clock, health, times, statuses } = tracked({
      detectors: [...detectors, consecutiveFailures({ failures: 20 })],
    });
    for (const host of ['b', 'd']) times(10, host, 'failure');
    // Next to its hundred successes b and d would be outliers; next to each other they are not.
    times(100, 'a', 'success');
    if (how === 'ejected') times(20, 'a', 'failure');
    else health.watch(['b', 'd']);
    clock.jump(10_000);
    times(1, 'd', 'failure');
    expect(statuses().slice(1)).toEqual(['healthy', 'healthy', 'healthy']);
  });

  it('is heard beside a trip rule that a success tells nothing', () => {
    const { clock, times, statuses } = tracked({ detectors: [consecutiveFailures(), ...detectors] });
    for (const host of HOSTS) times(3, host, 'success');
    for (let n = 0; n < 10; n++) {
      times(1, 'a', n % 2 === 0 ? 'failure' : 'success');
      for (const host of ['b', 'c', 'd']) times(1, host, 'success');
    }
    clock.jump(10_000);
    times(1, 'b', 'success');
    expect(statuses()[0]).toBe('unhealthy');
  });

  it.each([
    [{ intervalMs: 0 }, 'intervalMs'],
    [{ minimumCalls: 0 }, 'minimumCalls'],
    [{ minimumEndpoints: 1 }, 'minimumEndpoints'],
    [{ deviations: -1 }, 'deviations'],
    [{ points: 1.1 }, 'points'],
    [{ floor: 1.1 }, 'floor'],
  ])('refuses %o', (options, name) => {
    expect(() => successRateOutliers(options)).toThrow(new RegExp(`${name} must be`));
  });
});

describe('denialOutliers', () => {
  it('ejects who denies callers whom the others accept, by default', () => {
    const { clock, times, statuses, events } = tracked();
    for (const host of HOSTS) times(3, host, 'success');
    times(5, 'a', denied);
    times(5, 'b', 'success');
    clock.jump(10_000);
    times(1, 'b', 'success');
    expect(statuses()).toEqual(['unhealthy', 'healthy', 'healthy', 'healthy']);
    expect(events).toMatchObject([{ reason: 'it denied 100 % of its callers, whom others accept' }]);
  });

  it('ejects nobody for what all deny, nor where nobody else was asked', () => {
    const { clock, times, statuses } = tracked();
    for (const host of ['a', 'b']) times(50, host, denied);
    clock.jump(10_000);
    times(50, 'a', denied);
    clock.jump(10_000);
    times(1, 'a', denied);
    expect(statuses()).toEqual(['healthy', 'healthy', 'healthy', 'healthy']);
  });

  it('takes a failure neither for a denial nor for an acceptance', () => {
    const { clock, times, statuses } = tracked({ detectors: [denialOutliers()] });
    times(5, 'a', denied);
    times(50, 'b', 'failure');
    clock.jump(10_000);
    times(1, 'b', 'failure');
    expect(statuses()[0]).toBe('healthy');
  });

  it('needs as much more than the others as it says', () => {
    const { clock, times, statuses } = tracked({ detectors: [denialOutliers({ points: 0.9 })] });
    times(8, 'a', denied);
    times(2, 'a', 'success');
    times(10, 'b', 'success');
    clock.jump(10_000);
    times(1, 'b', 'success');
    expect(statuses()[0]).toBe('healthy');
  });

  it('refuses options out of their range', () => {
    expect(() => denialOutliers({ points: 2 })).toThrow(/points must be/);
    expect(() => denialOutliers({ minimumCalls: 0 })).toThrow(/minimumCalls must be/);
    expect(() => denialOutliers({ intervalMs: -1 })).toThrow(/intervalMs must be/);
  });
});
