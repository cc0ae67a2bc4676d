/**
 * cristalhq/hedgedhttp 18: when a server grows slow, every call is late and every call is hedged, which doubles the
 * load on it. Here a budget bounds what hedges add, whatever the delay.
 */
import { hedge } from 'evenkeel/policies';
import { virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';

it('adds at most a tenth to the load of a server that has become slow', async () => {
  const clock = virtualClock();
  const hedged = hedge({ delayMs: 10, clock });
  let sent = 0;
  const answers: Promise<void>[] = [];
  for (let n = 0; n < 2000; n++) {
    answers.push(
      hedged.run(() => {
        sent++;
        return new Promise<void>((resolve) => void clock.setTimeout(resolve, 300));
      }),
    );
    await clock.advance(2);
  }
  await clock.advance(1000);
  await Promise.all(answers);
  expect(sent).toBeGreaterThan(2000);
  expect(sent).toBeLessThanOrEqual(2000 * 1.1 + 10);
});
