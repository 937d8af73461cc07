import type { Consumer, ConsumerMessages, JsMsg, StreamConfig } from '@nats-io/jetstream';
import type { InboundBridge } from '@sluice/server/bridging';
import { Stopped } from '../keep-connected.ts';
import { textOption } from '../options.ts';
import { RecordBuffer } from '../record-buffer.ts';
import type { OpenSource, Source, SourceRecord } from '../source.ts';
import type { SourceHost } from '../systems.ts';
import { ConsumerSetup } from './consumer-setup.ts';
import { connectNats, type NatsClient, type NatsConnection } from './nats-connection.ts';
import { headersOf } from './nats-headers.ts';

/** Reads a stream with a durable consumer. */
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
      throw error;
    }
  }

  async #consume(connection: NatsConnection): Promise<OpenSource> {
    const { from, inFlight } = this.#config;
    const { jetstream, jetstreamManager } = this.#client.jetstream;
    const stream = textOption(from, 'stream');
    const manager = await jetstreamManager(connection);
    const { created, config, state } = await manager.streams.info(stream);
    if (config.retention === QUEUE) throw new Stopped(`the stream "${stream}" is a work queue. ${NO_QUEUES}`);
    const lost = (count: number) => this.#host.count('lost', count, `${stream}: removed before they were read`);
    const name = await new ConsumerSetup(this.#client, manager, this.#config).prepare(state.first_seq, lost);
    const consumer = await jetstream(connection).consumers.get(stream, name);
    // A stream that was deleted and made again counts from 1.
    const source = new OpenNatsSource(connection, { stream, partition: `${stream} ${created}` });
    source.start(consumer, inFlight);
    return source;
  }
}

/** The retention of a stream that deletes what is acknowledged. */
const QUEUE: StreamConfig['retention'] = 'workqueue';
const NO_QUEUES =
  'Bridges acknowledge all messages up to one, which NATS permits on streams with the retention "limits" or "interest"';
/** Milliseconds after which a pull ends that has not received its number of messages. */
const PULL = 30_000;

class OpenNatsSource implements OpenSource {
  readonly #connection: NatsConnection;
  readonly #of: { readonly stream: string; readonly partition: string };
  readonly #buffer = new RecordBuffer<JsMsg>();
  /** By position: what was read and not acknowledged. */
  readonly #read = new Map<SourceRecord, JsMsg>();
  #messages: ConsumerMessages | undefined;
  #isClosed = false;

  constructor(connection: NatsConnection, of: { readonly stream: string; readonly partition: string }) {
    this.#connection = connection;
    this.#of = of;
    void connection.closed().then((error) => this.#buffer.fail(error || new Error('the connection was closed')));
  }

  start(consumer: Consumer, inFlight: number): void {
    this.#pull(consumer, inFlight).catch((error: Error) => {
      const message = `the consumer of the stream "${this.#of.stream}" is lost: ${error.message}`;
      this.#buffer.fail(new Error(message, { cause: error }));
    });
  }

  /**
   * Pulls while there is room. `max_ack_pending` of the consumer is no bound: the server takes what it has
   * delivered for acknowledged when the stream removes it, and delivers more.
   */
  async #pull(consumer: Consumer, inFlight: number): Promise<void> {
    while (!this.#isClosed) {
      await this.#buffer.room(inFlight);
      this.#messages = await consumer.fetch({ max_messages: inFlight, expires: PULL });
      for await (const message of this.#messages) this.#buffer.push(message);
    }
  }

  async read(most: number): Promise<readonly SourceRecord[]> {
    const messages = await this.#buffer.take(most);
    return messages.map((message) => {
      const record = this.#recordOf(message);
      this.#read.set(record, message);
      return record;
    });
  }

  #recordOf({ seq, subject, headers, data }: JsMsg): SourceRecord {
    return {
      once: { partition: this.#of.partition, position: `${seq}` },
      ...{ topic: this.#of.stream, subject, key: undefined, headers: headersOf(headers), body: data },
    };
  }

  /** The consumer acknowledges all messages up to one. */
  async acknowledge(records: readonly SourceRecord[]): Promise<void> {
    const last = records.at(-1);
    const message = last === undefined ? undefined : this.#read.get(last);
    if (message !== undefined && !(await message.ackAck())) throw new Error('the acknowledgement was not confirmed');
    for (const record of records) this.#read.delete(record);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#buffer.fail(new Error('the source was closed'));
    this.#messages?.stop();
    await this.#connection.close().catch(() => {}); // it is lost already
  }
}
