/**
 * The addresses of host names, and the last good ones of each name and family. A name that cannot be asked (the
 * targets of SRV records are many; some resolvers drop AAAA queries) must not take away what the others answer,
 * nor its own last addresses.
 */
import type { Clock } from '../core/clock.ts';
import { errand } from '../core/errand.ts';
import type { Scope } from '../core/scope.ts';
import { type DnsHostRecord, type DnsResolver, isNoSuchRecord, ttlMsOf } from './resolver.ts';

export interface HostAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/** What is known of one host. */
export interface Host {
  readonly addresses: readonly HostAddress[];
  /** How long what was answered holds; `Infinity` if nobody said. */
  readonly ttlMs: number;
  /** Whether any of it was answered now. */
  readonly fresh: boolean;
  /** Why not all of it was. */
  readonly errors: readonly unknown[];
}

interface Remembered {
  readonly addresses: readonly HostAddress[];
  readonly atMs: number;
}

export class AddressBook {
  readonly #families: readonly (4 | 6)[];
  readonly #maxAgeMs: number;
  readonly #clock: Clock;
  // By host, then by family; of the hosts of the last answer only.
  #remembered = new Map<string, Map<4 | 6, Remembered>>();

  constructor(families: readonly (4 | 6)[], maxAgeMs: number, clock: Clock) {
    this.#families = families;
    this.#maxAgeMs = maxAgeMs;
    this.#clock = clock;
  }

  /**
   * Never rejects: what went wrong is in `errors`. What is not answered by `untilMs` counts as failed, so that one
   * query without an answer does not cost those that were answered.
   */
  async lookup(
    name: string,
    resolver: DnsResolver,
    outer: Scope | undefined,
    untilMs: number,
  ): Promise<Host> {
    const timeoutMs = Math.max(0, Math.floor(untilMs - this.#clock.now()));
    const halves = await Promise.all(
      this.#families.map((family) => {
        const ask = (): Promise<readonly DnsHostRecord[]> => resolve(resolver, name, family);
        return this.#half(name, family, errand(ask, name, this.#clock, timeoutMs, outer));
      }),
    );
    return {
      addresses: halves.flatMap(({ addresses }) => addresses),
      ttlMs: Math.min(...halves.map(({ ttlMs }) => ttlMs)),
      fresh: halves.some(({ fresh }) => fresh),
      errors: halves.flatMap(({ errors }) => errors),
    };
  }

  /** Forgets all other hosts. */
  keepOnly(names: ReadonlySet<string>): void {
    this.#remembered = new Map([...this.#remembered].filter(([name]) => names.has(name)));
  }

  async #half(name: string, family: 4 | 6, answer: Promise<readonly DnsHostRecord[]>): Promise<Host> {
    const remembered = this.#of(name);
    try {
      const records = await answer;
      const addresses = records.map(({ address }) => ({ address, family }));
      remembered.set(family, { addresses, atMs: this.#clock.now() });
      return { addresses, ttlMs: ttlMsOf(records), fresh: addresses.length > 0, errors: [] };
    } catch (error) {
      if (isNoSuchRecord(error)) remembered.delete(family);
      const last = remembered.get(family);
      const usable = last !== undefined && this.#clock.now() - last.atMs < this.#maxAgeMs;
      return { addresses: usable ? last.addresses : [], ttlMs: Infinity, fresh: false, errors: [error] };
    }
  }

  #of(name: string): Map<4 | 6, Remembered> {
    const remembered = this.#remembered.get(name) ?? new Map<4 | 6, Remembered>();
    this.#remembered.set(name, remembered);
    return remembered;
  }
}

function resolve(resolver: DnsResolver, name: string, family: 4 | 6): Promise<readonly DnsHostRecord[]> {
  const how = { ttl: true } as const;
  return family === 4 ? resolver.resolve4(name, how) : resolver.resolve6(name, how);
}
