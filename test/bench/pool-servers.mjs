/** HTTP servers on free loopback ports, for the pool suite: four that answer after 2 ms, a slow and a failing one. */
import { createServer } from 'node:http';

async function serve(answer) {
  const server = createServer(answer);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${server.address().port}`;
}

const after = (ms) => (_request, response) => setTimeout(() => response.end('{"ok":true}'), ms);
const fail = (_request, response) => {
  response.statusCode = 500;
  response.end('no');
};
process.send({
  well: [await serve(after(2)), await serve(after(2)), await serve(after(2)), await serve(after(2))],
  slow: await serve(after(20)),
  failing: await serve(fail),
});
process.on('disconnect', () => process.exit());
