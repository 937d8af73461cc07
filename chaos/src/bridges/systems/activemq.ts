import type { Message } from 'rhea';
import { countOf } from '../../../../bridges/test/support/activemq-broker.ts';
import { AmqpClient } from '../../../../bridges/test/support/amqp-client.ts';
import { BROKERS } from '../../../../bridges/test/support/brokers.ts';
import { type SoakSystem, sentOf } from './system.ts';

const SOURCE = 'soak-in';
const TARGET = 'soak-out';

/** ActiveMQ Artemis. */
export const activemqSoak: SoakSystem = {
  ...{ broker: BROKERS.artemis, kill: 'SIGKILL', deduplicates: true },
  open: async (server) => {
    const [source, target] = [new AmqpClient(server.port, SOURCE), new AmqpClient(server.port, TARGET)];
    return {
      connection: { activemq: { url: `amqp://127.0.0.1:${server.port}` } },
      from: { queue: SOURCE },
      to: { address: TARGET, envelope: 'raw' },
      key: '{header:key}',
      produce: (messages) =>
        source.send(
          messages.map(({ n, key, body }) => {
            return { durable: true, message_id: `${n}`, body, application_properties: { key } };
          }),
        ),
      sent: async () => (await target.browse(await countOf(server, TARGET))).map(readMessage),
      close: async () => void (await Promise.all([source.close(), target.close()])),
    };
  },
};

const readMessage = ({ body, application_properties: headers = {} }: Message) =>
  sentOf(headers, String((body as { content: Buffer }).content));
