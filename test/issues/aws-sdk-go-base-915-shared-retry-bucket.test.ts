/**
 * hashicorp/aws-sdk-go-base 915: one retry bucket was shared by the clients of all services, so an outage of one left no
 * retries to the others. Here each retry has a budget of its own unless one is shared on purpose.
 */
import { retry, retryBudget, type RetryOptions } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';

async function outageOfOne(options: RetryOptions): Promise<number> {
  const clock = virtualClock();
  const [broken, other] = [retry({ clock, ...options }), retry({ clock, ...options })];
  for (let n = 0; n < 300; n++) {
    const call = broken.run(() => Promise.reject(new Error('down'))).catch(() => {});
    await clock.advance(10);
    void call;
  }
  let attempts = 0;
  const call = other.run(async () => {
    if (++attempts === 1) throw new Error('once');
  });
  const settled = call.catch(() => {});
  await clock.advance(100);
  await settled;
  return attempts;
}

it('leaves its retries to one while the other is out, unless they share a budget on purpose', async () => {
  expect(await outageOfOne({})).toBe(2);
  expect(await outageOfOne({ budget: retryBudget({ ratio: 0, reservePerSecond: 0.1 }) })).toBe(1);
});
