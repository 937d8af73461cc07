/** A backend that allows everything after a delay. Argument: the delay in ms. Reports its port and counts its calls. */
import { createServer } from 'node:http';

const delay = Number(process.argv[2]);
let calls = 0;
const server = createServer((request, response) => {
  calls++;
  request.resume().on('end', () => setTimeout(() => response.end('{"allow":true}'), delay));
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.send?.({ port: server.address().port }));
process.on('message', (message) => {
  if (message === 'count') process.send?.({ calls });
});
