import { PubSub } from '@google-cloud/pubsub';
import { bodyOf, headersOf, IN_FLIGHT, inWindow } from '../messages.mjs';

const NAME = 'bench';
const PROJECT = 'bench';

// No machine of Google's is near: its client would look for one, and warn.
process.env.METADATA_SERVER_DETECTION = 'none';

const clientFor = (port) => new PubSub({ projectId: PROJECT, apiEndpoint: `127.0.0.1:${port}`, emulatorMode: true });
/** As the bridge has it. */
const BATCHING = { maxMessages: 100, maxMilliseconds: 2 };

/** Without ordering keys: the fake of the service delivers some 10 ordered messages a second. */
export const pubsub = {
  title: 'Google Pub/Sub (pstest)',
  broker: 'pubsub',
  count: 10_000,
  bridge: (port) => ({ pubsub: { project: PROJECT, emulator: `127.0.0.1:${port}` } }),
  from: { subscription: NAME },
  to: { topic: NAME, ordered: false },

  async prepare(port) {
    const client = clientFor(port);
    const [topic] = await client.createTopic(NAME);
    await topic.createSubscription(NAME, { ackDeadlineSeconds: 60 });
    await client.close();
  },

  async fill(port, count) {
    await pubsub.prepare(port);
    const client = clientFor(port);
    const topic = client.topic(NAME, { batching: BATCHING });
    await inWindow(count, (n) => topic.publishMessage({ data: Buffer.from(bodyOf(n)) }));
    await client.close();
  },

  async read({ port, onDone }) {
    const flowControl = { maxMessages: IN_FLIGHT, allowExcessMessages: false };
    const subscription = clientFor(port).subscription(NAME, { flowControl, streamingOptions: { maxStreams: 1 } });
    subscription.on('message', (message) => {
      JSON.parse(message.data.toString());
      message.ack();
      onDone(1);
    });
  },

  async send({ port, count, onDone }) {
    const topic = clientFor(port).topic(NAME, { batching: BATCHING });
    const publish = (n) => {
      const attributes = { ...headersOf(n, 'ce-'), 'content-type': 'application/json' };
      return topic.publishMessage({ data: Buffer.from(bodyOf(n)), attributes });
    };
    await inWindow(count, publish, onDone);
  },
};
