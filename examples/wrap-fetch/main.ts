/**
 * Wrapping fetch, two ways: over several origins in one line, and around one origin with the layers you want.
 *
 *   node scripts/run.mjs examples/wrap-fetch/main.ts
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { classifyResponse, pipe, resilientFetch, retry, timeout } from 'evenkeel';

/** A server whose every second answer is 503. */
async function startFlaky(): Promise<Server> {
  let requests = 0;
  const server = createServer((request, response) => {
    if (++requests % 2 === 1) response.writeHead(503);
    response.end(`${request.method} ${request.url}`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

const servers = await Promise.all([startFlaky(), startFlaky()]);
const origins = servers.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`);

// Over several origins: a drop-in for fetch.
const fetchAny = resilientFetch({ origins, timeoutMs: 2_000 });
const response = await fetchAny('/users/42');
console.log(response.status, await response.text());

// Around one origin: fetch is a transport already, and keeps its own options.
const fetchOne = pipe(
  globalThis.fetch,
  timeout({ timeoutMs: 500 }),
  retry({ maxAttempts: 3, baseDelayMs: 5, classify: classifyResponse }),
);
const put = await fetchOne(`${origins[0]}/users/42`, { method: 'PUT', body: '{}' });
console.log(put.status, await put.text());

for (const server of servers) {
  server.closeAllConnections();
  server.close();
}
if (response.status !== 200 || put.status !== 200) process.exitCode = 1;
