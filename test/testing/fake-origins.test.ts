import { fakeOrigins, type OriginBehaviour, virtualClock } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';

const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

function one(behaviour: OriginBehaviour) {
  const clock = virtualClock();
  const servers = fakeOrigins(['http://a.test'], { clock });
  servers.behave('http://a.test', behaviour);
  const fetch = (init?: RequestInit) => servers.fetch('http://a.test/x', init);
  return { clock, servers, fetch };
}

describe('fake origins', () => {
  it('answer with the URL, and write down what they were asked', async () => {
    const { servers, fetch } = one({});
    const response = await fetch({ method: 'POST', headers: { a: '1' }, body: 'hello' });
    expect([response.status, await response.text()]).toEqual([200, 'http://a.test/x']);
    expect(servers.requests).toMatchObject([
      { origin: 'http://a.test', method: 'POST', url: 'http://a.test/x', body: 'hello' },
    ]);
    expect(servers.requests[0]?.headers.get('a')).toBe('1');
  });

  it('answer as they are told', async () => {
    const { fetch } = one({ status: 503, headers: { 'retry-after': '7' }, body: 'busy' });
    const response = await fetch();
    expect([response.status, response.headers.get('retry-after'), await response.text()]).toEqual([
      503,
      '7',
      'busy',
    ]);
  });

  it.each([
    ['refused', 'ECONNREFUSED'],
    ['reset', 'ECONNRESET'],
  ] as const)('fail by %s as fetch does', async (fails, code) => {
    expect(await quiet(one({ fails }).fetch())).toMatchObject({ name: 'TypeError', cause: { code } });
  });

  it('know no other origin', async () => {
    const { servers } = one({});
    expect(await quiet(servers.fetch('http://b.test/'))).toMatchObject({ cause: { code: 'ENOTFOUND' } });
    expect(() => servers.behave('http://b.test', {})).toThrow(/origin must be one of the origins/);
  });

  it('answer late on the virtual clock, and not at all to who has left', async () => {
    const { clock, fetch } = one({ delayMs: 100 });
    const answer = fetch();
    await clock.advance(99);
    const caller = new AbortController();
    const left = quiet(fetch({ signal: caller.signal }));
    await clock.settle();
    expect(clock.pendingTimers).toBe(2);
    caller.abort('left');
    expect(await left).toBe('left');
    expect(clock.pendingTimers).toBe(1);
    await clock.advance(1);
    expect((await answer).status).toBe(200);
  });

  it('hang until their caller leaves, without a timer', async () => {
    const { clock, fetch } = one({ fails: 'hang' });
    const caller = new AbortController();
    const answer = quiet(fetch({ signal: caller.signal }));
    await clock.advance(1e9);
    expect(clock.pendingTimers).toBe(0);
    caller.abort('enough');
    expect(await answer).toBe('enough');
    expect(await quiet(fetch({ signal: AbortSignal.abort('before') }))).toBe('before');
  });

  it('break off in the middle of a body, or stop there until their caller leaves', async () => {
    const dies = await one({ fails: 'die', body: 'abcd' }).fetch();
    expect(await quiet(dies.text())).toMatchObject({ cause: { code: 'ECONNRESET' } });
    const caller = new AbortController();
    const stalls = await one({ fails: 'stall', body: 'abcd' }).fetch({ signal: caller.signal });
    const reader = (stalls.body as ReadableStream<Uint8Array>).getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('ab');
    const rest = quiet(reader.read());
    caller.abort('enough');
    expect(await rest).toBe('enough');
  });

  it.each([{ status: 204 }, { status: 304 }])('send no body with %o', async (behaviour) => {
    expect((await one(behaviour).fetch()).body).toBeNull();
  });

  it('send no body to a HEAD', async () => {
    expect((await one({}).fetch({ method: 'HEAD' })).body).toBeNull();
  });
});
