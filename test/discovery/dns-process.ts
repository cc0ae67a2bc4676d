/** The name server of the tests, as the test holds it. */
import { fork } from 'node:child_process';
import { Resolver } from 'node:dns/promises';

type AddressRecord = { readonly ttl: number; readonly address: string };

export interface Zone {
  readonly [name: string]: {
    readonly A?: readonly AddressRecord[];
    readonly AAAA?: readonly AddressRecord[];
    readonly SRV?: readonly {
      readonly ttl: number;
      readonly priority: number;
      readonly weight: number;
      readonly port: number;
      readonly target: string;
    }[];
  };
}

export interface NameServer {
  /** `127.0.0.1:port`, for `setServers`. */
  readonly address: string;
  /** What it was asked, such as `A api.test`. */
  readonly queries: string[];
  resolver(): Resolver;
  /** Resolves when it does so. `drop: null` is silence. */
  set(change: { records?: Zone; rcode?: number; drop?: number | null; deaf?: string }): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function nameServer(records: Zone): Promise<NameServer> {
  const child = fork(new URL('dns-server.mjs', import.meta.url), { execArgv: [] });
  const queries: string[] = [];
  const done = new Map<number, () => void>();
  let changes = 0;
  const port = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.on('message', (message: { port?: number; query?: string; done?: number }) => {
      if (message.port !== undefined) resolve(message.port);
      if (message.query !== undefined) queries.push(message.query);
      if (message.done !== undefined) done.get(message.done)?.();
    });
  });
  const address = `127.0.0.1:${port}`;
  const server: NameServer = {
    address,
    queries,
    resolver: () => {
      const resolver = new Resolver({ timeout: 300, tries: 2 });
      resolver.setServers([address]);
      return resolver;
    },
    set: (change) =>
      new Promise((resolve) => {
        const id = ++changes;
        done.set(id, resolve);
        child.send({ id, ...change });
      }),
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve());
        child.disconnect();
      }),
  };
  await server.set({ records });
  return server;
}

/** A records with one TTL. */
export const hosts = (ttl: number, ...addresses: string[]): AddressRecord[] =>
  addresses.map((address) => ({ ttl, address }));

/** Resolves when the condition holds. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}
