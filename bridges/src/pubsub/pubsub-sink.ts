import type { PubSub, Topic } from '@google-cloud/pubsub';
import type { OutboundBridge } from '@sluice/server/bridging';
import { textOption } from '../options.ts';
import type { OnConfirmed, OpenSink, Sink, SinkRecord } from '../sink.ts';
import { bytesOf, requireSizes } from '../too-large.ts';
import { unlessLost } from '../unless-lost.ts';
import { CALL, clientFor, ONCE, type PubsubClient, probe } from './pubsub-connection.ts';

/** Bytes of a message, with its attributes: of a request of 10 MB, some are for the name of the topic and lengths. */
const LARGEST = 9_990_000;
/** Bytes that are on their way, unless one message has more: the client puts into a request what waits, whatever its size. */
const LARGEST_TOGETHER = 9_000_000;
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

interface Passing {
  readonly sizes: readonly number[];
  readonly begin: (record: SinkRecord, at: number) => void;
  /** What has begun. */
  readonly publishing: readonly Promise<void>[];
  readonly before: Promise<void>;
}

class OpenPubsubSink implements OpenSink {
  readonly #pubsub: PubSub;
  readonly #topic: Topic;
  readonly #isOrdered: boolean;
  /** Bytes that are on their way. */
  #bytes = 0;
  #wake: (() => void) | undefined;
  /** Ends when everything before was passed to the client. */
  #passed: Promise<void> = Promise.resolve();
  #hasFailed = false;
  readonly #closed = new AbortController();

  constructor(pubsub: PubSub, topic: Topic, isOrdered: boolean) {
    this.#pubsub = pubsub;
    this.#topic = topic;
    this.#isOrdered = isOrdered;
  }

  async send(records: readonly SinkRecord[], confirmed: OnConfirmed = () => {}): Promise<void> {
    const sizes = records.map(sizeOf);
    const limit = `Pub/Sub accepts ${LARGEST} bytes with attributes`;
    requireSizes(records, { most: LARGEST, sizeOf: (_, at) => sizes[at] ?? 0, limit });
    const publishing: Promise<void>[] = [];
    const begin = (record: SinkRecord, at: number) => {
      publishing.push(this.#publish(record).then(() => confirmed(at)));
    };
    this.#passed = this.#pass(records, { sizes, begin, publishing, before: this.#passed });
    await unlessLost(this.#closed.signal, this.#passed);
    const outcomes = await unlessLost(this.#closed.signal, Promise.allSettled(publishing));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    if (publishing.length < records.length) throw new Error('an earlier message was not accepted');
  }

  /** Nothing is published behind a message that has failed: what waits is sent again, in its order. */
  async #pass(records: readonly SinkRecord[], { sizes, begin, publishing, before }: Passing): Promise<void> {
    await before;
    for (const [at, record] of records.entries()) {
      const size = sizes[at] ?? 0;
      while (!this.#hasFailed && this.#bytes > 0 && this.#bytes + size > LARGEST_TOGETHER) await this.#change();
      if (this.#hasFailed) return;
      this.#bytes += size;
      begin(record, at);
      void this.#watch(publishing.at(-1), size);
    }
  }

  async #watch(publishing: Promise<void> | undefined, size: number): Promise<void> {
    try {
      await publishing;
    } catch {
      this.#hasFailed = true;
    }
    this.#bytes -= size;
    this.#wake?.();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #publish(record: SinkRecord): Promise<string> {
    const { channel, body: data } = record;
    const attributes = attributesOf(record);
    return this.#topic.publishMessage({ data, attributes, ...(this.#isOrdered && { orderingKey: channel }) });
  }

  async close(): Promise<void> {
    this.#hasFailed = true; // nothing else is published
    this.#closed.abort(new Error('the sink was closed'));
    this.#wake?.();
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
