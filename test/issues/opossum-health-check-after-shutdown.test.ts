/**
 * opossum's healthCheck interval went on after shutdown(). Here dispose() ends all probes, also one that is
 * out.
 */
import { healthTracker } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { expect, it, vi } from 'vitest';

it('probes nobody after it was disposed', async () => {
  const clock = virtualClock();
  const check = vi.fn(async () => true);
  const health = healthTracker<string>({ probe: { check, intervalMs: 20 }, clock });
  health.watch(['a', 'b']);
  await clock.advance(100);
  const before = check.mock.calls.length;
  expect(before).toBeGreaterThan(4);
  health.dispose();
  await clock.advance(10_000);
  expect(check).toHaveBeenCalledTimes(before);
  expect(clock.pendingTimers).toBe(0);
});
