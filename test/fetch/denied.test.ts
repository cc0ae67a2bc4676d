/** 401 and 403 are answers, but to nobody: whose fault that is shows in what the other origins say. */
import {
  circuitBreaker,
  classifyResponse,
  consecutiveFailures,
  healthTracker,
  resilientFetch,
} from 'evenkeel';
import { fakeOrigins, seededRandom, virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';

it('classifyResponse calls 401 and 403 denied, and no failure', () => {
  for (const status of [401, 403]) {
    const verdict = classifyResponse({ status: 'fulfilled', value: new Response(null, { status }) });
    expect(verdict).toMatchObject({ kind: 'success', reason: 'denied' });
  }
  expect(classifyResponse({ status: 'fulfilled', value: new Response(null, { status: 404 }) })).toBe(
    'success',
  );
});

it('an origin that denies what the others accept is ejected, and what all deny is the caller’s own fault', async () => {
  for (const denying of [['http://a.test'], ['http://a.test', 'http://b.test', 'http://c.test']]) {
    const clock = virtualClock();
    const servers = fakeOrigins(['http://a.test', 'http://b.test', 'http://c.test'], { clock });
    for (const origin of denying) servers.behave(origin, { status: 403 });
    const health = healthTracker<string>({ clock, random: seededRandom(1) });
    const fetch = resilientFetch({
      origins: servers.origins,
      fetch: servers.fetch,
      clock,
      health,
      random: seededRandom(2),
    });
    for (let n = 0; n < 400; n++) {
      const answer = fetch('/x');
      await clock.advance(100);
      await (await answer).text();
    }
    const ejected = fetch.endpoints().filter(({ status }) => status !== 'healthy').length;
    expect(ejected).toBe(denying.length === 1 ? 1 : 0);
  }
});

it('a breaker does not open for timeouts of a process that was itself held up', async () => {
  const breaker = circuitBreaker({ trip: consecutiveFailures({ failures: 2 }) });
  const late = Object.assign(new Error('late'), { name: 'TimeoutError', lateMs: 2000 });
  for (let n = 0; n < 5; n++) await breaker.run(() => Promise.reject(late)).catch(() => {});
  expect(breaker.state).toBe('closed');
  const inTime = Object.assign(new Error('in time'), { name: 'TimeoutError', lateMs: 3 });
  for (let n = 0; n < 2; n++) await breaker.run(() => Promise.reject(inTime)).catch(() => {});
  expect(breaker.state).toBe('open');
});
