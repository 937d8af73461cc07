/**
 * The load generator, a separate process. Commands over IPC:
 *
 *   { open: { port, kind, subscribers, channels } }   -> { opened }; `ports`: several gateways of one cluster
 *   { trial: { rate, seconds } }                      -> { trial: { … } }
 *
 * A message's data begins with the microsecond it was sent, so a few probing readers measure
 * latencies; all others count bytes only. All subscribers of a channel get the same frames, so a
 * reader that has fewer bytes than the probe has lost something. With `countAll` every reader
 * counts messages: several servers join the messages of a turn into frames of their own.
 *
 * With `unhurried` all readers but the probes are read in a round while messages are sent, a few
 * times a second; the kernel keeps for them what comes meanwhile. To read ten thousand of them for
 * one message each costs more than the servers that are to be measured.
 */
import { dialects } from './dialects.mjs';
import { Probe, Reader, ReadingRound, stamp } from './readers.mjs';
import { tokenFor } from './tokens.mjs';
import { openSocket } from './wire.mjs';

const PAYLOAD = 128;
const PROBES_PER_GROUP = 1;
const MOST_PROBES = 8;

const settle = () => new Promise((resolve) => setTimeout(resolve, 20));

const payload = () => stamp().padEnd(PAYLOAD, 'x');

let state;

/** The readers of one channel at one gateway. They all get the same bytes. */
const emptyGroups = (channels, ports) =>
  channels.flatMap((_, channel) => ports.map((port) => ({ channel, port, readers: [] })));

async function open({ port, ports = [port], kind, subscribers, channels = 1, countAll = false, unhurried = false }) {
  const speak = dialects[kind];
  const token = tokenFor('bench');
  const names = Array.from({ length: channels }, (_, at) => `bench:${at}`);
  const groups = emptyGroups(names, ports);
  const connectOne = async (reader, { port, channel }) => {
    const path = speak.path === undefined ? undefined : `${speak.path}${speak.query?.(channel) ?? ''}`;
    const socket = await openSocket(port, reader.count, path);
    for (const frame of speak.hello({ token, channel })) socket.write(frame);
    return socket;
  };
  let probes = 0;
  for (let at = 0; at < subscribers; at++) {
    const { channel, port, readers } = groups[at % groups.length];
    const probing = countAll || (readers.length < PROBES_PER_GROUP && probes < MOST_PROBES);
    const reader = probing ? new Probe() : new Reader();
    if (probing) probes++;
    reader.channel = channel;
    readers.push(reader);
    reader.socket = await connectOne(reader, { port, channel: names[channel] });
  }
  const publishers = await Promise.all(ports.map((port) => connectOne(new Reader(), { port, channel: null })));
  await settle();
  await settle();
  const unread = groups.flatMap(({ readers }) => readers).filter((reader) => !(reader instanceof Probe));
  state = { speak, names, groups, publishers, id: 10, countAll, round: new ReadingRound(unhurried ? unread : []) };
}

function percentile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

async function trial({ rate, seconds }) {
  const { speak, names, groups, publishers, countAll, round } = state;
  const probes = groups.flatMap(({ readers }) => readers).filter((reader) => reader instanceof Probe);
  for (const probe of probes) probe.reset();
  const before = groups.map(({ readers }) => readers.map((reader) => reader.bytes));
  const sent = names.map(() => 0);
  const start = performance.now();
  let total = 0;
  round.begin();
  while (performance.now() - start < seconds * 1000) {
    const due = Math.floor(((performance.now() - start) / 1000) * rate);
    const frames = publishers.map(() => []);
    for (; total < due; total++) {
      const at = total % names.length;
      sent[at]++;
      frames[total % publishers.length].push(speak.publish({ channel: names[at], payload: payload(), id: state.id++ }));
    }
    for (const [at, publisher] of publishers.entries())
      if (frames[at].length > 0) publisher.write(Buffer.concat(frames[at]));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const sending = (performance.now() - start) / 1000;
  round.end();
  const complete = () =>
    countAll
      ? groups.every(({ channel, readers }) => readers.every(({ seen }) => seen >= sent[channel]))
      : probes.every((probe) => probe.seen >= sent[probe.channel]) && evenReaders(groups, before, speak.tolerance);
  for (let waited = 0; waited < 150 && !complete(); waited++) await settle();
  const elapsed = (performance.now() - start) / 1000;
  const latencies = probes.flatMap((probe) => probe.latencies).sort((a, b) => a - b);
  const subscribers = groups.reduce((sum, { readers }) => sum + readers.length, 0);
  return {
    rate,
    published: total,
    deliveries: (total / names.length) * subscribers,
    deliveriesPerSecond: ((total / names.length) * subscribers) / Math.max(sending, elapsed - 0.03),
    complete: complete(),
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
  };
}

/**
 * Have all readers of each group read as many bytes as its first one?
 *
 * @param tolerance the part by which they may differ, if the server frames messages for each connection
 */
function evenReaders(groups, before, tolerance = 0) {
  return groups.every(({ readers }, group) => {
    const bytes = readers.map((reader, at) => reader.bytes - before[group][at]);
    return bytes.every((count) => Math.abs(count - bytes[0]) <= bytes[0] * tolerance);
  });
}

process.on('message', async (message) => {
  if (message.open) process.send({ opened: (await open(message.open)) ?? true });
  if (message.trial) process.send({ trial: await trial(message.trial) });
});
