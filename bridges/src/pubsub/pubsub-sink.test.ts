import type { OutboundBridge } from '@sluice/server/bridging';
import { expect, it } from 'vitest';
import { wrapMessage } from '../envelope.ts';
import type { PubsubClient } from './pubsub-connection.ts';
import { PubsubSink } from './pubsub-sink.ts';

interface Published {
  readonly attributes: Readonly<Record<string, string>>;
  readonly orderingKey: string;
}

/** A client that keeps what is published. */
function clientWith(published: Published[]): PubsubClient {
  class PubSub {
    topic = () => ({
      getMetadata: async () => {},
      publishMessage: async (message: Published) => void published.push(message),
    });
    async close(): Promise<void> {}
  }
  return { PubSub } as unknown as PubsubClient;
}

const channel = 'c'.repeat(200);
const name = (at: number) => `${String.fromCharCode(0x61 + at)}${'漢'.repeat(63)}`;
const longest = {
  ...{ id: 'i', offset: Number.MAX_SAFE_INTEGER, time: 0, data: null, event: '漢'.repeat(128) },
  ...{
    from: '漢'.repeat(200),
    origin: { channel: 'c'.repeat(200), offset: Number.MAX_SAFE_INTEGER },
    trace: '0'.repeat(55),
  },
  tags: Object.fromEntries(Array.from({ length: 16 }, (_, at) => [name(at), '漢'.repeat(256)])),
};

it.each(['cloudevents', 'cloudevents-structured', 'raw'] as const)(
  'the longest message has attributes that Pub/Sub accepts, with the envelope "%s"',
  async (envelope) => {
    const published: Published[] = [];
    const config = { connection: { project: 'p' }, to: { topic: 'audit' } } as unknown as OutboundBridge;
    const sink = await new PubsubSink(clientWith(published), config).open();
    const bridge = { envelope, from: { channel } };
    await sink.send([wrapMessage('e'.repeat(32), longest, { bridge, origin: 'sluice', prefix: 'ce-' })]);
    const [{ attributes, orderingKey } = { attributes: {}, orderingKey: '' }] = published;
    const entries = Object.entries(attributes);
    expect(entries.length).toBeGreaterThan(16);
    expect(entries.length).toBeLessThanOrEqual(100);
    expect(entries.filter(([key, value]) => Buffer.byteLength(key) > 256 || Buffer.byteLength(value) > 1_024)).toEqual(
      [],
    );
    expect(entries.filter(([key]) => key.startsWith('goog'))).toEqual([]);
    expect(orderingKey).toBe(channel);
  },
);
