import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import type { OutboundBridge } from '@sluice/server/bridging';
import rhea, { type Container, type EventContext } from 'rhea';
import { expect, it, onTestFinished } from 'vitest';
import type { SinkRecord } from '../sink.ts';
import { ActiveMqSink } from './activemq-sink.ts';

const container = rhea as unknown as Container;

/** A broker whose links accept messages up to a size. */
async function startBroker(max_message_size: number): Promise<{ readonly url: string; readonly stored: unknown[] }> {
  const stored: unknown[] = [];
  const broker = container.create_container();
  broker.on('message', ({ message }: EventContext) => void stored.push(message?.message_id));
  const server = broker.listen({
    port: 0,
    host: '127.0.0.1',
    receiver_options: { max_message_size },
  } as object) as Server;
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { url: `amqp://127.0.0.1:${(server.address() as AddressInfo).port}`, stored };
}

const record = (offset: number, size: number): SinkRecord => ({
  ...{ id: `c/e/${offset}`, channel: 'c', epoch: 'e', offset, event: undefined, tags: {}, headers: {} },
  ...{ contentType: 'application/json', body: Buffer.alloc(size, '1') },
});

it.each([
  { limit: 2_000, sizes: [10, 3_000, 10, 1_990], refused: ['c/e/2', 'c/e/4'] },
  { limit: 0, sizes: [10, 3_000, 10], refused: [] },
])('a link of at most $limit bytes gets none of a batch with a larger message', async ({ limit, sizes, refused }) => {
  const { url, stored } = await startBroker(limit);
  const config = { connection: { url }, to: { address: 'audit', type: 'queue', group: '' } };
  const sink = await new ActiveMqSink(container, config as unknown as OutboundBridge).open();
  onTestFinished(() => sink.close());
  const sending = sink.send(sizes.map((size, at) => record(at + 1, size)));
  if (refused.length > 0) await expect(sending).rejects.toMatchObject({ name: 'TooLarge', ids: refused });
  else await sending;
  expect(stored).toHaveLength(refused.length > 0 ? 0 : sizes.length);
});
