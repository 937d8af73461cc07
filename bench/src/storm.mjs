/**
 * Clients that all connect at once, as a separate process. Commands over IPC:
 *
 *   { storm: { port, kind, clients, own } }   -> { stormed: seconds until the last is served }
 *   { cut: true }                             -> { cut: true }, all connections are closed
 *
 * Each client is a user with a token of its own. With `own` it has a channel of its own, too.
 */
import { tokenFor } from './tokens.mjs';
import { openSocket, textFrame } from './wire.mjs';

const SHARED = 'bench:0';

/** What a client sends after the handshake, and the end of what it waits for. */
const kinds = {
  upgrade: () => ({ hello: null, reply: null }),
  bare: (_user, channel) => ({ hello: textFrame(`+${channel}`), reply: null }),
  sluice: (user, channel) => {
    const commands = [
      { type: 'connect', id: 1, token: tokenFor(user) },
      { type: 'subscribe', id: 2, channel },
    ];
    return { hello: textFrame(JSON.stringify(commands)), reply: '"state":"live"}}' };
  },
};

let users = 0;
let sockets = [];

async function connectOne(port, { hello, reply }) {
  let served = () => {};
  let waits = reply !== null;
  const isServed = new Promise((resolve) => {
    served = resolve;
  });
  let received = '';
  const socket = await openSocket(port, (chunk) => {
    if (!waits) return; // what comes later is read, and not kept
    received += chunk.latin1Slice();
    waits = !received.includes(reply);
    if (!waits) served();
  });
  sockets.push(socket);
  if (hello !== null) socket.write(hello);
  if (waits) await isServed;
}

async function storm({ port, kind, clients, own = false }) {
  // Prepared in advance: signing tokens takes the generator longer than it takes the server to verify them.
  const prepared = Array.from({ length: clients }, () => {
    const user = `u${users++}`;
    return kinds[kind](user, own ? `user:${user}` : SHARED);
  });
  const start = performance.now();
  await Promise.all(prepared.map((client) => connectOne(port, client)));
  return (performance.now() - start) / 1000;
}

async function cut() {
  const closed = sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve)));
  for (const socket of sockets) socket.destroy();
  sockets = [];
  await Promise.all(closed);
}

process.on('message', async (message) => {
  if (message.storm) process.send({ stormed: await storm(message.storm) });
  if (message.cut) {
    await cut();
    process.send({ cut: true });
  }
});
