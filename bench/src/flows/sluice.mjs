/** Queues and requests of Sluice, over WebSockets. */
import { PAD } from '../flow.mjs';
import { tokenFor } from '../tokens.mjs';
import { FrameReader, openSocket, textFrame } from '../wire.mjs';

/** Commands of one frame: a generator that had to wait sends many at once, and a frame may be too large. */
const MOST_COMMANDS = 100;

const fail = ({ error }) => {
  throw new Error(`${error.name}: ${error.message}`);
};

/** A connection that calls back for each message of the gateway; a refusal ends the benchmark, unless it is expected. */
async function open(port, receive, onRefused = fail) {
  const reader = new FrameReader((text) => {
    const said = JSON.parse(text);
    for (const message of Array.isArray(said) ? said : [said]) {
      if (message.type === 'error') onRefused(message);
      else receive(message);
    }
  });
  const socket = await openSocket(port, (chunk) => reader.read(chunk));
  let id = 1;
  const connection = {
    send(commands) {
      const numbered = commands.map((command) => ({ ...command, id: ++id }));
      for (let at = 0; at < numbered.length; at += MOST_COMMANDS) {
        socket.write(textFrame(JSON.stringify(numbered.slice(at, at + MOST_COMMANDS))));
      }
      return numbered;
    },
    close() {
      isOver = true;
      socket.destroy();
    },
  };
  let isOver = false;
  socket.once('close', () => {
    if (!isOver) throw new Error('the gateway has closed a connection');
  });
  socket.write(textFrame(JSON.stringify({ type: 'connect', id: 1, token: tokenFor('bench') })));
  return connection;
}

function closeAll(connections) {
  for (const connection of connections) connection.close();
}

/** Consumers acknowledge what they receive, one command for each push. */
export async function queue({ port, consumers, onDone }) {
  const channel = 'jobs:bench';
  const connections = [];
  for (let n = 0; n < consumers; n++) {
    const consumer = await open(port, (message) => {
      if (message.type !== 'deliveries') return;
      consumer.send([{ type: 'ack', channel, deliveries: message.deliveries.map(({ id }) => id) }]);
      for (const { message: delivered } of message.deliveries) onDone(delivered.data.t);
    });
    consumer.send([{ type: 'consume', channel }]);
    connections.push(consumer);
  }
  const publisher = await open(port, () => {});
  connections.push(publisher);
  const command = () => ({ type: 'publish', channel, data: { t: performance.now(), pad: PAD } });
  return {
    send: (count) => publisher.send(Array.from({ length: count }, command)),
    close: () => closeAll(connections),
  };
}

export async function requests({ port, responders, onDone, onRefused }) {
  const channel = 'ask:bench';
  const connections = [];
  for (let n = 0; n < responders; n++) {
    const ready = deferred();
    const responder = await open(port, (message) => {
      if (message.type === 'reply' && message.id === 2) ready.resolve();
      if (message.type !== 'requests') return;
      responder.send(message.requests.map(({ request, data }) => ({ type: 'reply', request, data })));
    });
    responder.send([{ type: 'respond', channel, concurrency: 1000 }]);
    await ready.promise;
    connections.push(responder);
  }
  const sent = new Map();
  const receive = (message) => {
    const start = sent.get(message.id);
    if (message.type !== 'reply' || start === undefined) return;
    sent.delete(message.id);
    onDone(start);
  };
  // After a pause of the machine, all that was due meanwhile is sent at once, and may be too much.
  const requester = await open(port, receive, (message) => {
    if (message.error.name !== 'responders_busy' || !sent.delete(message.id)) fail(message);
    onRefused();
  });
  connections.push(requester);
  return {
    send(count) {
      const now = performance.now();
      for (const { id } of requester.send(
        Array.from({ length: count }, () => ({ type: 'request', channel, data: PAD })),
      ))
        sent.set(id, now);
    },
    close: () => closeAll(connections),
  };
}

function deferred() {
  let resolve = () => {};
  const promise = new Promise((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
