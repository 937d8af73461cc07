/**
 * Whole scenes, played by this process alone: `{ play: { scene, port, … } }` over IPC is answered
 * with `{ played: figures }`.
 */
import { Client, paced, pause, until } from './clients.mjs';
import { filters } from './filters.mjs';
import { measureFlow } from './flow.mjs';
import * as nats from './flows/nats.mjs';
import * as rabbitmq from './flows/rabbitmq.mjs';
import * as sluice from './flows/sluice.mjs';
import { textFrame } from './wire.mjs';

const range = (length, make) => Array.from({ length }, (_, at) => make(at));
const percentile = (values, share) => values.sort((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN;
const now = () => performance.now();

/** Calls a method of each. */
function every(clients, method) {
  for (const client of clients) client[method]();
}

async function openAll(count, connect, width = 50) {
  const clients = [];
  for (let at = 0; at < count; at += width) {
    clients.push(...(await Promise.all(range(Math.min(width, count - at), (n) => connect(at + n)))));
  }
  return clients;
}

/** Number of groups of channels; all readers of a group get the same frames. */
const GROUPS = 5;

/** One reader of each group reads every message; the others count bytes, which costs the generator nearly nothing. */
async function openReaders({ port, sockets, stalls, names, each }) {
  return openAll(sockets, async (n) => {
    const group = n % GROUPS;
    const channels = range(each, (at) => names[(group + at * GROUPS) % names.length]);
    const commands = channels.map((channel, at) => ({ type: 'subscribe', id: 2 + at, channel, rewind: 0 }));
    const counting = n >= stalls + GROUPS;
    const client = await Client.connect(port, commands, 'bench', { counting });
    // Every reader has a position before the first message, so that a lost first one is a hole.
    for (const channel of channels) client.positions.set(channel, { epoch: '', offset: 0 });
    return { client, group };
  });
}

/** Seconds until the compilers of both processes are done, so that their work is not measured. */
const WARM_UP = 4;
/** Seconds after the readers stalled in which their outbound buffers fill. */
const FIRST = 1;

/** Many readers on several channels each, some of whom stop reading for a while. */
async function stalled({ port, sockets, stalls, channels, each, rate, seconds, stallFor, warmUp = WARM_UP }) {
  const names = range(channels, (at) => `long:${at}`);
  const readers = await openReaders({ port, sockets, stalls, names, each });
  const clients = readers.map(({ client }) => client);
  await until(() => clients.every(({ bytes }) => bytes > 200));
  const publisher = await Client.connect(port, []);
  const slow = clients.slice(0, stalls);
  const probes = readers.slice(stalls, stalls + GROUPS);
  // While some stall, and while they catch up: then this process reads for them too, which the others feel.
  const latencies = { warmUp: [], first: [], during: [], after: [] };
  let phase = latencies.warmUp;
  for (const { client } of probes) client.onMessage = ({ data }) => phase.push(now() - data.t);
  const quiet = new Map(readers.map(({ client }) => [client, client.bytes]));
  const sent = names.map(() => 0);
  let id = 10;
  const pad = 'x'.repeat(400);
  const frame = () => {
    const at = id++ % channels;
    sent[at]++;
    const data = { t: Math.round(now() * 10) / 10, pad };
    return textFrame(JSON.stringify({ type: 'publish', id, channel: names[at], data }));
  };
  const stall = () => {
    phase = latencies.first;
    every(slow, 'stall');
  };
  const at = (second, act) => (second === 0 ? act() : setTimeout(act, second * 1000));
  at(warmUp, stall);
  at(warmUp + FIRST, () => {
    phase = latencies.during;
  });
  at(warmUp + stallFor, () => {
    phase = latencies.after;
    every(slow, 'resume');
  });
  const start = now();
  const total = await paced(rate, warmUp + seconds, (count) => publisher.write(Buffer.concat(range(count, frame))));
  const complete = ({ positions }) => [...positions].every(([name, { offset }]) => offset >= sent[names.indexOf(name)]);
  await until(() => probes.every(({ client }) => complete(client)));
  // Whoever has other bytes than the probe of its group missed something, or got something twice.
  const even = () =>
    readers.slice(stalls).every(({ client, group }) => {
      const probe = probes.find((candidate) => candidate.group === group);
      return client.bytes - quiet.get(client) === probe.client.bytes - quiet.get(probe.client);
    });
  await until(even);
  const elapsed = (now() - start) / 1000;
  await until(() => slow.every(complete));
  const sum = (field) => clients.reduce((all, client) => all + client[field], 0);
  const stalling = latencies.first.concat(latencies.during);
  return {
    deliveriesPerSecond: (total * ((sockets * each) / channels)) / elapsed,
    firstP99: percentile(latencies.first, 0.99),
    firstSlowest: percentile(latencies.first, 1 - 1e-9),
    p50: percentile(stalling, 0.5),
    p99: percentile(stalling, 0.99),
    p99After: percentile(latencies.after, 0.99),
    holes: sum('holes'),
    gaps: sum('gaps'),
    replays: sum('replays'),
    repeats: stalls === 0 ? 0 : sum('repeats') / ((total * stalls * each) / channels),
    messagesOfTheSlow: (total * stalls * each) / channels,
    caughtUpAfter: (now() - start) / 1000 - elapsed,
  };
}

/** All clients reconnect at once, each with missed messages. */
async function reconnect({ port, clients, channels, missed }) {
  const names = range(channels, (at) => `bench:${at}`);
  const publisher = await Client.connect(port, []);
  const probe = await Client.connect(
    port,
    names.map((channel, at) => ({ type: 'subscribe', id: 2 + at, channel })),
  );
  await until(() => probe.replies === 1 + channels);
  let id = 10;
  const publish = async (each) => {
    const before = [...probe.positions.values()].reduce((sum, { offset }) => sum + offset, 0);
    for (const channel of names) {
      publisher.write(
        Buffer.concat(
          range(each, () => textFrame(JSON.stringify({ type: 'publish', id: ++id, channel, data: 'x'.repeat(128) }))),
        ),
      );
    }
    const all = () => [...probe.positions.values()].reduce((sum, { offset }) => sum + offset, 0);
    await until(() => all() >= before + each * channels);
  };
  await publish(1);
  const starts = new Map(probe.positions);
  await publish(missed);
  const storm = async (commands, done) => {
    const begin = now();
    const opened = await openAll(clients, (n) => Client.connect(port, commands(n)), 250);
    await until(() => opened.every(done));
    const took = now() - begin;
    const holes = opened.reduce((sum, client) => sum + client.holes + client.gaps, 0);
    for (const client of opened) client.cut();
    await until(() => true);
    return { took, holes };
  };
  const bare = await storm(
    () => [{ type: 'ping', id: 2 }],
    (client) => client.bytes > 60,
  );
  const plain = await storm(
    (n) => [{ type: 'subscribe', id: 2, channel: names[n % channels] }],
    (client) => client.bytes > 60,
  );
  const resumed = await storm(
    (n) => [{ type: 'subscribe', id: 2, channel: names[n % channels], position: starts.get(names[n % channels]) }],
    (client) => client.live.size === 1,
  );
  return { bare: bare.took, plain: plain.took, resumed: resumed.took, holes: resumed.holes };
}

/** A channel with many members who enter and leave: what does it cost its watchers? */
async function presence({ port, members, watchers, churn, seconds }) {
  const channel = 'room:full';
  const watching = await openAll(watchers, (n) =>
    Client.connect(port, [{ type: 'watch', id: 2, channel }], `watcher${n}`),
  );
  const joinStart = now();
  const present = await openAll(members, (n) =>
    Client.connect(port, [{ type: 'enter', id: 2, channel }], `member${n}`),
  );
  await until(() => watching.every((watcher) => watcher.members >= members));
  const joined = (now() - joinStart) / 1000;
  const filled = watching[0].bytes;
  const before = watching.map((watcher) => watcher.bytes);
  let at = 0;
  const sent = await paced(churn, seconds, (count) => {
    for (let n = 0; n < count; n++) {
      // Leaves at its first turn, and enters again at its second.
      const type = Math.floor(at / members) % 2 === 0 ? 'leave' : 'enter';
      present[at % members].send([{ type, id: 5 + at, channel }]);
      at++;
    }
  });
  const perWatcher = watching.map((watcher, n) => (watcher.bytes - before[n]) / seconds);
  return {
    joined,
    changesPerSecond: sent / seconds,
    fillingBytes: filled,
    bytesPerSecond: Math.max(...perWatcher),
  };
}

const unwanted = (count) =>
  Buffer.concat(
    range(count, (at) =>
      textFrame(JSON.stringify({ type: 'publish', id: 5 + at, channel: 'bench:hose', data: 'x'.repeat(128) })),
    ),
  );

/** Warms up the server's compiler: a fresh gateway is slow, and a flood would distort that. */
async function warmUp({ port }) {
  for (let n = 0; n < 4; n++) {
    const client = await Client.connect(port, [], `warm${n}`);
    for (let wave = 0; wave < 28; wave++) {
      client.write(unwanted(100));
      await until(() => client.replies === 1 + (wave + 1) * 100);
    }
    client.cut();
  }
  return {};
}

/** One connection that first sends its whole burst, then as much above its limits as it may without being closed. */
async function edge({ port, seconds }) {
  const client = await Client.connect(port, [], 'edge');
  let refused = 0;
  client.onError = () => refused++;
  const end = now() + seconds * 1000;
  const wave = async (count) => {
    const before = client.replies + refused;
    client.write(unwanted(count));
    await until(() => client.replies + refused === before + count);
  };
  await wave(3000);
  // 200 refusals in a row would end it. While a wave is answered there is time enough for one more
  // command to be allowed.
  while (now() < end) {
    await wave(100);
    await pause(5);
  }
  return { refused };
}

/** Floods the gateway as fast as it reads, and reconnects whenever it is closed. */
async function hose({ port, seconds }) {
  const frames = unwanted(100);
  const end = now() + seconds * 1000;
  let connections = 0;
  while (now() < end) {
    connections++;
    const client = await Client.connect(port, [], 'hose', { counting: true });
    for (let n = 0; n < 100 && now() < end; n++) {
      client.write(frames);
      await until(() => true);
    }
    client.cut();
  }
  return { connections };
}

/** What people at the far end of a quiet channel feel. */
async function flood({ port, readers, rate, seconds }) {
  const channel = 'bench:flood';
  const latencies = [];
  const listening = await openAll(readers, () => Client.connect(port, [{ type: 'subscribe', id: 2, channel }]));
  for (const reader of listening) reader.onMessage = ({ data }) => latencies.push(now() - data);
  const publisher = await Client.connect(port, []);
  await until(() => listening.every(({ replies }) => replies === 2));
  let id = 10;
  await paced(rate, seconds, (count) => {
    publisher.write(
      Buffer.concat(range(count, () => textFrame(JSON.stringify({ type: 'publish', id: ++id, channel, data: now() })))),
    );
  });
  await until(() => latencies.length >= (id - 10) * readers);
  return { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) };
}

const flows = { nats, rabbitmq, sluice };

/** Messages that are worked on: `kind` of `system`, e.g. queues of RabbitMQ. */
const flow = ({ system, kind, ...options }) => measureFlow(flows[system][kind], options);

const scenes = { flow, stalled, reconnect, presence, filters, flood, edge, hose, warmUp };

process.on('message', async ({ play }) => {
  if (play !== undefined) process.send({ played: await scenes[play.scene](play) });
});
