/**
 * Memory of a connection, and of each kind of thing that it holds, in V8's heap: exact for small
 * numbers, too, where resident memory is not. Without the native socket, and the bytes of messages.
 */
import { Client, until } from './clients.mjs';
import { answer, start, stop } from './processes.mjs';

/** How many of a thing each connection holds. */
const EACH = 10;

/** What each connection does: the commands for the `at`-th of its things. `null`: it only connects. */
export const parts = {
  'a connection': null,
  'a subscription to a shared channel': (_, at) => ({ type: 'subscribe', channel: `bench:${at}` }),
  'a subscription to a channel of its own': (user, at) => ({ type: 'subscribe', channel: `bench:${user}-${at}` }),
  'a log with one message of 100 bytes': (user, at) => ({
    type: 'publish',
    channel: `bench:${user}-${at}`,
    data: 'x'.repeat(98),
  }),
  'a member': (_, at) => ({ type: 'enter', channel: `room:${at}` }),
};

async function open(port, count, { command, from }) {
  const clients = [];
  for (let at = 0; at < count; at++) {
    const user = `u${from + at}`;
    const things = command === null ? [] : Array.from({ length: EACH }, (_, n) => ({ id: 2 + n, ...command(user, n) }));
    clients.push(await Client.connect(port, things, user));
  }
  const replies = command === null ? 1 : 1 + EACH;
  await until(() => clients.every((client) => client.replies === replies));
  return clients;
}

/** Bytes of V8's heap that are in use. */
async function heapOf(server) {
  await new Promise((resolve) => setTimeout(resolve, 200));
  server.send('collect');
  return answer(server, 'collected');
}

/** Bytes of each connection with its things. The first connections pay for what is there once. */
async function measure(command, connections) {
  const server = start('sluice-server.mjs', 0, [], []);
  const clients = [];
  try {
    const port = await answer(server, 'port');
    clients.push(...(await open(port, connections, { command, from: 0 })));
    const before = await heapOf(server);
    clients.push(...(await open(port, connections, { command, from: connections })));
    return ((await heapOf(server)) - before) / connections;
  } finally {
    for (const client of clients) client.cut();
    await stop(server);
  }
}

/** @returns bytes of each part */
export async function measureFootprint(connections) {
  const bytes = {};
  let alone = 0;
  for (const [name, command] of Object.entries(parts)) {
    const all = await measure(command, connections);
    bytes[name] = command === null ? all : (all - alone) / EACH;
    if (command === null) alone = all;
  }
  return bytes;
}
