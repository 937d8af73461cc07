/**
 * Event streams and WebSockets of the same server, side by side: resident memory of each, and how
 * long one message needs to reach the last reader.
 */
import net from 'node:net';
import { answer, residentBytes, start, stop } from './processes.mjs';
import { tokenFor } from './tokens.mjs';
import { openSocket, textFrame } from './wire.mjs';

/** Connections that are open before the first look: what they cost once is not what one more costs. */
const WARM_UP = 2_000;
const CHANNEL = 'bench:0';
const PAYLOAD = 'x'.repeat(128);

const say = (command) => textFrame(JSON.stringify(command));
const connect = (token) => say({ type: 'connect', id: 1, token });

const kinds = {
  WebSockets: async (port, token, onBytes) => {
    const socket = await openSocket(port, onBytes);
    socket.write(connect(token));
    socket.write(say({ type: 'subscribe', id: 2, channel: CHANNEL }));
    return socket;
  },
  'event streams': (port, token, onBytes) =>
    new Promise((resolve, reject) => {
      const socket = net.connect(port, '127.0.0.1', () =>
        socket.write(`GET /sse?channel=${CHANNEL} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer ${token}\r\n\r\n`),
      );
      socket.once('error', reject);
      socket.on('data', (chunk) => {
        onBytes(chunk);
        resolve(socket);
      });
    }),
};

const settle = () => new Promise((resolve) => setTimeout(resolve, 300));

async function resident(server) {
  await settle();
  server.send('collect');
  await answer(server, 'collected');
  return residentBytes(server);
}

/** Counts who has read something since the last look. */
class Readers {
  #received = [];
  #count = 0;
  #wanted = Number.POSITIVE_INFINITY;
  #done = () => {};

  add() {
    const at = this.#received.push(true) - 1;
    return () => {
      if (this.#received[at]) return;
      this.#received[at] = true;
      if (++this.#count >= this.#wanted) this.#done();
    };
  }

  /** Resolves when everybody has read something. */
  all() {
    this.#received.fill(false);
    this.#count = 0;
    this.#wanted = this.#received.length;
    return new Promise((resolve) => {
      this.#done = resolve;
    });
  }
}

async function measure(name, { streams, messages }) {
  const server = start('sluice-server.mjs', 0);
  const sockets = [];
  try {
    const port = await answer(server, 'port');
    const token = tokenFor('bench');
    const readers = new Readers();
    const open = async (count) => {
      for (let at = 0; at < count; at++) sockets.push(await kinds[name](port, token, readers.add()));
    };
    await open(WARM_UP);
    const before = await resident(server);
    await open(streams);
    const memory = ((await resident(server)) - before) / streams;
    const publisher = await openSocket(port, () => {});
    sockets.push(publisher);
    publisher.write(connect(token));
    const times = [];
    for (let at = 0; at < messages; at++) {
      const all = readers.all();
      const begin = performance.now();
      publisher.write(say({ type: 'publish', id: at + 2, channel: CHANNEL, data: PAYLOAD }));
      await all;
      times.push(performance.now() - begin);
    }
    const total = times.reduce((sum, time) => sum + time, 0);
    const last = times.sort((a, b) => a - b)[times.length >> 1];
    return { name, memory, perSecond: (messages * (WARM_UP + streams) * 1_000) / total, last };
  } finally {
    for (const socket of sockets) socket.destroy?.();
    await stop(server);
  }
}

export async function sseAndSockets(options) {
  const results = [];
  for (const name of Object.keys(kinds)) results.push(await measure(name, options));
  return results;
}
