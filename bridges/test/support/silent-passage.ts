import { connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { freePort } from './broker-server.ts';

/** A way to a peer, which can become silent without an end of its connections. Later ones pass. */
export async function openPassage(target: number) {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const peer = connect(target, '127.0.0.1');
    for (const socket of [client, peer]) sockets.add(socket.on('error', () => {}));
    client.pipe(peer).pipe(client);
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const fallSilent = () => {
    for (const socket of sockets) socket.unpipe().pause();
  };
  return { port, fallSilent };
}
