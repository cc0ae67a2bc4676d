/** Metrics scraped over a real socket, of calls to real servers. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { balance, classifyResponse, pipe, retry } from 'evenkeel';
import { afterEach, expect, it } from 'vitest';
import { metered } from '../../src/telemetry/metered.ts';
import { metrics } from '../../src/telemetry/metrics.ts';
import { parsed } from '../telemetry/exposition.ts';

const servers: Server[] = [];

async function start(handler: RequestListener): Promise<string> {
  const server = createServer(handler);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

it('shows calls, attempts and decisions to a scrape', async () => {
  const origins = [
    await start((_, response) => response.writeHead(500).end()),
    await start((_, response) => response.end('fine')),
  ];
  const sheet = metrics({ gauges: { 'evenkeel.endpoints': () => balanced.endpoints().length } });
  const observer = sheet;
  const balanced = balance({
    endpoints: origins,
    send: async (origin, path: string) => {
      const response = await fetch(origin + path);
      await response.arrayBuffer();
      return response;
    },
    classify: classifyResponse,
  });
  const call = pipe(
    balanced,
    metered({ name: 'api', as: 'attempt', observer }),
    retry({ name: 'api', baseDelayMs: 1, budget: 'unlimited', classify: classifyResponse, observer }),
    metered({ name: 'api', observer }),
  );
  for (let n = 0; n < 20; n++) expect((await call('/x')).status).toBe(200);

  const scraped = await fetch(
    await start((_, response) =>
      response.writeHead(200, { 'content-type': sheet.contentType }).end(sheet.prometheus()),
    ),
  );
  expect(scraped.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const families = parsed(await scraped.text());
  const value = (family: string, suffix: string, outcome?: string) =>
    families
      .get(family)
      ?.samples.filter(
        ({ name, labels }) => name === family + suffix && labels['evenkeel_outcome'] === outcome,
      )
      .reduce((sum, sample) => sum + sample.value, 0);

  expect(value('evenkeel_client_call_duration_seconds', '_count', 'success')).toBe(20);
  expect(value('evenkeel_client_attempt_duration_seconds', '_count', 'success')).toBe(20);
  const failed = value('evenkeel_client_attempt_duration_seconds', '_count', 'failure') ?? 0;
  expect(failed).toBeGreaterThan(0);
  expect(value('evenkeel_events_total', '')).toBe(failed);
  expect(value('evenkeel_client_call_duration_seconds', '_sum', 'success')).toBeGreaterThan(0);
  expect(value('evenkeel_endpoints', '')).toBe(2);
});
