import type { Message, PubSub, Subscription } from '@google-cloud/pubsub';
import type { Clock, InboundBridge, Timer } from '@sluice/server/bridging';
import { textOption } from '../options.ts';
import { RecordBuffer } from '../record-buffer.ts';
import type { OpenSource, Source, SourceRecord } from '../source.ts';
import type { SourceHost } from '../systems.ts';
import { clientFor, ONCE, type PubsubClient, probe } from './pubsub-connection.ts';
import { recordOf } from './pubsub-record.ts';

/** Bytes of messages that were delivered and not acknowledged, at most. */
const LARGEST = 16_777_216;
/** For how long the client may extend the deadline of a message: the gateway may be unable to publish meanwhile. */
const LEASE = { hours: 24 };
/** For how long a closed source may give messages back. */
const CLOSE = { seconds: 5 };

/** Milliseconds without a message after which the service is asked whether it is there. */
const QUIET = 30_000;
/** How often the client may open its stream again, without a message and soon after the latest time. */
const MOST_ENDS = 5;
/** Milliseconds: the service also ends streams that work, but less often. */
const SOON = 90_000;
/** The client also reports acknowledgements that failed, with the same event. */
const STREAM_ENDED = /^Subscriber stream (\d+ )?has ended/;

/** Reads a subscription. */
export class PubsubSource implements Source {
  readonly #client: PubsubClient;
  readonly #config: InboundBridge;
  readonly #host: Pick<SourceHost, 'clock'>;

  constructor(client: PubsubClient, config: InboundBridge, host: Pick<SourceHost, 'clock'>) {
    this.#client = client;
    this.#config = config;
    this.#host = host;
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
      return new OpenPubsubSource({ pubsub, subscription, name, clock: this.#host.clock });
    } catch (error) {
      await pubsub.close().catch(() => {}); // it was never open
      throw error;
    }
  }
}

interface Parts {
  readonly pubsub: PubSub;
  readonly subscription: Subscription;
  readonly name: string;
  readonly clock: Clock;
}

/** What the client reports besides errors. */
interface DebugMessage {
  readonly message: string;
  readonly error?: Error | undefined;
}

class OpenPubsubSource implements OpenSource {
  readonly #parts: Parts;
  readonly #buffer = new RecordBuffer<Message>();
  readonly #read = new Map<SourceRecord, Message>();
  #isProbing = false;
  /** Has a message come since the service was asked? */
  #isHeard = true;
  #timer: Timer | undefined;
  /** How often the stream has ended since the latest message, each time soon after the one before. */
  #ends = 0;
  #endedAt = Number.NEGATIVE_INFINITY;

  constructor(parts: Parts) {
    this.#parts = parts;
    const { subscription, name } = parts;
    subscription.on('error', (error) => this.#buffer.fail(error));
    subscription.on('close', () => this.#buffer.fail(new Error(`the subscription "${name}" was closed`)));
    // The client opens a stream that has ended again, whether the service answers or not.
    subscription.on('debug', (reported: DebugMessage) => {
      if (STREAM_ENDED.test(reported.message)) this.#noteEnd(reported);
    });
    subscription.on('message', (message) => {
      this.#isHeard = true;
      this.#ends = 0;
      this.#buffer.push(message);
    });
    this.#checkLater();
  }

  /** The client would wait for minutes for a service that is silent. */
  #checkLater(): void {
    this.#timer = this.#parts.clock.after(QUIET, () => {
      if (!this.#isHeard) void this.#check();
      this.#isHeard = false;
      this.#checkLater();
    });
  }

  /** The service may answer, and refuse the stream. */
  #noteEnd({ message, error }: DebugMessage): void {
    const now = this.#parts.clock.monotonic();
    this.#ends = now - this.#endedAt < SOON ? this.#ends + 1 : 1;
    this.#endedAt = now;
    if (this.#ends < MOST_ENDS) return void this.#check();
    const reason = error?.message || message;
    this.#buffer.fail(new Error(`the subscription "${this.#parts.name}" delivers nothing: ${reason}`));
  }

  async #check(): Promise<void> {
    if (this.#isProbing) return;
    this.#isProbing = true;
    try {
      await probe(() => this.#parts.subscription.getMetadata(ONCE));
      this.#isProbing = false;
    } catch (error) {
      this.#buffer.fail(error);
    }
  }

  async read(most: number): Promise<readonly SourceRecord[]> {
    const messages = await this.#buffer.take(most);
    return messages.map((message) => {
      const record = recordOf(message, this.#parts.name);
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
    this.#timer?.cancel();
    this.#buffer.fail(new Error('the source was closed'));
    await this.#parts.subscription.close().catch(() => {}); // it has ended already
    await this.#parts.pubsub.close().catch(() => {});
  }
}
