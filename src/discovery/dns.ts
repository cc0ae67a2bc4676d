/**
 * DNS as a source, for Node: A, AAAA and SRV records, asked for again when they expire.
 *
 * @module
 */
import { Resolver } from 'node:dns/promises';
import { systemClock } from '../core/clock.ts';
import type { Context } from '../core/context.ts';
import { Reporter } from '../core/observer.ts';
import { AddressBook } from './address-book.ts';
import type { DnsAddress } from './dns-address.ts';
import { checkDns, type DnsOptions } from './dns-options.ts';
import { NameService } from './name-service.ts';
import { type Asked, polls } from './poll.ts';
import { SharedSource } from './shared-source.ts';
import { checkLimits, type DiscoverySource, sourceOf } from './source.ts';

export type { DnsOptions } from './dns-options.ts';
export { type DnsAddress, type DnsLookup, lookupOf } from './dns-address.ts';
export type { DnsHostRecord, DnsResolver, DnsSrvRecord } from './resolver.ts';

/**
 * A source of the addresses that DNS names, asked for again when the TTL has passed (and up to a tenth of it later,
 * at most 0.5 s), so that a change is seen within the TTL and a second. TTLs are held within `minTtlMs` and
 * `maxTtlMs`.
 *
 * No answer, an empty one, NXDOMAIN and SERVFAIL take nothing away: the last good answer stays, and DNS is asked
 * again with backoff. SRV priority is the endpoint's `priority`, and SRV weight its `weight`, shared by the
 * addresses of a host; weight 0 gets what RFC 2782 gives it. Identity is `address:port`. For HTTPS and virtual
 * hosts dial with {@link lookupOf}. Where a round robin DNS answers a random part of many, set `removalDelayMs`.
 *
 * @throws `OptionError` at construction for an option out of its range
 * @example
 * ```ts
 * import { dns } from 'evenkeel/dns';
 * const resolver = {
 *   resolve4: async () => [{ address: '10.0.0.11', ttl: 30 }],
 *   resolve6: async () => [],
 *   resolveSrv: async () => [],
 * };
 * using source = dns({ name: 'api.internal', port: 8080, resolver });
 * const found = await new Promise<unknown>((resolve) => {
 *   source.follow({ found: ([first]) => resolve(first?.id), failed: () => {}, lost: () => {} });
 * });
 * if (found !== '10.0.0.11:8080') throw new Error(String(found));
 * ```
 */
export function dns(options: DnsOptions): DiscoverySource<DnsAddress> {
  const { service: settings, families, resolver, timeoutMs, backoff } = checkDns(options);
  const clock = options.clock ?? systemClock;
  const book = new AddressBook(families, checkLimits('dns', options).maxAgeMs, clock);
  const service = new NameService(settings, book, new Reporter('discovery', options));
  const ask = (context: Context): Promise<Asked> =>
    resolver === undefined ? askSystem(service, timeoutMs, context) : service.ask(resolver, context);
  return sourceOf(new SharedSource<DnsAddress>('dns', options, polls({ ask, timeoutMs, backoff, clock })));
}

/** With a resolver of its own for each ask: its queries can be cancelled, and it knows today's name servers. */
async function askSystem(service: NameService, timeoutMs: number, context: Context): Promise<Asked> {
  // A query or an answer that was lost on its way is sent for again within the time of the ask.
  const resolver = new Resolver({ timeout: Math.ceil(Math.min(timeoutMs, 60_000) / 10), tries: 3 });
  try {
    return await service.ask(resolver, context);
  } finally {
    // What is still out, nobody waits for.
    resolver.cancel();
  }
}
