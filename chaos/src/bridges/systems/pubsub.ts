import { type Message, PubSub } from '@google-cloud/pubsub';
import { BROKERS } from '../../../../bridges/test/support/brokers.ts';
import type { PubsubServer } from '../../../../bridges/test/support/pubsub-server.ts';
import type { Sent } from '../judge.ts';
import { type Produced, type SoakSystem, sentOf } from './system.ts';

const PROJECT = 'soak';

/** Its fake delivers ordered messages one by one, some 10 a second: take a low rate. */
export const pubsubSoak: SoakSystem = {
  ...{ broker: BROKERS.pubsub, kill: 'SIGKILL', deduplicates: false },
  open: async (server) => {
    const { port, direct } = server as PubsubServer;
    const pubsub = new PubSub({ projectId: PROJECT, apiEndpoint: `127.0.0.1:${direct}`, emulatorMode: true });
    const source = pubsub.topic('in', { messageOrdering: true, batching: { maxMilliseconds: 1 } });
    await source.create();
    await source.createSubscription('in', { enableMessageOrdering: true, ackDeadlineSeconds: 10 });
    const [target] = await pubsub.createTopic('out');
    const [subscription] = await target.createSubscription('out', { enableMessageOrdering: true });
    const sent: Sent[] = [];
    subscription.on('message', (message: Message) => {
      sent.push(sentOf(message.attributes, message.data.toString()));
      message.ack();
    });
    const publish = ({ key, body }: Produced) =>
      source.publishMessage({ data: Buffer.from(body), orderingKey: key, attributes: { key } });
    return {
      connection: { pubsub: { project: PROJECT, emulator: `127.0.0.1:${port}` } },
      from: { subscription: 'in' },
      to: { topic: 'out', envelope: 'raw' },
      key: '{key}',
      produce: async (messages) => void (await Promise.all(messages.map(publish))),
      sent: async () => [...sent],
      close: async () => {
        await subscription.close();
        await pubsub.close();
      },
    };
  },
};
