/**
 * undici 3288, 470: a retried PUT was sent with an empty or half-read body. Here a body that can be read
 * again is sent whole each time, and one that cannot ends the retrying, also one that never left.
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

it.each([
  ['text', () => 'whole body'],
  ['bytes', () => new TextEncoder().encode('whole body')],
  ['a blob', () => new Blob(['whole body'])],
])('sends %s whole with each attempt', async (_, body) => {
  const { clock, servers, fetch } = setup();
  servers.behave(A, { fails: 'reset' });
  const answer = quiet(fetch('/x', { method: 'PUT', body: body() }));
  await clock.advance(9_000);
  await answer;
  expect(servers.requests.map((request) => request.body)).toEqual(['whole body', 'whole body', 'whole body']);
});

it.each(['reset', 'refused'] as const)('does not send a stream a second time (%s)', async (fails) => {
  const { clock, servers, fetch } = setup();
  servers.behave(A, { fails });
  const body = new Blob(['whole body']).stream();
  const init = { method: 'PUT', body, duplex: 'half' };
  const answer = quiet(fetch('/x', init));
  await clock.advance(9_000);
  expect(await answer).toBeInstanceOf(TypeError);
  expect(servers.requests).toHaveLength(1);
});
