/**
 * undici 939, 3157, 5285: fetches under one signal left thousands of listeners on it; taking them away with
 * the headers broke aborting the body. Here the listener lives until the body has ended, and not longer.
 */
import { getEventListeners } from 'node:events';
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

it('listens while a body is open, once for all, and then no longer', async () => {
  const { clock, fetch } = setup();
  const caller = new AbortController();
  const count = () => getEventListeners(caller.signal, 'abort').length;
  const responses = [];
  for (let n = 0; n < 20; n++) {
    const answer = fetch('/x', { signal: caller.signal });
    await clock.settle();
    responses.push(await answer);
  }
  expect(count()).toBe(1);
  for (const response of responses) await response.text();
  await clock.settle();
  expect(count()).toBe(0);
});
