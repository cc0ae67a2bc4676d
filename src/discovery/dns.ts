/**
 * DNS as a source, for Node: A, AAAA and SRV records, asked for again when they expire.
 *
 * @module
 */
import { Resolver } from 'node:dns/promises';
import { systemClock } from '../core/clock.ts';
import type { Context } from '../core/context.ts';
import { OptionError } from '../core/errors.ts';
import { Reporter } from '../core/observer.ts';
import {
  checkCount,
  checkDuration,
  checkInterval,
  checkNumber,
  checkOneOf,
  checkPort,
} from '../core/options.ts';
import { type Random, systemRandom } from '../core/random.ts';
import { AddressBook } from './address-book.ts';
import { Backoff } from './backoff.ts';
import type { DnsAddress } from './dns-address.ts';
import { NameService, type NameSettings } from './name-service.ts';
import { type Asked, polls } from './poll.ts';
import type { DnsResolver } from './resolver.ts';
import { SharedSource } from './shared-source.ts';
import { checkLimits, type DiscoverySource, type SourceOptions, sourceOf } from './source.ts';

export { type DnsAddress, type DnsLookup, lookupOf } from './dns-address.ts';
export type { DnsHostRecord, DnsResolver, DnsSrvRecord } from './resolver.ts';

export interface DnsOptions extends SourceOptions {
  /** The name to ask for, in full: search domains and the hosts file are not consulted. Also in events. */
  readonly name: string;
  /** Records of addresses (A, AAAA), or of services (SRV), which name host and port. @defaultValue `'address'` */
  readonly type?: 'address' | 'srv';
  /** The port of the addresses; SRV records bring their own. */
  readonly port?: number;
  /** Which addresses; `'any'` asks for both. @defaultValue 4 */
  readonly family?: 4 | 6 | 'any';
  /** Who is asked. @defaultValue a `Resolver` of `node:dns/promises`, with the system's name servers */
  readonly resolver?: DnsResolver;
  /** Milliseconds between two asks, at least, however short the TTL. @defaultValue 1_000 */
  readonly minTtlMs?: number;
  /** Milliseconds between two asks, at most, however long the TTL. @defaultValue 300_000 */
  readonly maxTtlMs?: number;
  /** Milliseconds between two asks where no TTL is known, or a part could not be asked. @defaultValue 30_000 */
  readonly defaultTtlMs?: number;
  /**
   * Milliseconds one ask may take, with the lookups of the hosts of SRV records. What nobody has answered by four
   * fifths of it (one family, one host) is left out of the answer, or as it was. @defaultValue 5_000
   */
  readonly timeoutMs?: number;
  /** Milliseconds before a failed ask is repeated, half of them jittered; doubles each time. @defaultValue 1_000 */
  readonly baseDelayMs?: number;
  /** Milliseconds before a failed ask is repeated, at most. @defaultValue 30_000 */
  readonly maxDelayMs?: number;
  /** How many hosts of SRV records are looked up at once. @defaultValue 10 */
  readonly maxConcurrent?: number;
  readonly random?: Random;
}

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
 * @throws {@link OptionError} at construction for an option out of its range
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
  const where = 'dns';
  const settings = checkSettings(where, options);
  const timeoutMs = checkInterval(where, 'timeoutMs', options.timeoutMs ?? 5000);
  const baseMs = checkInterval(where, 'baseDelayMs', options.baseDelayMs ?? 1000);
  const maxMs = checkInterval(where, 'maxDelayMs', options.maxDelayMs ?? 30_000);
  const family = checkFamily(where, options.family ?? 4);
  const resolver = options.resolver && checkPort(where, 'resolver', options.resolver, 'resolve4');
  const clock = options.clock ?? systemClock;
  const { maxAgeMs } = checkLimits(where, options);
  const book = new AddressBook(family === 'any' ? [4, 6] : [family], maxAgeMs, clock);
  const service = new NameService(settings, book, new Reporter('discovery', options));
  const ask = (context: Context): Promise<Asked> =>
    resolver === undefined ? askSystem(service, timeoutMs, context) : service.ask(resolver, context);
  const work = polls({ ask, timeoutMs, backoff: new Backoff(baseMs, maxMs, settings.random), clock });
  return sourceOf(new SharedSource<DnsAddress>(where, options, work));
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

function checkSettings(where: string, options: DnsOptions): NameSettings {
  const { name, port } = options;
  if (typeof name !== 'string' || name === '')
    throw new OptionError(where, 'name', name, 'a name to ask for');
  const type = checkOneOf(where, 'type', options.type ?? 'address', ['address', 'srv']);
  if (type === 'srv' && port !== undefined)
    throw new OptionError(where, 'port', port, 'left out, as SRV records name the port');
  const minTtlMs = checkInterval(where, 'minTtlMs', options.minTtlMs ?? 1000);
  return {
    name,
    port: type === 'srv' ? undefined : checkPortNumber(where, port),
    minTtlMs,
    maxTtlMs: checkNumber(where, 'maxTtlMs', options.maxTtlMs ?? Math.max(minTtlMs, 300_000), minTtlMs),
    defaultTtlMs: checkDuration(where, 'defaultTtlMs', options.defaultTtlMs ?? 30_000),
    maxConcurrent: checkCount(where, 'maxConcurrent', options.maxConcurrent ?? 10),
    maxEndpoints: checkLimits(where, options).maxEndpoints,
    random: options.random ?? systemRandom,
  };
}

function checkPortNumber(where: string, port: number | undefined): number {
  if (Number.isInteger(port) && Number(port) >= 1 && Number(port) <= 65_535) return Number(port);
  throw new OptionError(where, 'port', port, 'a port from 1 to 65535');
}

function checkFamily(where: string, family: 4 | 6 | 'any'): 4 | 6 | 'any' {
  if (family === 4 || family === 6 || family === 'any') return family;
  throw new OptionError(where, 'family', family, "4, 6 or 'any'");
}
