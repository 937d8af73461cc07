/** Resident memory of a connection, and of each kind of thing that it holds. */
import { Client, until } from './clients.mjs';
import { answer, residentBytes, start, stop } from './processes.mjs';

/** How many of a thing each connection holds. */
const EACH = 10;
/** As many times the connections, if they hold nothing: resident memory is counted in pages. */
const ALONE = 3;

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

async function resident(server) {
  await new Promise((resolve) => setTimeout(resolve, 500));
  server.send('collect');
  await answer(server, 'collected');
  return residentBytes(server);
}

/** Resident bytes of each connection with its things. The first connections pay for what is there once. */
async function measure(command, connections) {
  // A young generation that does not grow: otherwise its growth would count as that of the things.
  const server = start('sluice-server.mjs', 0, [], ['--max-semi-space-size=1']);
  const clients = [];
  try {
    const port = await answer(server, 'port');
    clients.push(...(await open(port, connections, { command, from: 0 })));
    const before = await resident(server);
    clients.push(...(await open(port, connections, { command, from: connections })));
    return ((await resident(server)) - before) / connections;
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
    const all = await measure(command, command === null ? ALONE * connections : connections);
    bytes[name] = command === null ? all : (all - alone) / EACH;
    if (command === null) alone = all;
  }
  return bytes;
}
