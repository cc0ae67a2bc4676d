/**
 * lua-resty-dns-client 21, w3c/reporting 153: an SRV record of weight 0, which RFC 2782 asks for where nothing is to
 * be weighed, left an empty list or was never chosen. Here it is an endpoint like any other when all are 0, and one
 * with a small weight when they are not.
 */
import { balance } from 'evenkeel';
import { seededRandom, virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';
import { dns } from '../../src/discovery/dns.ts';

async function called(weights: number[]): Promise<number[]> {
  const clock = virtualClock();
  const records = weights.map((weight, n) => ({ name: `h${n}.test`, port: 80, priority: 0, weight }));
  const resolver = {
    resolve4: async (name: string) => [{ address: `10.0.0.${name.charAt(1)}`, ttl: 60 }],
    resolve6: async () => [],
    resolveSrv: async () => records,
  };
  using source = dns({ name: '_api._tcp.test', type: 'srv', resolver, clock });
  const calls = weights.map(() => 0);
  const call = balance({
    endpoints: source,
    send: async ({ address }) => {
      const at = Number(address.split('.')[3]);
      calls[at] = (calls[at] ?? 0) + 1;
      // In flight while the others are picked, as under load.
      await new Promise((resolve) => clock.setTimeout(() => resolve(undefined), 100));
    },
    clock,
    random: seededRandom(1),
  });
  const all = Array.from({ length: 300 }, () => call());
  await clock.advance(1000);
  await Promise.all(all);
  return calls;
}

it('calls hosts of weight 0 alike when all have it', async () => {
  for (const calls of await called([0, 0, 0])) expect(calls).toBeGreaterThan(80);
});

it('calls a host of weight 0 seldom, but calls it, when others have more', async () => {
  const [zero = 0, ...others] = await called([0, 30, 30]);
  expect(zero).toBeGreaterThan(0);
  expect(zero).toBeLessThan(20);
  for (const calls of others) expect(calls).toBeGreaterThan(100);
});
