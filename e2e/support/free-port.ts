import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/**
 * A port on which nobody listens.
 *
 * A gateway that is to start again on its port must not be given port 0 at first: for that, uWebSockets.js does not set
 * `SO_REUSEADDR`, and Linux would refuse the port for a minute because of connections that were just closed.
 */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
