import { connect } from 'amqplib';
import { bodyOf, headersOf, IN_FLIGHT, inWindow, perTurn } from '../messages.mjs';

const NAME = 'bench';

const link = (port) => connect(`amqp://127.0.0.1:${port}`, { noDelay: true });

/** Publishes with a confirm for each message. */
const publisherOf = (channel, optionsOf) => (n) =>
  new Promise((resolve, reject) => {
    const options = { persistent: true, mandatory: true, contentType: 'application/json', ...optionsOf(n) };
    channel.publish('', NAME, Buffer.from(bodyOf(n)), options, (error) => (error ? reject(error) : resolve()));
  });

/** @param type of the queue, and `from` names it to the bridge */
const system = ({ title, type, from, consume = {} }) => ({
  title,
  broker: 'rabbitmq',
  count: 60_000,
  bridge: (port) => ({ rabbitmq: { url: `amqp://127.0.0.1:${port}` } }),
  from,
  to: { routingKey: NAME },

  async prepare(port) {
    const connection = await link(port);
    const channel = await connection.createChannel();
    await channel.assertQueue(NAME, { durable: true, arguments: { 'x-queue-type': type } });
    await connection.close();
  },

  async fill(port, count) {
    await this.prepare(port);
    const connection = await link(port);
    const channel = await connection.createConfirmChannel();
    await inWindow(
      count,
      publisherOf(channel, (n) => ({ messageId: `${n}` })),
    );
    await connection.close();
  },

  async read({ port, onDone }) {
    const channel = await (await link(port)).createChannel();
    await channel.prefetch(IN_FLIGHT);
    const receive = perTurn((messages) => {
      for (const { content } of messages) JSON.parse(content.toString());
      channel.ack(messages.at(-1), true);
      onDone(messages.length);
    });
    await channel.consume(NAME, receive, consume);
  },

  async send({ port, count, onDone }) {
    const channel = await (await link(port)).createConfirmChannel();
    const optionsOf = (n) => ({ messageId: `bench/${n}`, headers: headersOf(n, 'cloudEvents:') });
    await inWindow(count, publisherOf(channel, optionsOf), onDone);
  },
});

export const rabbitmq = system({ title: 'RabbitMQ, classic queue', type: 'classic', from: { queue: NAME } });

export const rabbitmqStream = system({
  ...{ title: 'RabbitMQ, stream queue', type: 'stream', from: { stream: NAME } },
  consume: { arguments: { 'x-stream-offset': 'first' } },
});
