import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, headers } from '@nats-io/transport-node';
import { bodyOf, headersOf, IN_FLIGHT, inWindow, perTurn } from '../messages.mjs';

const STREAM = 'BENCH';
const SUBJECT = 'bench';

const link = (port) => connect({ servers: `127.0.0.1:${port}`, reconnect: false, noAsyncTraces: true });

export const nats = {
  title: 'NATS JetStream',
  broker: 'nats',
  count: 60_000,
  bridge: (port) => ({ nats: { url: `nats://127.0.0.1:${port}` } }),
  from: { stream: STREAM },
  to: { subject: SUBJECT },

  async prepare(port) {
    const connection = await link(port);
    const manager = await jetstreamManager(connection);
    await manager.streams.add({ name: STREAM, subjects: [SUBJECT] });
    await connection.close();
  },

  async fill(port, count) {
    await nats.prepare(port);
    const connection = await link(port);
    const client = jetstream(connection);
    await inWindow(count, (n) => client.publish(SUBJECT, bodyOf(n)));
    await connection.close();
  },

  async read({ port, onDone }) {
    const connection = await link(port);
    const manager = await jetstreamManager(connection);
    const settings = { durable_name: 'bare', ack_policy: 'all', max_ack_pending: 2 * IN_FLIGHT };
    await manager.consumers.add(STREAM, settings);
    const consumer = await jetstream(connection).consumers.get(STREAM, 'bare');
    const callback = perTurn(async (messages) => {
      for (const message of messages) message.json();
      await messages.at(-1).ackAck();
      onDone(messages.length);
    });
    await consumer.consume({ max_messages: IN_FLIGHT, callback });
  },

  async send({ port, count, onDone }) {
    const client = jetstream(await link(port));
    const publish = (n) => {
      const named = headers();
      for (const [name, value] of Object.entries(headersOf(n, 'ce-'))) named.set(name, value);
      named.set('content-type', 'application/json');
      return client.publish(SUBJECT, bodyOf(n), { msgID: `bench/${n}`, headers: named, timeout: 10_000 });
    };
    await inWindow(count, publish, onDone);
  },
};
