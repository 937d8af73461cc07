/**
 * The load generator, a separate process. Commands over IPC:
 *
 *   { open: { port, kind, subscribers, channels } }   -> { opened }
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
const PROBES_PER_CHANNEL = 1;
const MOST_PROBES = 8;

const settle = () => new Promise((resolve) => setTimeout(resolve, 20));

const payload = () => stamp().padEnd(PAYLOAD, 'x');

let state;

async function open({ port, kind, subscribers, channels = 1, countAll = false, unhurried = false }) {
  const speak = dialects[kind];
  const token = tokenFor('bench');
  const names = Array.from({ length: channels }, (_, at) => `bench:${at}`);
  const groups = names.map(() => []);
  const connectOne = async (reader, channel) => {
    const path = speak.path === undefined ? undefined : `${speak.path}${speak.query?.(channel) ?? ''}`;
    const socket = await openSocket(port, reader.count, path);
    for (const frame of speak.hello({ token, channel })) socket.write(frame);
    return socket;
  };
  let probes = 0;
  for (let at = 0; at < subscribers; at++) {
    const group = groups[at % channels];
    const probing = countAll || (group.length < PROBES_PER_CHANNEL && probes < MOST_PROBES);
    const reader = probing ? new Probe() : new Reader();
    if (probing) probes++;
    group.push(reader);
    reader.socket = await connectOne(reader, names[at % channels]);
  }
  const publisher = await connectOne(new Reader(), null);
  await settle();
  await settle();
  const round = new ReadingRound(unhurried ? groups.flat().filter((reader) => !(reader instanceof Probe)) : []);
  state = { speak, names, groups, publisher, id: 10, countAll, round };
}

function percentile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

async function trial({ rate, seconds }) {
  const { speak, names, groups, publisher, countAll, round } = state;
  const probes = groups.flat().filter((reader) => reader instanceof Probe);
  for (const probe of probes) probe.reset();
  const before = groups.map((group) => group.map((reader) => reader.bytes));
  const sent = names.map(() => 0);
  const start = performance.now();
  let total = 0;
  round.begin();
  while (performance.now() - start < seconds * 1000) {
    const due = Math.floor(((performance.now() - start) / 1000) * rate);
    const frames = [];
    for (; total < due; total++) {
      const at = total % names.length;
      sent[at]++;
      frames.push(speak.publish({ channel: names[at], payload: payload(), id: state.id++ }));
    }
    if (frames.length > 0) publisher.write(Buffer.concat(frames));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const sending = (performance.now() - start) / 1000;
  round.end();
  const complete = () =>
    countAll ? groups.every((group, at) => group.every(({ seen }) => seen >= sent[at])) : allEven();
  const allEven = () =>
    groups.every((group, at) => group[0] instanceof Probe === false || group[0].seen >= sent[at]) &&
    evenReaders(groups, before);
  for (let waited = 0; waited < 150 && !complete(); waited++) await settle();
  const elapsed = (performance.now() - start) / 1000;
  const latencies = probes.flatMap((probe) => probe.latencies).sort((a, b) => a - b);
  const subscribers = groups.reduce((sum, group) => sum + group.length, 0);
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

/** Have all subscribers of each channel read as many bytes as its first one? */
function evenReaders(groups, before) {
  return groups.every((group, channel) => {
    const bytes = group.map((reader, at) => reader.bytes - before[channel][at]);
    return bytes.every((count) => count === bytes[0]);
  });
}

process.on('message', async (message) => {
  if (message.open) process.send({ opened: (await open(message.open)) ?? true });
  if (message.trial) process.send({ trial: await trial(message.trial) });
});
