/**
 * One real HTTP server in a process of its own: serves users, and holds one versioned value for the quorum. Its
 * parent tells it how to behave; without a parent it ends.
 *
 *   node server.mjs NAME PORT
 */
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const [name, port] = process.argv.slice(2);
const WORK_MS = 4;
let behaviour = 'well';
let stored = { version: 0, value: null };

async function read(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}

async function serve(request, response) {
  const answer = (status, body) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  };
  if (behaviour === 'failing') return answer(500, { server: name });
  if (request.url === '/value') {
    if (request.method === 'PUT') {
      const offered = JSON.parse(await read(request));
      if (offered.version > stored.version) stored = offered;
    }
    return answer(200, stored);
  }
  await sleep(behaviour === 'slow' ? 10 * WORK_MS : WORK_MS);
  return answer(200, { server: name, path: request.url });
}

const server = createServer((request, response) => void serve(request, response));

server.listen(Number(port), '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('message', (message) => {
  behaviour = message;
});
process.on('disconnect', () => process.exit());
