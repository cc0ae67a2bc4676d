/** The two callers that are compared: a plain round-robin fetch, and evenkeel around the same fetch. */
import { coalescingCache, type ObserverEvent, resilientFetch } from 'evenkeel';
import type { Server } from './servers.ts';

export interface Answer {
  /** Who answered. */
  readonly server: string;
  /** Whether it is an old answer, given because nobody could be asked. */
  readonly stale: boolean;
}

export interface Client {
  readonly name: string;
  get(path: string): Promise<Answer>;
}

const TIMEOUT_MS = 2000;

/** What many services do: the servers in turn, and a time limit. */
export function roundRobinClient(servers: readonly Server[]): Client {
  let turn = 0;
  return {
    name: 'round robin',
    async get(path) {
      const server = servers[turn++ % servers.length];
      const response = await fetch(`${server?.origin}${path}`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
      return { ...(await parse(response)), stale: false };
    },
  };
}

/** The same through evenkeel: a fetch over all the servers, and a cache that answers when none of them can. */
export function evenkeelClient(servers: readonly Server[], observer: (event: ObserverEvent) => void): Client {
  const fetch = resilientFetch({
    origins: servers.map(({ origin }) => origin),
    timeoutMs: TIMEOUT_MS,
    maxAttempts: 4,
    observer,
  });
  const users = coalescingCache({
    load: async (path: string, context) => parse(await fetch(path, context)),
    // A millisecond: every call goes to a server, as the plain client's does, while there is one.
    ttlMs: 1,
    staleIfErrorMs: 60_000,
    refreshBackoffMs: 500,
  });
  return {
    name: 'evenkeel',
    async get(path) {
      const { value, state } = await users.lookup(path);
      return { ...value, stale: state === 'stale' };
    },
  };
}

async function parse(response: Response): Promise<{ server: string }> {
  const body = (await response.json()) as { server: string };
  if (!response.ok) throw new Error(`status ${response.status}`);
  return body;
}
