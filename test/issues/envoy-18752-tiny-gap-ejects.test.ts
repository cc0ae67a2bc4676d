/**
 * Envoy 18752: where all endpoints are nearly perfect the standard deviation is nearly nothing, so that the success
 * rate rule ejects one at 99.9 % among others at 100 %, however the factor is set. Here nobody is an outlier above
 * a floor.
 */
import { expect, it } from 'vitest';
import { successRateOutliers } from '../../src/health/success-rate-outliers.ts';
import { tracked } from '../health/kit.ts';

const hosts = ['a', 'b', 'c', 'd', 'e', 'f'];

it.each([
  ['one failure of a thousand', 1, 'healthy'],
  ['every fifth', 200, 'unhealthy'],
])('judges %s among others that never fail', (_, failures, status) => {
  const { clock, health, times } = tracked({ detectors: [successRateOutliers()] }, hosts);
  times(failures, 'a', 'failure');
  times(1000 - failures, 'a', 'success');
  for (const host of hosts.slice(1)) times(1000, host, 'success');
  clock.jump(10_000);
  times(1, 'b', 'success');
  expect(health.status('a')).toBe(status);
});
