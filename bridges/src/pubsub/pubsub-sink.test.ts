import type { OutboundBridge } from '@sluice/server/bridging';
import { describe, expect, it } from 'vitest';
import { wrapMessage } from '../envelope.ts';
import type { SinkRecord } from '../sink.ts';
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

describe('large messages', () => {
  /** A client whose requests last until the test ends them. */
  class Requests {
    readonly sizes: number[] = [];
    readonly #ends: ((error?: Error) => void)[] = [];

    publish({ data }: { readonly data: Buffer }): Promise<void> {
      this.sizes.push(data.length);
      return new Promise((resolve, reject) => {
        this.#ends.push((error) => (error === undefined ? resolve() : reject(error)));
      });
    }

    end(error?: Error): void {
      this.#ends.shift()?.(error);
    }
  }

  async function open() {
    const requests = new Requests();
    class PubSub {
      topic = () => ({
        getMetadata: async () => {},
        publishMessage: (message: { readonly data: Buffer }) => requests.publish(message),
      });
      async close(): Promise<void> {}
    }
    const config = { connection: { project: 'p' }, to: { topic: 'audit' } } as unknown as OutboundBridge;
    return { requests, sink: await new PubsubSink({ PubSub } as unknown as PubsubClient, config).open() };
  }
  const record = (size: number): SinkRecord => ({
    ...{ id: `c/e/${size}`, channel: 'c', epoch: 'e', offset: size, event: undefined, tags: {}, headers: {} },
    ...{ contentType: 'application/json', body: Buffer.alloc(size) },
  });
  const MB = 1_000_000;

  it('are on their way a few at a time, also those of later calls, so that no request exceeds 10 MB', async () => {
    const { requests, sink } = await open();
    const sending = [[4, 4, 4].map((size) => size * MB), [9.5 * MB], [1 * MB, 2 * MB]].map((sizes) =>
      sink.send(sizes.map(record)),
    );
    await expect.poll(() => requests.sizes.length).toBe(2);
    requests.end();
    await expect.poll(() => requests.sizes.length).toBe(3);
    for (const expected of [3, 4, 6]) {
      requests.end();
      await expect.poll(() => requests.sizes.length).toBe(expected);
    }
    for (let at = 0; at < 3; at++) requests.end();
    await Promise.all(sending);
    expect(requests.sizes).toEqual([4, 4, 4, 9.5, 1, 2].map((size) => size * MB));
  });

  it('are not published behind one that has failed', async () => {
    const { requests, sink } = await open();
    const first = sink.send([record(8 * MB)]);
    const second = sink.send([record(7 * MB)]);
    await expect.poll(() => requests.sizes.length).toBe(1);
    requests.end(new Error('unavailable'));
    await expect(first).rejects.toThrow('unavailable');
    await expect(second).rejects.toThrow('an earlier message was not accepted');
    expect(requests.sizes).toEqual([8 * MB]);
  });

  it('do not hold up the end of the connection, and none is published after it', async () => {
    const { requests, sink } = await open();
    const first = sink.send([record(8 * MB)]);
    const second = sink.send([record(7 * MB)]);
    await expect.poll(() => requests.sizes.length).toBe(1);
    await sink.close();
    await expect(first).rejects.toThrow('the sink was closed');
    await expect(second).rejects.toThrow('the sink was closed');
    requests.end();
    await first.catch(() => {});
    expect(requests.sizes).toEqual([8 * MB]);
  });

  it('of more than a request with its other parts may have are too large', async () => {
    const { sink } = await open();
    await expect(sink.send([record(9_995_000)])).rejects.toMatchObject({ name: 'TooLarge' });
  });
});
