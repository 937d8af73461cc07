/** Queues of NATS JetStream (a work queue with a pull consumer and explicit acknowledgements), and requests of NATS. */
import { PAD } from '../flow.mjs';

/** Deliveries that a consumer may have, as in the rule of Sluice's queue. */
const PREFETCH = 256;
const STREAM = 'BENCH';
const SUBJECT = 'jobs.bench';

const link = async (port) => {
  const { connect } = await import('@nats-io/transport-node');
  return connect({ servers: `127.0.0.1:${port}`, reconnect: false, noAsyncTraces: true });
};

/** @param storage `memory` or `file` */
export async function queue({ port, consumers, storage, onDone }) {
  const { jetstream, jetstreamManager } = await import('@nats-io/jetstream');
  const connections = await Promise.all(Array.from({ length: consumers + 1 }, () => link(port)));
  const [publishing, ...consuming] = connections;
  const manager = await jetstreamManager(publishing);
  await manager.streams.add({ name: STREAM, subjects: [SUBJECT], retention: 'workqueue', storage });
  await manager.consumers.add(STREAM, { durable_name: 'bench', ack_policy: 'explicit', max_ack_pending: 10_000 });
  let isOpen = true;
  for (const connection of consuming) {
    const consumer = await jetstream(connection).consumers.get(STREAM, 'bench');
    const messages = await consumer.consume({ max_messages: PREFETCH });
    void work(messages, onDone).catch((error) => isOpen && fail(error));
  }
  const publisher = jetstream(publishing);
  return {
    send(count) {
      for (let n = 0; n < count; n++) {
        const content = JSON.stringify({ t: performance.now(), pad: PAD });
        // The reply confirms that the stream has it.
        publisher.publish(SUBJECT, content).catch((error) => isOpen && fail(error));
      }
    },
    close: async () => {
      isOpen = false;
      await Promise.allSettled(connections.map((connection) => connection.close()));
    },
  };
}

async function work(messages, onDone) {
  for await (const message of messages) {
    message.ack();
    onDone(JSON.parse(message.string()).t);
  }
}

export async function requests({ port, responders, onDone }) {
  const connections = await Promise.all(Array.from({ length: responders + 1 }, () => link(port)));
  const [requester, ...responding] = connections;
  for (const connection of responding) {
    connection.subscribe('ask.bench', {
      queue: 'responders',
      callback: (error, message) => (error ? fail(error) : message.respond(message.data)),
    });
    await connection.flush();
  }
  let isOpen = true;
  return {
    send(count) {
      for (let n = 0; n < count; n++) {
        const start = performance.now();
        requester
          .request('ask.bench', PAD, { timeout: 60_000 })
          .then(() => onDone(start))
          .catch((error) => isOpen && fail(error));
      }
    },
    close: async () => {
      isOpen = false;
      await Promise.allSettled(connections.map((connection) => connection.close()));
    },
  };
}

function fail(error) {
  queueMicrotask(() => {
    throw error;
  });
}
