/**
 * A Node service that depends on a replicated one: it answers while one replica is down and another hangs.
 *
 *   node scripts/run.mjs examples/service/main.ts
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { balance, cache, healthTracker, pipe, retry, timeout } from 'evenkeel';

interface User {
  readonly id: string;
  readonly servedBy: string;
}

/** The dependency: three replicas, of which one is down and one never answers. */
async function startReplica(name: string, hangs: boolean): Promise<Server> {
  const server = createServer((request, response) => {
    if (hangs) return;
    response.end(JSON.stringify({ id: request.url?.slice(1), servedBy: name }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

const addressOf = (server: Server): string => `127.0.0.1:${(server.address() as AddressInfo).port}`;
const replicas = await Promise.all([
  startReplica('well', false),
  startReplica('hangs', true),
  startReplica('down', false),
]);
const endpoints = replicas.map(addressOf);
await new Promise((resolve) => replicas[2]?.close(resolve));

/** The client of the dependency, as the service would export it. */
const getUser = pipe(
  balance({
    endpoints,
    health: healthTracker<string>(),
    send: async (host, id: string, { signal }): Promise<User> => {
      const response = await fetch(`http://${host}/${id}`, { signal });
      if (!response.ok) throw new Error(`status ${response.status}`);
      return (await response.json()) as User;
    },
  }),
  timeout({ timeoutMs: 1_000 }),
  retry({ maxAttempts: 3, baseDelayMs: 5 }),
  timeout({ timeoutMs: 5_000 }),
  cache({ ttlMs: 5_000, staleIfErrorMs: 3_600_000 }),
);

/** The service: one route, one deadline that it passes on. */
const service = createServer((request, response) => {
  const caller = new AbortController();
  response.on('close', () => caller.abort());
  getUser(request.url?.slice('/users/'.length) ?? '', { signal: caller.signal, timeoutMs: 4_000 }).then(
    (user) => response.end(JSON.stringify(user)),
    (error: unknown) => response.writeHead(502).end(String(error)),
  );
});
await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));

const ids = Array.from({ length: 20 }, (_, id) => String(id));
const answers = await Promise.all(
  ids.map(async (id) => {
    const response = await fetch(`http://${addressOf(service)}/users/${id}`);
    return response.status;
  }),
);
console.log(`20 requests: ${answers.filter((status) => status === 200).length} answered with 200`);

for (const server of [service, ...replicas]) {
  server.closeAllConnections();
  server.close();
}
if (answers.some((status) => status !== 200)) process.exitCode = 1;
