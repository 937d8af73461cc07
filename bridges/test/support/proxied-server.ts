import { fileURLToPath } from 'node:url';
import { BrokerServer } from './broker-server.ts';

const PROXY = fileURLToPath(new URL('./tcp-proxy.mjs', import.meta.url));

export interface ProxiedServer extends BrokerServer {
  /** The port of the server itself, which is never away. */
  readonly direct: number;
}

/** A server behind a proxy that can be stopped in its place: to who uses the proxy, the server is away. */
export async function startProxied(server: BrokerServer): Promise<ProxiedServer> {
  const proxy = await BrokerServer.start(({ port }) => ({
    command: process.execPath,
    args: [PROXY, `${port}`, `${server.port}`],
  }));
  return Object.assign(proxy, { direct: server.port });
}
