/**
 * ky 390, 550: Retry-After: 0 was taken for no hint or for an endless loop, the wait could not be aborted,
 * and a long one was cut short and sent too early. Here 0 means the usual backoff, every wait can be left,
 * and a wait that is too long ends the retrying.
 */
import { resilientFetch } from 'evenkeel';
import { fakeOrigins, seededRandom, virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';

const A = 'http://a.test';

function setup() {
  const clock = virtualClock();
  const servers = fakeOrigins([A], { clock });
  const fetch = resilientFetch({ origins: [A], fetch: servers.fetch, clock, random: seededRandom(1) });
  return { clock, servers, fetch };
}

const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

it('takes 0 as the usual backoff', async () => {
  const { clock, servers, fetch } = setup();
  servers.behave(A, { status: 503, headers: { 'retry-after': '0' } });
  const answer = fetch('/x');
  await clock.advance(1000);
  expect((await answer).status).toBe(503);
  expect(servers.requests).toHaveLength(3);
});

it('can be left while it waits', async () => {
  const { clock, servers, fetch } = setup();
  servers.behave(A, { status: 503, headers: { 'retry-after': '4' } });
  const caller = new AbortController();
  const answer = quiet(fetch('/x', { signal: caller.signal }));
  await clock.advance(1000);
  caller.abort('left');
  expect(await answer).toBe('left');
  expect(clock.pendingTimers).toBe(0);
});

it('does not come back before it was asked to', async () => {
  const { clock, servers, fetch } = setup();
  servers.behave(A, { status: 503, headers: { 'retry-after': '3600' } });
  const answer = fetch('/x');
  await clock.advance(9_000);
  expect((await answer).status).toBe(503);
  expect(servers.requests).toHaveLength(1);
});
