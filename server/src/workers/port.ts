import { type AddressInfo, createServer, type ListenOptions, type Server } from 'node:net';
import { describePortOwner } from '../util/port-owner.ts';

/** A port that is reserved until it is released, among all users of this function. */
export interface Reservation {
  readonly port: number;
  release(): void;
}

export interface PortOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

/**
 * Makes sure that no other program listens on a port that workers are going to share.
 *
 * The system lets any process of the same user share a port with workers, so a second gateway would
 * get half of the connections unnoticed. Opening the port exclusively for a moment detects any
 * other listener. A lock, which is a socket without a file (unix(7), abstract sockets), decides
 * between two processes that do so at the same moment; it ends with its process.
 *
 * @throws Error if the port is in use
 */
export async function reservePort({ host, port }: PortOptions): Promise<Reservation> {
  const lock = port === 0 ? undefined : await lockPort(host, port);
  try {
    const server = await listen({ host, port, exclusive: true });
    const { port: found } = server.address() as AddressInfo;
    await close(server);
    // No other process knows the port that the system picked.
    const held = lock ?? (await lockPort(host, found));
    return { port: found, release: () => held.close() };
  } catch (error) {
    lock?.close();
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new Error(`cannot listen on ${host}:${port} (${code}): ${describePortOwner(port)}, or choose another "port"`);
  }
}

async function lockPort(host: string, port: number): Promise<Server> {
  try {
    const lock = await listen({ path: `\0sluice/${host}/${port}` });
    return lock.unref();
  } catch {
    throw new Error(
      `cannot listen on ${host}:${port}: another "sluice serve" with workers holds it: ${describePortOwner(port)}, or choose another "port"`,
    );
  }
}

function listen(options: ListenOptions): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', reject);
    server.listen(options, () => resolve(server));
  });
}

const close = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));
