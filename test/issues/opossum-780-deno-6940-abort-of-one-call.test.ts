/**
 * opossum 780: no call could be aborted by itself. Deno's breaker (pull request 6940) took a signal, and had to be told
 * that an abort is no failure. Here each call has its own signal, an abort is nobody's failure, and others go on.
 */
import { circuitBreaker, consecutiveFailures } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';

it('aborts one call, counts nothing, and leaves the others alone', async () => {
  const clock = virtualClock();
  const breaker = circuitBreaker({ trip: consecutiveFailures({ failures: 1 }), clock });
  const seen: AbortSignal[] = [];
  const slow = (signal: AbortSignal): Promise<string> => {
    seen.push(signal);
    return new Promise((resolve, reject) => {
      const timer = clock.setTimeout(() => resolve('done'), 100);
      signal.addEventListener('abort', () => {
        clock.clearTimeout(timer);
        reject(signal.reason);
      });
    });
  };
  const controllers = [new AbortController(), new AbortController()] as const;
  const calls = controllers.map((controller) =>
    breaker.run(({ signal }) => slow(signal), { signal: controller.signal }).catch((error: unknown) => error),
  );
  controllers[0].abort('enough');
  expect(await calls[0]).toBe('enough');
  await clock.advance(100);
  expect(await calls[1]).toBe('done');
  expect(seen.map(({ aborted }) => aborted)).toEqual([true, false]);
  expect(breaker.state).toBe('closed');
});
