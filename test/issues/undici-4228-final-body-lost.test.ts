/**
 * undici 4222, 4228: when all attempts had failed, the body of the last answer was gone. Here the last
 * response is handed on as it came, and those before it are discarded.
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

it.each([500, 502, 503])('hands on the last %i with its body', async (status) => {
  const { clock, servers, fetch } = setup();
  servers.behave(A, { status, body: '{"why":"maintenance"}' });
  const answer = fetch('/x');
  await clock.advance(9_000);
  const response = await answer;
  expect([response.status, await response.json()]).toEqual([status, { why: 'maintenance' }]);
  expect(servers.requests).toHaveLength(3);
  expect(fetch.snapshot().openBodies).toBe(0);
});
