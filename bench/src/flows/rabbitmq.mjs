/** Queues of RabbitMQ, with amqplib: publisher confirms, manual acknowledgements, no Nagle. */
import { PAD } from '../flow.mjs';

/** Deliveries that a consumer may have, as in the rule of Sluice's queue. */
const PREFETCH = 256;

/** @param type `classic` or `quorum` */
export async function queue({ port, consumers, type, onDone }) {
  const { connect } = await import('amqplib');
  // Without noDelay, Nagle's algorithm makes every confirm wait for 40 ms.
  const link = () => connect(`amqp://guest:guest@127.0.0.1:${port}`, { noDelay: true });
  const connections = await Promise.all(Array.from({ length: consumers + 1 }, link));
  for (const connection of connections) connection.on('error', fail);
  const [publishing, ...consuming] = connections;
  const name = `bench-${type}`;
  const publisher = await publishing.createConfirmChannel();
  await publisher.assertQueue(name, { durable: true, arguments: { 'x-queue-type': type } });
  for (const connection of consuming) {
    const channel = await connection.createChannel();
    await channel.prefetch(PREFETCH);
    await channel.consume(name, (delivery) => {
      channel.ack(delivery);
      onDone(JSON.parse(delivery.content.toString()).t);
    });
  }
  const confirmed = (error) => {
    if (error) fail(error);
  };
  return {
    send(count) {
      for (let n = 0; n < count; n++) {
        const content = Buffer.from(JSON.stringify({ t: performance.now(), pad: PAD }));
        publisher.sendToQueue(name, content, { persistent: true }, confirmed);
      }
    },
    // Its process ends after the measurement: closing would wait for what is on its way.
    close: () => {
      for (const connection of connections) {
        connection.removeListener('error', fail);
        connection.on('error', () => {});
        connection.connection?.stream?.destroy();
      }
    },
  };
}

function fail(error) {
  throw error;
}
