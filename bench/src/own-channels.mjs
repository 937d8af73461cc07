/** Resident memory of idle connections that each have a channel of their own, from a fresh server. */
import { answer, residentBytes, start, stop } from './processes.mjs';

export const servers = {
  'bare, own topic': { file: 'bare-server.mjs', args: ['publish'], kind: 'bare' },
  'sluice, own channel': { file: 'sluice-server.mjs', args: [], kind: 'sluice' },
};

/** Milliseconds until the server has read what was sent, and its collector is done. */
const SETTLED = 500;

async function resident(server) {
  await new Promise((resolve) => setTimeout(resolve, SETTLED));
  server.send('collect');
  await answer(server, 'collected');
  return residentBytes(server);
}

/**
 * The second half of the connections shows what one more costs; the first half also pays for what
 * grows once, such as compiled code and the young generation of the heap.
 *
 * @returns bytes of each connection of the first and of the second half, and bytes once
 */
export async function measureOwnChannels({ file, args, kind }, { connections }) {
  const server = start(file, 0, args, []);
  const load = start('storm.mjs', 1);
  const open = async (port, clients) => {
    for (let opened = 0; opened < clients; opened += AT_ONCE) {
      load.send({ storm: { port, kind, clients: Math.min(AT_ONCE, clients - opened), own: true } });
      await answer(load, 'stormed');
    }
    return resident(server);
  };
  try {
    const port = await answer(server, 'port');
    const before = await resident(server);
    const half = await open(port, connections);
    const all = await open(port, connections);
    const each = (all - half) / connections;
    return { first: (half - before) / connections, each, once: half - before - each * connections };
  } finally {
    await stop(load);
    await stop(server);
  }
}

/** Clients that connect at once: a burst of all of them would measure its buffers. */
const AT_ONCE = 500;
