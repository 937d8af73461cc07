import type { Consumer, ConsumerMessages, JetStreamManager, JsMsg, StreamConfig } from '@nats-io/jetstream';
import type { InboundBridge } from '@sluice/server/bridging';
import { Stopped } from '../keep-connected.ts';
import { textOption } from '../options.ts';
import { ReadSize } from '../read-size.ts';
import { RecordBuffer } from '../record-buffer.ts';
import type { OpenSource, Source, SourceRecord } from '../source.ts';
import type { SourceHost } from '../systems.ts';
import { ConsumerSetup } from './consumer-setup.ts';
import { connectNats, type NatsClient, type NatsConnection } from './nats-connection.ts';
import { headersOf } from './nats-headers.ts';
import { storedAt } from './server-time.ts';
import { firstIn, isForbidden, StreamProgress } from './stream-progress.ts';

/** Reads a stream with durable consumers; the engine notes how far. */
export class NatsSource implements Source {
  readonly #client: NatsClient;
  readonly #config: InboundBridge;
  readonly #host: SourceHost;

  constructor(client: NatsClient, config: InboundBridge, host: SourceHost) {
    this.#client = client;
    this.#config = config;
    this.#host = host;
  }

  async open(): Promise<OpenSource> {
    const connection = await connectNats(this.#client, this.#config.connection);
    try {
      return await this.#consume(connection);
    } catch (error) {
      await connection.close();
      throw isForbidden(error) ? new Error(`${error.message}. ${RIGHTS}`, { cause: error }) : error;
    }
  }

  async #consume(connection: NatsConnection): Promise<OpenSource> {
    const { from, inFlight } = this.#config;
    const { jetstream, jetstreamManager } = this.#client.jetstream;
    const stream = textOption(from, 'stream');
    const manager = await jetstreamManager(connection);
    const info = await manager.streams.info(stream);
    const { retention } = info.config;
    if (retention === QUEUE) throw new Stopped(`the stream "${stream}" is a work queue. ${NO_QUEUES}`);
    const setup = new ConsumerSetup(this.#client, manager, this.#config);
    const progress = await StreamProgress.read({
      ...{ host: this.#host, manager, stream },
      consumer: textOption(from, 'consumer'),
      start: textOption(from, 'start'),
      isFiltered: typeof from.subject === 'string',
    });
    const name = await setup.make(await progress.begin(info, await setup.find()));
    const source = new OpenNatsSource({ connection, manager, stream, progress, keepsUnread: retention === INTEREST });
    source.start(await jetstream(connection).consumers.get(stream, name), inFlight);
    return source;
  }
}

/** The retention of a stream that deletes what is acknowledged. */
const QUEUE: StreamConfig['retention'] = 'workqueue';
/** The retention of a stream that deletes what all consumers have acknowledged. */
const INTEREST: StreamConfig['retention'] = 'interest';
const NO_QUEUES =
  'Bridges acknowledge all messages up to one, which NATS permits on streams with the retention "limits" or "interest"';
const RIGHTS = 'Give the user of the bridge this right; the guide of NATS lists all that it needs';
/** Milliseconds after which a pull ends that has not received its number of messages. */
const PULL = 30_000;

interface Parts {
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
  readonly stream: string;
  readonly progress: StreamProgress;
  /** Does the stream keep a message only as long as somebody has not acknowledged it? */
  readonly keepsUnread: boolean;
}

class OpenNatsSource implements OpenSource {
  readonly #parts: Parts;
  readonly #buffer = new RecordBuffer<JsMsg>();
  /** By record: what was read and not acknowledged. */
  readonly #read = new Map<SourceRecord, JsMsg>();
  /** How many messages were read. */
  #deliveries = 0;
  #messages: ConsumerMessages | undefined;
  #isClosed = false;

  constructor(parts: Parts) {
    this.#parts = parts;
    void parts.connection.closed().then((error) => this.#buffer.fail(error || new Error('the connection was closed')));
  }

  start(consumer: Consumer, inFlight: number): void {
    this.#pull(consumer, inFlight).catch((error: Error) => {
      const message = `the consumer of the stream "${this.#parts.stream}" is lost: ${error.message}`;
      this.#buffer.fail(new Error(message, { cause: error }));
    });
  }

  /**
   * Pulls while there is room. `max_ack_pending` of the consumer is no bound: the server takes what it has
   * delivered for acknowledged when the stream removes it, and delivers more.
   */
  async #pull(consumer: Consumer, inFlight: number): Promise<void> {
    const size = new ReadSize(inFlight);
    while (!this.#isClosed) {
      const most = size.next;
      await this.#buffer.room(most);
      this.#messages = await consumer.fetch({ max_messages: most, expires: PULL });
      const sizes: number[] = [];
      for await (const message of this.#messages) {
        sizes.push(message.data.length);
        this.#buffer.push(message);
      }
      size.learn(sizes);
    }
  }

  async read(most: number): Promise<readonly SourceRecord[]> {
    const { manager, stream, progress } = this.#parts;
    const messages = await this.#buffer.take(most);
    for (const message of messages) this.#expect(message);
    const sequences = messages.map(({ seq }) => seq);
    await progress.count(sequences, async () => firstIn((await manager.streams.info(stream)).state));
    return messages.map((message) => {
      const record = this.#recordOf(message);
      this.#read.set(record, message);
      return record;
    });
  }

  /** A message that was delivered and has not arrived would be acknowledged with the next one. */
  #expect({ info }: JsMsg): void {
    this.#deliveries += 1;
    if (info.deliverySequence === this.#deliveries) return;
    throw new Error(
      `the consumer "${info.consumer}" of the stream "${this.#parts.stream}" has delivered a message elsewhere. No other program may use the consumers of a bridge`,
    );
  }

  #recordOf(message: JsMsg): SourceRecord {
    const { stream, progress } = this.#parts;
    const { seq, subject, data } = message;
    return {
      once: { partition: progress.partition, position: `${seq}` },
      ...{ topic: stream, subject, key: undefined, ...headersOf(message), body: data },
    };
  }

  /** The consumer acknowledges all messages up to one. */
  async acknowledge(records: readonly SourceRecord[]): Promise<void> {
    const { progress, keepsUnread } = this.#parts;
    const last = records.at(-1);
    const message = last === undefined ? undefined : this.#read.get(last);
    if (message === undefined) return;
    const reach = () => progress.reach(message.seq, storedAt(message));
    if (keepsUnread) {
      // It removes the messages at once. With an older note, they would look lost.
      await reach();
      await progress.flush();
    }
    if (!(await message.ackAck())) throw new Error('the acknowledgement was not confirmed');
    await reach();
    for (const record of records) this.#read.delete(record);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#buffer.fail(new Error('the source was closed'));
    this.#messages?.stop();
    await this.#parts.progress.flush().catch(() => {}); // an older one is as good
    await this.#parts.connection.close().catch(() => {}); // it is lost already
  }
}
