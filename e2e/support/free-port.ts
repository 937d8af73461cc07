import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/**
 * Returns a free port.
 *
 * A gateway that restarts on its port must not start with port 0: then uWebSockets.js does not set
 * `SO_REUSEADDR`, and Linux refuses the port for a minute because of recently closed connections.
 */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
