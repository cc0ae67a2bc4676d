/**
 * undici 3356, 3365: after a connection that broke within a body, the rest came from another response, and
 * halves of two were glued together. Here a response that has begun is never continued: the reader gets the
 * error.
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

it('does not ask again once the headers are here', async () => {
  const { clock, servers, fetch } = setup();
  servers.behave(A, { fails: 'die', body: 'first half, second half' });
  const answer = fetch('/x');
  await clock.settle();
  servers.behave(A, { body: 'another answer altogether' });
  await expect((await answer).text()).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } });
  await clock.advance(9_000);
  expect(servers.requests).toHaveLength(1);
});
