/** What DNS finds: an address to dial, and the name it is called by. */

/** An address that was found for a host name; plain and frozen. */
export interface DnsAddress {
  /** The host name that this is an address of: for TLS (SNI, the certificate) and the Host header. */
  readonly name: string;
  /** What is dialled: an IPv4 or IPv6 address. */
  readonly address: string;
  readonly port: number;
  readonly family: 4 | 6;
}

/** As it is written behind `//` in a URL; also the identity of the endpoint. */
export function authorityOf({ address, port, family }: DnsAddress): string {
  return family === 6 ? `[${address}]:${port}` : `${address}:${port}`;
}

/** A `lookup` as `node:net`, `node:tls`, `node:http`, `node:https` and undici's `connect` take it. */
export type DnsLookup = (
  hostname: string,
  options: { readonly all?: boolean | undefined },
  callback: (error: null, address: string | { address: string; family: number }[], family?: number) => void,
) => void;

/**
 * A `lookup` that answers this address, whatever host name is asked for: the connection goes to the address, while
 * TLS (SNI, the certificate) and the Host header are those of the URL.
 *
 * Give it to an `https.Agent`, or an undici `Agent` (`connect: { lookup }`), of this address alone: agents keep their
 * sockets by host name, so one for all would send on another address's socket. The global `fetch` takes no lookup:
 * use undici's own `fetch` with that `Agent` as its `dispatcher`. Do not let a client with such a lookup follow
 * redirects to other hosts: it would send them to this address too.
 *
 * @example
 * ```ts
 * import { lookupOf } from 'evenkeel/dns';
 * const lookup = lookupOf({ name: 'api.internal', address: '10.0.0.11', port: 443, family: 4 });
 * lookup('api.internal', {}, (_, address) => {
 *   if (address !== '10.0.0.11') throw new Error(String(address));
 * });
 * ```
 */
export function lookupOf({ address, family }: DnsAddress): DnsLookup {
  return (_, { all }, callback) => {
    // Not at once: whoever looks up has not set its listeners yet.
    queueMicrotask(() => {
      if (all === true) callback(null, [{ address, family }]);
      else callback(null, address, family);
    });
  };
}
