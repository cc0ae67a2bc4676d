/**
 * opossum: an action that was not asynchronous made the breaker itself throw (undefined has no then). Here
 * what is no promise is a rejection that says so, and what throws at once is a rejection too.
 */
import { bulkhead, circuitBreaker, isOptionError, retry, timeout } from 'evenkeel';
import { expect, it } from 'vitest';

const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);
const boom = new Error('boom');

it.each([
  ['timeout', timeout({ timeoutMs: 50 })],
  ['retry', retry({ maxAttempts: 1 })],
  ['circuitBreaker', circuitBreaker()],
  ['bulkhead', bulkhead({ maxConcurrent: 1 })],
])('%s rejects for a function that is not asynchronous', async (_, guard) => {
  for (const value of [undefined, null, 42]) {
    const error = await quiet(guard.run((() => value) as never));
    expect(error).toSatisfy(isOptionError);
    expect(String(error)).toContain(`returns a promise, got ${value}`);
  }
  const thrown = guard.run(() => {
    throw boom;
  });
  expect(await quiet(thrown)).toBe(boom);
  expect(await guard.run(async () => 'still works')).toBe('still works');
});
