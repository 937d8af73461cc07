import type { PubSub, Topic } from '@google-cloud/pubsub';
import type { OutboundBridge } from '@sluice/server/bridging';
import { textOption } from '../options.ts';
import type { OnConfirmed, OpenSink, Sink, SinkRecord } from '../sink.ts';
import { bytesOf, requireSizes } from '../too-large.ts';
import { CALL, clientFor, ONCE, type PubsubClient, probe } from './pubsub-connection.ts';

/** Bytes of a message, with its attributes. The service refuses the whole request of a larger one. */
const LARGEST = 10_000_000;
/** Messages of one request, and milliseconds that the client waits for more. */
const BATCH = { maxMessages: 100, maxMilliseconds: 2 };

/** Publishes to a topic. */
export class PubsubSink implements Sink {
  readonly attributePrefix = 'ce-';
  readonly overlaps = true;
  readonly #client: PubsubClient;
  readonly #config: OutboundBridge;

  constructor(client: PubsubClient, config: OutboundBridge) {
    this.#client = client;
    this.#config = config;
  }

  async open(): Promise<OpenSink> {
    const { connection, to } = this.#config;
    const isOrdered = to.ordered !== false;
    const pubsub = clientFor(this.#client, connection);
    try {
      const topic = pubsub.topic(textOption(to, 'topic'), {
        batching: BATCH,
        messageOrdering: isOrdered,
        gaxOpts: { timeout: CALL },
      });
      await probe(() => topic.getMetadata(ONCE));
      return new OpenPubsubSink(pubsub, topic, isOrdered);
    } catch (error) {
      await pubsub.close().catch(() => {}); // it was never open
      throw error;
    }
  }
}

class OpenPubsubSink implements OpenSink {
  readonly #pubsub: PubSub;
  readonly #topic: Topic;
  readonly #isOrdered: boolean;

  constructor(pubsub: PubSub, topic: Topic, isOrdered: boolean) {
    this.#pubsub = pubsub;
    this.#topic = topic;
    this.#isOrdered = isOrdered;
  }

  async send(records: readonly SinkRecord[], confirmed: OnConfirmed = () => {}): Promise<void> {
    const limit = `Pub/Sub accepts ${LARGEST} bytes with attributes`;
    requireSizes(records, { most: LARGEST, sizeOf, limit });
    const publish = (record: SinkRecord, at: number) => this.#publish(record).then(() => confirmed(at));
    const outcomes = await Promise.allSettled(records.map(publish));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed === undefined) return;
    // The client holds back a key whose message failed. What comes behind it is sent again, in its order.
    if (this.#isOrdered) for (const { channel } of records) this.#topic.resumePublishing(channel);
    throw failed.reason;
  }

  #publish(record: SinkRecord): Promise<string> {
    const { channel, body: data } = record;
    const attributes = attributesOf(record);
    return this.#topic.publishMessage({ data, attributes, ...(this.#isOrdered && { orderingKey: channel }) });
  }

  async close(): Promise<void> {
    await this.#pubsub.close().catch(() => {}); // it is lost already
  }
}

const attributesOf = ({ headers, event, tags, contentType }: SinkRecord): Record<string, string> => ({
  ...headers,
  ...Object.fromEntries(Object.entries(tags).map(([name, value]) => [`tag:${name}`, value])),
  ...(event !== undefined && { event }),
  'content-type': contentType,
});

const sizeOf = (record: SinkRecord): number =>
  record.body.length + Buffer.byteLength(record.channel) + bytesOf(attributesOf(record));
