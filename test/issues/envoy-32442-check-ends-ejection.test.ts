/**
 * Envoy 32442, 35186: an active check ended an ejection, whether it had passed or failed, and also where checks do
 * not exercise what calls need. Here checks and calls judge apart, and the worse counts: only a trial call readmits.
 */
import { consecutiveFailures } from 'evenkeel';
import { expect, it } from 'vitest';
import { tracked } from '../health/kit.ts';

it.each([
  ['passes', async () => true],
  ['fails', () => Promise.reject(new Error('no'))],
])('stays out while its check %s', async (_, check) => {
  const { clock, health, times } = tracked({
    detectors: [consecutiveFailures({ failures: 2 })],
    ejectionMs: 10_000,
    probe: { check: (host) => (host === 'a' ? check() : Promise.resolve()), intervalMs: 1000 },
  });
  times(2, 'a', 'failure');
  // At most two checks: a third failure would make it dead, which is another matter.
  await clock.advance(1050);
  expect(health.snapshot()).toMatchObject({
    ejected: 1,
    endpoints: [{ reason: '2 failures in a row' }, {}, {}, {}],
  });
  health.dispose();
});
