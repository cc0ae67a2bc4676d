/**
 * ServiceTalk 3551, gRPC proposal 322: endpoints with few calls or none were counted as perfect, which drew the mean
 * up and ejected others; or one failure of one call was 100 %, and ejected. Here who has few calls is not judged and
 * is no measure by itself.
 */
import { expect, it } from 'vitest';
import { successRateOutliers } from '../../src/health/success-rate-outliers.ts';
import { tracked } from '../health/kit.ts';

const hosts = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'];

it('neither ejects by one call, nor takes idle endpoints for perfect', () => {
  const { clock, health, times } = tracked({ detectors: [successRateOutliers()] }, hosts);
  // All that work are equally bad; the others had one call each.
  for (const host of hosts.slice(0, 4)) {
    times(50, host, 'failure');
    times(50, host, 'success');
  }
  times(1, 'e', 'failure');
  for (const host of hosts.slice(5)) times(1, host, 'success');
  clock.jump(10_000);
  times(1, 'f', 'success');
  expect(health.snapshot().ejected).toBe(0);
});
