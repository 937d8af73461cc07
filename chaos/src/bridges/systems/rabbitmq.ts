import { BROKERS } from '../../../../bridges/test/support/brokers.ts';
import { RabbitClient } from '../../../../bridges/test/support/rabbitmq-client.ts';
import type { Sent } from '../judge.ts';
import { type Produced, type SoakSystem, sentOf } from './system.ts';

const SOURCE = 'soak-in';
const TARGET = 'soak-out';

export const rabbitmqSoak: SoakSystem = {
  ...{ broker: BROKERS.rabbitmq, kill: 'SIGKILL', deduplicates: false },
  open: async ({ port }) => {
    const client = new RabbitClient(port);
    for (const queue of [SOURCE, TARGET]) await client.run((channel) => channel.assertQueue(queue, { durable: true }));
    const sent: Sent[] = [];
    client.consume(TARGET, (body, headers) => sent.push(sentOf(headers as Record<string, string>, body.toString())));
    return {
      connection: { rabbitmq: { url: `amqp://127.0.0.1:${port}` } },
      from: { queue: SOURCE },
      to: { routingKey: TARGET, envelope: 'raw' },
      key: '{header:key}',
      produce: (messages) => produce(client, messages),
      sent: async () => sent,
      close: () => client.close(),
    };
  },
};

/** A broker that is killed may keep a later message without an earlier one: so each is confirmed before the next. */
async function produce(client: RabbitClient, messages: readonly Produced[]): Promise<void> {
  for (const { n, key, body } of messages) {
    await client.run(async (channel) => {
      channel.sendToQueue(SOURCE, Buffer.from(body), { persistent: true, headers: { key }, messageId: `${n}` });
      await channel.waitForConfirms();
    });
  }
}
