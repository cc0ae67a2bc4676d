/**
 * failsafe-go 139: a budget that is a share of what is in flight left a client with one call at a time without any retry.
 * Here a small reserve stands beside the share.
 */
import { retry } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';

it('lets the only call of a quiet client be retried', async () => {
  const clock = virtualClock();
  const policy = retry({ clock, maxAttempts: 3 });
  for (let hour = 0; hour < 5; hour++) {
    let attempts = 0;
    const call = policy.run(async () => {
      if (++attempts < 3) throw new Error('not yet');
      return attempts;
    });
    await clock.advance(3_600_000);
    expect(await call).toBe(3);
  }
});
