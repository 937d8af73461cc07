import { randomUUID } from 'node:crypto';
import type { InboundBridge } from '@sluice/server/bridging';
import type { Channel, ConsumeMessage } from 'amqplib';
import { Stopped } from '../keep-connected.ts';
import { textOption } from '../options.ts';
import { RecordBuffer } from '../record-buffer.ts';
import type { OpenSource, Source, SourceRecord } from '../source.ts';
import { type AmqpClient, RabbitConnection } from './rabbitmq-connection.ts';
import { contentOf } from './rabbitmq-message.ts';
import { isStream, offsetIn } from './stream-offsets.ts';

/** Reads a queue. */
export class RabbitSource implements Source {
  readonly #client: AmqpClient;
  readonly #config: InboundBridge;

  constructor(client: AmqpClient, config: InboundBridge) {
    this.#client = client;
    this.#config = config;
  }

  async open(): Promise<OpenSource> {
    const buffer = new RecordBuffer<ConsumeMessage>();
    const connection = await RabbitConnection.open(this.#client, this.#config.connection, (error) =>
      buffer.fail(error),
    );
    try {
      const channel = await connection.channel((model) => model.createChannel());
      const source = new OpenRabbitSource({ connection, channel, buffer }, this.#config);
      await source.start();
      return source;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }
}

interface Parts {
  readonly connection: RabbitConnection;
  readonly channel: Channel;
  readonly buffer: RecordBuffer<ConsumeMessage>;
}

class OpenRabbitSource implements OpenSource {
  readonly #parts: Parts;
  readonly #config: InboundBridge;
  readonly #queue: string;
  readonly #read = new Map<SourceRecord, ConsumeMessage>();
  /** Was it asked for, because there are offsets? */
  #isNoStream = false;

  constructor(parts: Parts, config: InboundBridge) {
    this.#parts = parts;
    this.#config = config;
    this.#queue = textOption(config.from, 'queue');
  }

  async start(): Promise<void> {
    const { channel, buffer } = this.#parts;
    await channel.checkQueue(this.#queue);
    await channel.prefetch(this.#config.inFlight);
    await channel.consume(this.#queue, (message) => {
      if (message === null) buffer.fail(new Error(`the queue "${this.#queue}" was deleted`));
      else buffer.push(message);
    });
  }

  async read(most: number): Promise<readonly SourceRecord[]> {
    const messages = await this.#parts.buffer.take(most);
    if (messages.some((message) => offsetIn(message) !== undefined)) await this.#refuseStream();
    return messages.map((message) => {
      const record = this.#recordOf(message);
      this.#read.set(record, message);
      return record;
    });
  }

  /** As a queue it would be read from where it ends at each connection. */
  async #refuseStream(): Promise<void> {
    if (this.#isNoStream) return;
    if (await isStream(this.#parts.connection, this.#queue)) {
      throw new Stopped(`"${this.#queue}" is a stream queue. Write "stream" instead of "queue"`);
    }
    this.#isNoStream = true;
  }

  #recordOf(message: ConsumeMessage): SourceRecord {
    return { once: { id: this.#idOf(message.properties.messageId) }, ...contentOf(this.#queue, message) };
  }

  #idOf(id: unknown): string | null {
    if (typeof id === 'string' && id !== '') return id;
    return this.#config.from.ids === 'optional' ? randomUUID() : null;
  }

  async acknowledge(records: readonly SourceRecord[]): Promise<void> {
    const last = records.at(-1);
    const message = last === undefined ? undefined : this.#read.get(last);
    if (message !== undefined) this.#parts.channel.ack(message, true);
    for (const record of records) this.#read.delete(record);
  }

  async close(): Promise<void> {
    this.#parts.buffer.fail(new Error('the source was closed'));
    await this.#parts.connection.close();
  }
}
