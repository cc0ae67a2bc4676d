/** The resolver that DNS sources ask: the part they need of a `Resolver` of `node:dns/promises`. */
export interface DnsResolver {
  resolve4(name: string, options: { readonly ttl: true }): Promise<readonly DnsHostRecord[]>;
  resolve6(name: string, options: { readonly ttl: true }): Promise<readonly DnsHostRecord[]>;
  resolveSrv(name: string): Promise<readonly DnsSrvRecord[]>;
}

/** An A or AAAA record. */
export interface DnsHostRecord {
  readonly address: string;
  /** Seconds. */
  readonly ttl?: number;
}

/** An SRV record (RFC 2782). */
export interface DnsSrvRecord {
  /** The host that offers the service. */
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
  /** Seconds; Node's resolver does not give it. */
  readonly ttl?: number;
}

/** Milliseconds for which records hold: the shortest time that any of them says; `Infinity` if none does. */
export function ttlMsOf(records: readonly { readonly ttl?: number }[]): number {
  return records.reduce((shortest, { ttl }) => {
    return typeof ttl === 'number' && ttl >= 0 ? Math.min(shortest, ttl * 1000) : shortest;
  }, Infinity);
}

/** Whether the answer was that there is no such record, and not that nobody could be asked. */
export function isNoSuchRecord(error: unknown): boolean {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return code === 'ENODATA' || code === 'ENOTFOUND';
}
