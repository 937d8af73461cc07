import { SQS } from '@aws-sdk/client-sqs';
import { bodyOf, groupsOf, headersOf, IN_FLIGHT } from '../messages.mjs';

const QUEUE = 'bench';
/** Most messages of a call. */
const BATCH = 10;
/** Calls at the same time, of a reader that may have `IN_FLIGHT` messages: as many as the bridge makes. */
const READERS = Math.min(20, Math.ceil(IN_FLIGHT / BATCH));

const settings = (port) => ({ endpoint: `http://127.0.0.1:${port}`, region: 'test' });
const credentials = { accessKeyId: 'a-key', secretAccessKey: 'a-secret' };
const clientFor = (port) => new SQS({ ...settings(port), credentials });
const urlOf = (port) => `http://127.0.0.1:${port}/000000000000/${QUEUE}`;

async function sendAll(sqs, { port, count, attributesOf = () => undefined, onDone = () => {} }) {
  for (const numbers of groupsOf(count, BATCH)) {
    const Entries = numbers.map((n) => ({ Id: `${n}`, MessageBody: bodyOf(n), MessageAttributes: attributesOf(n) }));
    const { Failed = [] } = await sqs.sendMessageBatch({ QueueUrl: urlOf(port), Entries });
    if (Failed.length > 0) throw new Error(`not sent: ${JSON.stringify(Failed)}`);
    onDone(numbers.length);
  }
}

/** A message has at most 10 attributes, so the bridge leaves one of its headers out. */
function attributesOf(n) {
  const { 'sluice-id': _, ...named } = headersOf(n, 'ce_');
  const texts = Object.entries(named).map(([name, value]) => [name, { DataType: 'String', StringValue: value }]);
  return Object.fromEntries(texts);
}

export const sqs = {
  title: 'Amazon SQS (ElasticMQ)',
  broker: 'elasticmq',
  count: 6_000,
  bridge: (port) => ({ sqs: { ...settings(port), ...credentials } }),
  from: { queue: QUEUE },
  to: { queue: QUEUE },

  async prepare(port) {
    const client = clientFor(port);
    await client.createQueue({ QueueName: QUEUE });
    client.destroy();
  },

  async fill(port, count) {
    await sqs.prepare(port);
    const client = clientFor(port);
    await sendAll(client, { port, count });
    client.destroy();
  },

  async read({ port, onDone }) {
    const client = clientFor(port);
    const QueueUrl = urlOf(port);
    const reader = async () => {
      for (;;) {
        const wanted = { MaxNumberOfMessages: BATCH, WaitTimeSeconds: 20, MessageAttributeNames: ['All'] };
        const { Messages = [] } = await client.receiveMessage({ QueueUrl, ...wanted });
        if (Messages.length === 0) continue;
        for (const { Body } of Messages) JSON.parse(Body);
        const Entries = Messages.map(({ ReceiptHandle }, at) => ({ Id: `${at}`, ReceiptHandle }));
        await client.deleteMessageBatch({ QueueUrl, Entries });
        onDone(Messages.length);
      }
    };
    await Promise.all(Array.from({ length: READERS }, reader));
  },

  send: ({ port, count, onDone }) => sendAll(clientFor(port), { port, count, attributesOf, onDone }),
};
