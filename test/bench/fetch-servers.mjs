/** Three HTTP servers on free loopback ports, for the fetch suite. */
import { createServer } from 'node:http';

const servers = Array.from({ length: 3 }, () =>
  createServer((_request, response) => response.end('{"ok":true}')),
);
await Promise.all(servers.map((server) => new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))));
process.send(servers.map((server) => `http://127.0.0.1:${server.address().port}`));
process.on('disconnect', () => process.exit());
