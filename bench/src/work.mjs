/** Scenes of messages that are worked on: a queue with consumers, requests with responders. */
import { tokenFor } from './tokens.mjs';
import { FrameReader, openSocket, textFrame } from './wire.mjs';

const percentile = (values, share) => values.sort((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN;
const pad = 'x'.repeat(100);

/** A connection that calls back for each message of the gateway. */
async function open(port, receive) {
  const reader = new FrameReader((text) => {
    const said = JSON.parse(text);
    for (const message of Array.isArray(said) ? said : [said]) receive(message);
  });
  const socket = await openSocket(port, (chunk) => reader.read(chunk));
  let id = 1;
  const connection = {
    send(commands) {
      const numbered = commands.map((command) => ({ ...command, id: ++id }));
      socket.write(textFrame(JSON.stringify(numbered)));
      return numbered;
    },
    close: () => socket.destroy(),
  };
  socket.write(textFrame(JSON.stringify({ type: 'connect', id: 1, token: tokenFor('bench') })));
  return connection;
}

/** Resolves after the given seconds. */
const after = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

function failed({ error }) {
  throw new Error(`${error.name}: ${error.message}`);
}

/** Publishes to queues and acknowledges what arrives. `window`: messages on their way. */
export async function queue({ port, seconds, window, consumers, warmUp = 2 }) {
  const channel = 'jobs:bench';
  const latencies = [];
  let settled = 0;
  let measuring = false;
  let onSettled = () => {};
  const connections = [];
  for (let n = 0; n < consumers; n++) {
    const consumer = await open(port, (message) => {
      if (message.type === 'error') failed(message);
      if (message.type !== 'deliveries') return;
      consumer.send([{ type: 'ack', channel, deliveries: message.deliveries.map(({ id }) => id) }]);
      const now = performance.now();
      settled += message.deliveries.length;
      if (measuring) for (const delivery of message.deliveries) latencies.push(now - delivery.message.data.t);
      onSettled(message.deliveries.length);
    });
    consumer.send([{ type: 'consume', channel }]);
    connections.push(consumer);
  }
  const publisher = await open(port, (message) => message.type === 'error' && failed(message));
  connections.push(publisher);
  const publish = (count) => {
    const command = () => ({ type: 'publish', channel, data: { t: performance.now(), pad } });
    publisher.send(Array.from({ length: count }, command));
  };
  let running = true;
  onSettled = (count) => running && publish(count);
  publish(window);
  await after(warmUp);
  measuring = true;
  const before = settled;
  const start = performance.now();
  await after(seconds);
  const elapsed = (performance.now() - start) / 1000;
  const done = settled - before;
  running = false;
  for (const connection of connections) connection.close();
  return { perSecond: done / elapsed, done, p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) };
}

/** Sends requests and answers them. `window`: requests on their way. */
export async function requests({ port, seconds, window, responders, warmUp = 2 }) {
  const channel = 'ask:bench';
  const latencies = [];
  let measuring = false;
  let done = 0;
  const connections = [];
  for (let n = 0; n < responders; n++) {
    const responder = await open(port, (message) => {
      if (message.type === 'error') failed(message);
      if (message.type !== 'requests') return;
      responder.send(message.requests.map(({ request, data }) => ({ type: 'reply', request, data })));
    });
    responder.send([{ type: 'respond', channel, concurrency: 1000 }]);
    connections.push(responder);
  }
  await after(0.2);
  let running = true;
  const sent = new Map();
  const requester = await open(port, (message) => {
    if (message.type === 'error') failed(message);
    const start = sent.get(message.id);
    if (message.type !== 'reply' || start === undefined) return;
    sent.delete(message.id);
    done++;
    if (measuring) latencies.push(performance.now() - start);
    if (running) ask(1);
  });
  connections.push(requester);
  function ask(count) {
    const now = performance.now();
    const commands = requester.send(Array.from({ length: count }, () => ({ type: 'request', channel, data: pad })));
    for (const { id } of commands) sent.set(id, now);
  }
  ask(window);
  await after(warmUp);
  measuring = true;
  const before = done;
  const start = performance.now();
  await after(seconds);
  const elapsed = (performance.now() - start) / 1000;
  const answered = done - before;
  running = false;
  for (const connection of connections) connection.close();
  return {
    perSecond: answered / elapsed,
    done: answered,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
  };
}
