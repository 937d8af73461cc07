import type { Message, PubSub, Subscription } from '@google-cloud/pubsub';
import type { InboundBridge } from '@sluice/server/bridging';
import { textOption } from '../options.ts';
import { RecordBuffer } from '../record-buffer.ts';
import type { OpenSource, Source, SourceRecord } from '../source.ts';
import { clientFor, ONCE, type PubsubClient, probe } from './pubsub-connection.ts';
import { recordOf } from './pubsub-record.ts';

/** Bytes of messages that were delivered and not acknowledged, at most. */
const LARGEST = 16_777_216;
/** For how long the client may extend the deadline of a message: the gateway may be unable to publish meanwhile. */
const LEASE = { hours: 24 };
/** For how long a closed source may give messages back. */
const CLOSE = { seconds: 5 };

/** Reads a subscription. */
export class PubsubSource implements Source {
  readonly #client: PubsubClient;
  readonly #config: InboundBridge;

  constructor(client: PubsubClient, config: InboundBridge) {
    this.#client = client;
    this.#config = config;
  }

  async open(): Promise<OpenSource> {
    const { connection, from, inFlight } = this.#config;
    const { Duration } = this.#client;
    const name = textOption(from, 'subscription');
    const pubsub = clientFor(this.#client, connection);
    try {
      const subscription = pubsub.subscription(name, {
        // The client would put a message that exceeds the limit behind later ones of its key.
        flowControl: { maxMessages: inFlight, maxBytes: LARGEST, allowExcessMessages: true },
        maxExtensionTime: Duration.from(LEASE),
        streamingOptions: { maxStreams: 1 },
        closeOptions: { behavior: 'NACK', timeout: Duration.from(CLOSE) },
      });
      await probe(() => subscription.getMetadata(ONCE));
      return new OpenPubsubSource(pubsub, subscription, name);
    } catch (error) {
      await pubsub.close().catch(() => {}); // it was never open
      throw error;
    }
  }
}

class OpenPubsubSource implements OpenSource {
  readonly #pubsub: PubSub;
  readonly #subscription: Subscription;
  readonly #name: string;
  readonly #buffer = new RecordBuffer<Message>();
  readonly #read = new Map<SourceRecord, Message>();
  #isProbing = false;

  constructor(pubsub: PubSub, subscription: Subscription, name: string) {
    this.#pubsub = pubsub;
    this.#subscription = subscription;
    this.#name = name;
    subscription.on('error', (error) => this.#buffer.fail(error));
    subscription.on('close', () => this.#buffer.fail(new Error(`the subscription "${name}" was closed`)));
    // The client opens a stream that has ended again, whether the service answers or not.
    subscription.on('debug', () => void this.#check());
    subscription.on('message', (message) => this.#buffer.push(message));
  }

  async #check(): Promise<void> {
    if (this.#isProbing) return;
    this.#isProbing = true;
    try {
      await probe(() => this.#subscription.getMetadata(ONCE));
      this.#isProbing = false;
    } catch (error) {
      this.#buffer.fail(error);
    }
  }

  async read(most: number): Promise<readonly SourceRecord[]> {
    const messages = await this.#buffer.take(most);
    return messages.map((message) => {
      const record = recordOf(message, this.#name);
      this.#read.set(record, message);
      return record;
    });
  }

  /** An acknowledgement that does not arrive is followed by a repeat, which the engine recognises. */
  async acknowledge(records: readonly SourceRecord[]): Promise<void> {
    for (const record of records) {
      this.#read.get(record)?.ack();
      this.#read.delete(record);
    }
  }

  async close(): Promise<void> {
    this.#buffer.fail(new Error('the source was closed'));
    await this.#subscription.close().catch(() => {}); // it has ended already
    await this.#pubsub.close().catch(() => {});
  }
}
