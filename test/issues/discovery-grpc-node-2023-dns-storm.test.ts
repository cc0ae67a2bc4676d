/**
 * grpc-node 2023, 2080, 2100: each subchannel that failed asked DNS again, a backoff timer and a next-resolution
 * timer could both fire, and lookups multiplied into a storm. Here one source asks for all who follow it, once at a
 * time, by one timer, however many balancers there are and however badly their calls go.
 */
import { balance } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';
import { dns } from '../../src/discovery/dns.ts';

const quiet = async (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

it.each([
  ['answers', async () => [{ address: '10.0.0.1', ttl: 5 }], 13],
  ['fails', () => Promise.reject(new Error('down')), 8],
  ['hangs', () => new Promise<never>(() => {}), 7],
])(
  'asks a server that %s no more often for fifty balancers whose calls all fail',
  async (_, answer, most) => {
    const clock = virtualClock();
    const asks: number[] = [];
    const resolve = () => {
      asks.push(clock.now());
      return answer();
    };
    const resolver = { resolve4: resolve, resolve6: resolve, resolveSrv: async () => [] };
    using source = dns({ name: 'api.test', port: 80, resolver, clock, random: () => 0 });
    const calls = Array.from({ length: 50 }, () =>
      balance({ endpoints: source, send: () => Promise.reject(new Error('refused')), clock }),
    );
    for (let second = 0; second < 60; second++) {
      const round = calls.map((call) => quiet(call(undefined, { timeoutMs: 100 })));
      await clock.advance(1000);
      await Promise.all(round);
    }
    expect(asks.length).toBeLessThanOrEqual(most);
    expect(new Set(asks).size).toBe(asks.length);
  },
);
