/** resilientFetch over origins that are found out, weighted, or dialled at addresses of their own. */
import {
  endpoint,
  type Endpoint,
  type EndpointSource,
  type Follower,
  isOriginError,
  isTimeoutError,
  resilientFetch,
} from 'evenkeel';
import { fakeOrigins, seededRandom, virtualClock } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';

const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

function sourceOf<E>() {
  const followers = new Set<Follower<E>>();
  const source: EndpointSource<E> = {
    follow: (follower) => {
      followers.add(follower);
      return () => followers.delete(follower);
    },
  };
  const find = (...endpoints: Endpoint<E>[]) => followers.forEach((one) => one.found(endpoints));
  return { source, followers, find };
}

describe('origins from a source', () => {
  const setup = () => {
    const clock = virtualClock();
    const servers = fakeOrigins(['http://a.test', 'http://b.test'], { clock });
    const kit = sourceOf<string>();
    const fetch = resilientFetch({
      origins: kit.source,
      fetch: servers.fetch,
      clock,
      random: seededRandom(1),
      timeoutMs: 1000,
    });
    return { clock, fetch, ...kit };
  };

  it('let paths and absolute URLs wait for the first answer', async () => {
    const { fetch, find, clock } = setup();
    const answers = [fetch('/x'), fetch('http://b.test/y?q'), fetch(new URL('http://a.test/z'))];
    await clock.advance(1);
    find(endpoint('http://b.test'), endpoint('http://a.test/'));
    const texts = await Promise.all(answers.map(async (answer) => (await answer).text()));
    expect(texts.map((text) => text.replace(/^http:..[ab].test/, ''))).toEqual(['/x', '/y?q', '/z']);
    expect(fetch.endpoints().map((view) => view.endpoint)).toEqual(['http://b.test', 'http://a.test']);
  });

  it('refuse a URL elsewhere once they are known, and not before its time is up', async () => {
    const { fetch, find, clock } = setup();
    const elsewhere = quiet(fetch('http://evil.test/x'));
    await clock.advance(1);
    find(endpoint('http://a.test'));
    expect(isOriginError(await elsewhere)).toBe(true);
    const { fetch: alone, clock: slow } = setup();
    const late = quiet(alone('http://a.test/x'));
    await slow.advance(1000);
    expect(isTimeoutError(await late)).toBe(true);
  });

  it('are left by an abort at once, and by dispose', async () => {
    const { fetch, followers } = setup();
    const caller = new AbortController();
    const answer = quiet(fetch('http://a.test/x', { signal: caller.signal }));
    await Promise.resolve();
    caller.abort('left');
    expect(await answer).toBe('left');
    expect(followers.size).toBe(1);
    fetch.dispose();
    expect(followers.size).toBe(0);
  });

  it('keep the last list when the source lists what is no origin', async () => {
    const { fetch, find, clock } = setup();
    const answer = fetch('/x');
    await clock.advance(1);
    find(endpoint('http://a.test'));
    await answer;
    find(endpoint('ftp://a.test'));
    expect(fetch.endpoints().map((view) => view.endpoint)).toEqual(['http://a.test']);
  });
});

describe('origins that say more', () => {
  it('have weights and identities', () => {
    const fetch = resilientFetch({ origins: [endpoint('http://a.test/', { weight: 3 }), 'http://b.test'] });
    expect(fetch.endpoints().map(({ endpoint: at, weight }) => [at, weight])).toEqual([
      ['http://a.test', 3],
      ['http://b.test', 1],
    ]);
  });

  it('are one name dialled at several addresses', async () => {
    interface Address {
      readonly ip: string;
    }
    const dialled: unknown[] = [];
    const fetch = resilientFetch<Address>({
      origins: [
        endpoint({ ip: '10.0.0.1' }, { id: '10.0.0.1' }),
        endpoint({ ip: '10.0.0.2' }, { id: '10.0.0.2' }),
      ],
      origin: () => 'https://api.test',
      dial: ({ ip }) => ({ dispatcher: `to ${ip}` }),
      fetch: async (input, init) => {
        dialled.push([input, (init as { dispatcher?: unknown }).dispatcher]);
        return new Response('ok');
      },
      random: seededRandom(2),
    });
    for (let n = 0; n < 20; n++) await (await fetch('https://api.test/x')).text();
    expect(new Set(dialled.map(String))).toEqual(
      new Set(['https://api.test/x,to 10.0.0.1', 'https://api.test/x,to 10.0.0.2']),
    );
  });

  it('need to say their origin where they are no text', () => {
    expect(() => resilientFetch({ origins: [{ ip: '10.0.0.1' }] })).toThrow('origin');
    expect(() => resilientFetch({ origins: 'http://a.test' as never })).toThrow('origins');
  });
});

it('drains with its bodies', async () => {
  const fetch = resilientFetch({ origins: ['http://a.test'], fetch: async () => new Response('body') });
  const response = await fetch('/x');
  let left: number | undefined;
  const drained = fetch.drain().then((count) => (left = count));
  await Promise.resolve();
  expect(left).toBeUndefined();
  await response.text();
  await drained;
  expect(left).toBe(0);
});
