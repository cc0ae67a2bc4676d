/**
 * Envoy 2691, folsom 68: a lookup that failed once (a timeout, NXDOMAIN from a slow Consul, an empty answer from a
 * glitchy server) removed every host, and there was nobody to call until the next one that went well. Here the last
 * good answer stays, and calls go on.
 */
import { balance } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';
import { dns } from '../../src/discovery/dns.ts';

it('goes on calling while lookups fail', async () => {
  const clock = virtualClock();
  const failure = (code: string) => () => Promise.reject(Object.assign(new Error(code), { code }));
  const answers = [
    async () => [{ address: '10.0.0.1', ttl: 1 }],
    failure('ENOTFOUND'),
    failure('ETIMEOUT'),
    failure('ESERVFAIL'),
    async () => [],
  ];
  let asks = 0;
  const resolve = () => (answers[asks++ % answers.length] as (typeof answers)[0])();
  const resolver = { resolve4: resolve, resolve6: resolve, resolveSrv: async () => [] };
  using source = dns({ name: 'api.test', port: 80, resolver, clock });
  const call = balance({ endpoints: source, send: async ({ address }) => address, clock });
  const first = call();
  await clock.settle();
  expect(await first).toBe('10.0.0.1');
  for (let second = 0; second < 60; second++) {
    await clock.advance(1000);
    expect(await call()).toBe('10.0.0.1');
  }
  expect(asks).toBeGreaterThan(10);
});
