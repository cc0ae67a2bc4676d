/**
 * aws-sdk-go-v2 3550, aws-sdk-go-base 915: a retry quota that was spent once never filled again, and
 * clients that had nothing to do with each other drained one bucket. Here what was spent is forgotten with
 * the window, and each retry has a budget of its own unless one is shared on purpose.
 */
import { retry, type RetryPolicy } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';

async function drain(policy: RetryPolicy, clock: ReturnType<typeof virtualClock>): Promise<void> {
  const calls = Array.from({ length: 500 }, () =>
    policy.run(() => Promise.reject(new Error('boom'))).catch(() => {}),
  );
  await clock.advance(2000);
  await Promise.all(calls);
}

it('fills again when the window has passed', async () => {
  const clock = virtualClock();
  const policy = retry({ clock });
  for (let round = 0; round < 3; round++) {
    await drain(policy, clock);
    expect(policy.snapshot().budget).toBe(0);
    await clock.advance(12_000);
    expect(policy.snapshot().budget).toBe(100);
  }
});

it('is nobody else’s to spend', async () => {
  const clock = virtualClock();
  const [broken, healthy] = [retry({ clock }), retry({ clock })];
  await drain(broken, clock);
  expect(healthy.snapshot().budget).toBe(100);
});
