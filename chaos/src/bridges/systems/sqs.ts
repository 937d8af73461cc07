import { noElasticmq, startElasticmq } from '../../../../bridges/test/support/elasticmq-broker.ts';
import { type ProxiedServer, startProxied } from '../../../../bridges/test/support/proxied-server.ts';
import { SqsClient } from '../../../../bridges/test/support/sqs-client.ts';
import type { Sent } from '../judge.ts';
import { type SoakSystem, sentOf } from './system.ts';

/** FIFO queues. The server stays and its proxy is killed: the fake changes the order when it starts again. */
export const sqsSoak: SoakSystem = {
  broker: { skip: noElasticmq, start: async () => startProxied(await startElasticmq()) },
  ...{ kill: 'SIGKILL', deduplicates: true },
  open: async (server) => {
    const { port, direct } = server as ProxiedServer;
    const [source, target] = [await SqsClient.create(direct, 'in.fifo'), await SqsClient.create(direct, 'out.fifo')];
    const sent: Sent[] = [];
    return {
      connection: { sqs: { ...source.connection, endpoint: `http://127.0.0.1:${port}` } },
      from: { queue: 'in.fifo', visibility: '5s' },
      to: { queue: 'out.fifo', envelope: 'raw' },
      key: '{header:key}',
      produce: (messages) =>
        source.send(messages.map(({ n, key, body }) => ({ id: `${n}`, group: key, headers: { key }, body }))),
      sent: async () => {
        sent.push(...(await takeAll(target)));
        return sent;
      },
      close: async () => {
        source.close();
        target.close();
      },
    };
  },
};

async function takeAll(queue: SqsClient): Promise<readonly Sent[]> {
  const all: Sent[] = [];
  for (;;) {
    const messages = await queue.take();
    if (messages.length === 0) return all;
    for (const { Body = '', MessageAttributes = {} } of messages) {
      const named = Object.entries(MessageAttributes).map(([name, { StringValue }]) => [name, StringValue]);
      all.push(sentOf(Object.fromEntries(named), Body));
    }
  }
}
