import { BROKERS } from '../../../../bridges/test/support/brokers.ts';
import { RabbitClient } from '../../../../bridges/test/support/rabbitmq-client.ts';
import type { Sent } from '../judge.ts';
import { type Produced, type SoakSystem, sentOf } from './system.ts';

const SOURCE = 'soak-stream-in';
const TARGET = 'soak-stream-out';
const STREAM = { durable: true, arguments: { 'x-queue-type': 'stream' } };

/** Streams of RabbitMQ, which does not always find them again after a SIGKILL. */
export const rabbitmqStreamSoak: SoakSystem = {
  ...{ broker: BROKERS.rabbitmq, kill: 'SIGTERM', deduplicates: false },
  open: async ({ port }) => {
    const client = new RabbitClient(port);
    for (const stream of [SOURCE, TARGET]) await client.run((channel) => channel.assertQueue(stream, STREAM));
    const stored = readAll(client, SOURCE, (body, { key }) => ({ key: `${key}`, n: numberIn(body) }));
    const sent = readAll(client, TARGET, (body, headers) => sentOf(headers, body));
    return {
      connection: { rabbitmq: { url: `amqp://127.0.0.1:${port}` } },
      from: { stream: SOURCE },
      to: { routingKey: TARGET, envelope: 'raw' },
      key: '{header:key}',
      produce: (messages) => produce(client, messages),
      stored: async () => inOrder(stored),
      sent: async (): Promise<readonly Sent[]> => inOrder(sent),
      close: () => client.close(),
    };
  },
};

const numberIn = (body: string): number => (JSON.parse(body) as { n: number }).n;

/** What a stream has, by offset: it is read again after a restart of the server. */
function readAll<T>(
  client: RabbitClient,
  stream: string,
  read: (body: string, headers: Record<string, string>) => T,
): ReadonlyMap<number, T> {
  const all = new Map<number, T>();
  client.readStream(stream, (body, headers) => {
    all.set(Number(headers['x-stream-offset']), read(body.toString(), headers as Record<string, string>));
  });
  return all;
}

const inOrder = <T>(all: ReadonlyMap<number, T>): readonly T[] =>
  [...all].sort(([a], [b]) => a - b).map(([, each]) => each);

/** The server confirms what no queue accepts, also while it recovers the stream. */
async function produce(client: RabbitClient, messages: readonly Produced[]): Promise<void> {
  await client.run(async (channel) => {
    let isReturned = false;
    channel.once('return', () => {
      isReturned = true;
    });
    for (const { key, body } of messages) {
      channel.sendToQueue(SOURCE, Buffer.from(body), { persistent: true, mandatory: true, headers: { key } });
    }
    await channel.waitForConfirms();
    channel.removeAllListeners('return');
    if (isReturned) throw new Error('the stream is not there');
  });
}
