/** Passes connections on: `tcp-proxy.mjs <port> <port of the server>`. Its death cuts all of them off. */
import { connect, createServer } from 'node:net';

const [port, target] = process.argv.slice(2).map(Number);

createServer((client) => {
  const server = connect(target, '127.0.0.1');
  const end = () => {
    client.destroy();
    server.destroy();
  };
  for (const socket of [client, server]) socket.on('error', end).on('close', end);
  client.pipe(server).pipe(client);
}).listen(port, '127.0.0.1');
