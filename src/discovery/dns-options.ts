/** What a DNS source may be told, and the checks of it. */
import { OptionError } from '../core/errors.ts';
import {
  checkCount,
  checkDuration,
  checkInterval,
  checkNumber,
  checkOneOf,
  checkPort,
  checkText,
} from '../core/options.ts';
import { type Random, systemRandom } from '../core/random.ts';
import { Backoff } from './backoff.ts';
import type { NameSettings } from './name-service.ts';
import type { DnsResolver } from './resolver.ts';
import { checkLimits, type SourceOptions } from './source.ts';

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

export interface CheckedDns {
  readonly service: NameSettings;
  readonly families: readonly (4 | 6)[];
  readonly resolver: DnsResolver | undefined;
  readonly timeoutMs: number;
  readonly backoff: Backoff;
}

export function checkDns(options: DnsOptions): CheckedDns {
  const where = 'dns';
  const random = options.random ?? systemRandom;
  const baseMs = checkInterval(where, 'baseDelayMs', options.baseDelayMs ?? 1000);
  const maxMs = checkInterval(where, 'maxDelayMs', options.maxDelayMs ?? 30_000);
  return {
    service: checkService(where, options, random),
    families: checkFamilies(where, options.family ?? 4),
    resolver: options.resolver && checkPort(where, 'resolver', options.resolver, 'resolve4'),
    timeoutMs: checkInterval(where, 'timeoutMs', options.timeoutMs ?? 5000),
    backoff: new Backoff(baseMs, maxMs, random),
  };
}

function checkService(where: string, options: DnsOptions, random: Random): NameSettings {
  const { port } = options;
  const type = checkOneOf(where, 'type', options.type ?? 'address', ['address', 'srv']);
  if (type === 'srv' && port !== undefined)
    throw new OptionError(where, 'port', port, 'left out, as SRV records name the port');
  const minTtlMs = checkInterval(where, 'minTtlMs', options.minTtlMs ?? 1000);
  return {
    name: checkText(where, 'name', options.name),
    port: type === 'srv' ? undefined : checkPortNumber(where, port),
    minTtlMs,
    maxTtlMs: checkNumber(where, 'maxTtlMs', options.maxTtlMs ?? Math.max(minTtlMs, 300_000), minTtlMs),
    defaultTtlMs: checkDuration(where, 'defaultTtlMs', options.defaultTtlMs ?? 30_000),
    maxConcurrent: checkCount(where, 'maxConcurrent', options.maxConcurrent ?? 10),
    maxEndpoints: checkLimits(where, options).maxEndpoints,
    random,
  };
}

function checkPortNumber(where: string, port: number | undefined): number {
  if (Number.isInteger(port) && Number(port) >= 1 && Number(port) <= 65_535) return Number(port);
  throw new OptionError(where, 'port', port, 'a port from 1 to 65535');
}

function checkFamilies(where: string, family: 4 | 6 | 'any'): readonly (4 | 6)[] {
  if (family === 'any') return [4, 6];
  if (family === 4 || family === 6) return [family];
  throw new OptionError(where, 'family', family, "4, 6 or 'any'");
}
