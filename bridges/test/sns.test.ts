import { describe, expect, it, onTestFinished } from 'vitest';
import { type BridgeGateway, startGateway } from './support/bridge-gateway.ts';
import { noMoto, startMoto } from './support/moto-server.ts';
import { shared } from './support/shared-server.ts';
import { SnsTopic } from './support/sns-client.ts';
import { SqsClient } from './support/sqs-client.ts';

const start = shared(startMoto);
let names = 0;

interface Rig {
  readonly topic: SnsTopic;
  readonly queue: SqsClient;
  readonly name: string;
  readonly gateway: BridgeGateway;
}

/** A topic with a queue that a bridge reads. */
async function startRig({ isRaw }: { readonly isRaw: boolean }): Promise<Rig> {
  const { port } = await start();
  const name = `topic-${++names}`;
  const queue = await SqsClient.create(port, `queue-${names}`, 'us-east-1');
  onTestFinished(() => queue.close());
  const topic = await SnsTopic.create(port, name);
  await topic.subscribe(`queue-${names}`, isRaw);
  const from = { queue: queue.url, envelope: 'sns' };
  const to = { channel: 'orders:{header:customer}', event: '{subject}', tags: { topic: '{topic}' } };
  const history = { history: true } as const;
  const gateway = await startGateway({
    channels: { 'orders:{customer}': history, 'bridge-dead': history },
    bridges: { in: { sqs: queue.connection, from, to, poison: { deadLetter: 'bridge-dead' } } },
  });
  return { topic, queue, name, gateway };
}

describe.skipIf(noMoto)('a queue that is subscribed to a topic of SNS', () => {
  it('gets messages in the JSON of SNS, with subject, topic and attributes', async () => {
    const { topic, queue, name, gateway } = await startRig({ isRaw: false });
    const attributes = { customer: '43', note: 'größer "als" {header:x}' };
    await topic.publish({ body: '{"total":"ü"}', subject: 'paid', attributes });
    await topic.publish({ body: '{"total":2}', attributes: { customer: '43' } });
    const read = () => gateway.messages('orders:43');
    await expect.poll(async () => (await read()).map(({ data }) => data)).toHaveLength(2);
    const byEvent = new Map((await read()).map((message) => [message.event, message]));
    expect(byEvent.get('paid')).toMatchObject({ data: { total: 'ü' }, tags: { topic: name } });
    expect(byEvent.get(name)).toMatchObject({ data: { total: 2 }, tags: { topic: name } });
    await expect.poll(() => queue.count()).toEqual({ ready: 0, hidden: 0 });
  });

  it('gets messages as they were published, with raw delivery', async () => {
    const { topic, queue, gateway } = await startRig({ isRaw: true });
    await topic.publish({ body: '{"total":3}', attributes: { customer: '44' } });
    await expect.poll(() => gateway.data('orders:44')).toEqual([{ total: 3 }]);
    await expect.poll(() => queue.count()).toEqual({ ready: 0, hidden: 0 });
  });

  it('gets a message that cannot be mapped, and its dead letter has what was published', async () => {
    const { topic, name, gateway } = await startRig({ isRaw: false });
    await topic.publish({ body: 'no JSON', attributes: { customer: '45' } });
    const body = Buffer.from('no JSON').toString('base64');
    await expect
      .poll(() => gateway.data('bridge-dead'))
      .toEqual([expect.objectContaining({ reason: 'the body is not JSON', topic: name, body })]);
  });
});
