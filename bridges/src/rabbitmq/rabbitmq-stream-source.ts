import type { InboundBridge, Timer } from '@sluice/server/bridging';
import type { Channel, ConsumeMessage } from 'amqplib';
import { Stopped } from '../keep-connected.ts';
import { textOption } from '../options.ts';
import { RecordBuffer } from '../record-buffer.ts';
import type { OpenSource, Source, SourceRecord } from '../source.ts';
import type { SourceHost } from '../systems.ts';
import { type AmqpClient, RabbitConnection } from './rabbitmq-connection.ts';
import { contentOf } from './rabbitmq-message.ts';
import { StreamCheckpoint } from './stream-checkpoint.ts';
import { firstOffset, isNoOffset, offsetIn } from './stream-offsets.ts';

/** Milliseconds for the first message behind a checkpoint, which the stream has unless it is another stream. */
const FIRST_MESSAGE = 20_000;

/** Reads a stream queue, whose messages have offsets. */
export class RabbitStreamSource implements Source {
  readonly #client: AmqpClient;
  readonly #config: InboundBridge;
  readonly #host: SourceHost;

  constructor(client: AmqpClient, config: InboundBridge, host: SourceHost) {
    this.#client = client;
    this.#config = config;
    this.#host = host;
  }

  async open(): Promise<OpenSource> {
    const stream = textOption(this.#config.from, 'stream');
    const checkpoint = await StreamCheckpoint.read(stream, this.#host);
    const buffer = new RecordBuffer<ConsumeMessage>();
    const connection = await RabbitConnection.open(this.#client, this.#config.connection, (error) =>
      buffer.fail(error),
    );
    try {
      const channel = await connection.channel((model) => model.createChannel());
      const source = new OpenStreamSource({ connection, channel, buffer, checkpoint, host: this.#host }, this.#config);
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
  readonly checkpoint: StreamCheckpoint;
  readonly host: SourceHost;
}

class OpenStreamSource implements OpenSource {
  readonly #parts: Parts;
  readonly #config: InboundBridge;
  readonly #stream: string;
  readonly #read = new Map<SourceRecord, ConsumeMessage>();
  /** Where this connection continues; `undefined`: nothing was read before. */
  readonly #from: number | undefined;
  /** Messages up to this one are not read again. */
  readonly #reached: number | undefined;
  #isContinued = false;
  #firstMessage: Timer | undefined;
  /** The offset that comes next; `undefined`: whatever is the first one. */
  #expected: number | undefined;

  constructor(parts: Parts, config: InboundBridge) {
    this.#parts = parts;
    this.#config = config;
    this.#stream = textOption(config.from, 'stream');
    this.#from = parts.checkpoint.from;
    this.#reached = parts.checkpoint.reached;
  }

  async start(): Promise<void> {
    const { channel, buffer } = this.#parts;
    await channel.checkQueue(this.#stream);
    await channel.prefetch(this.#config.inFlight);
    const options = { arguments: { 'x-stream-offset': this.#from ?? (await this.#beginning()) } };
    this.#expectFirst();
    const receive = (message: ConsumeMessage | null) => {
      if (message === null) buffer.fail(new Error(`the stream "${this.#stream}" was deleted`));
      else this.#receive(message);
    };
    try {
      await channel.consume(this.#stream, receive, options);
    } catch (error) {
      throw isNoOffset(error) ? new Stopped(`"${this.#stream}" ${NO_STREAM}`) : error;
    }
  }

  /** Where to begin, as long as no message was read. RabbitMQ finds a time by the second. */
  async #beginning(): Promise<string | object> {
    if (this.#config.from.start !== 'newest') return 'first';
    const since = await this.#parts.checkpoint.beginAtNewest();
    return since === undefined ? 'next' : { '!': 'timestamp', value: Math.floor(since / 1_000) };
  }

  /** The message of the checkpoint is read again: it tells that the stream is the same. */
  #expectFirst(): void {
    const { buffer, host } = this.#parts;
    if (this.#from === undefined) return;
    const error = new Error(
      `the stream "${this.#stream}" has no message at offset ${this.#from} or behind it, where the bridge continues. If it was deleted and created again, give the bridge another name`,
    );
    this.#firstMessage = host.clock.after(FIRST_MESSAGE, () => buffer.fail(error));
  }

  /** A stream delivers whole chunks, which may begin before the offset that was asked for. */
  #receive(message: ConsumeMessage): void {
    const { channel, buffer } = this.#parts;
    const offset = offsetIn(message);
    if (offset === undefined || !Number.isSafeInteger(offset)) {
      buffer.fail(new Stopped(`"${this.#stream}" ${NO_STREAM}`));
      return;
    }
    const [from, reached] = [this.#from, this.#reached];
    if (!this.#isContinued && from !== undefined && offset >= from) this.#continue(offset, from);
    if (reached !== undefined && offset <= reached) channel.ack(message);
    else buffer.push(message);
  }

  /** Without the message of the checkpoint, retention has overtaken the bridge. Not every offset is a message. */
  #continue(offset: number, from: number): void {
    this.#isContinued = true;
    this.#firstMessage?.cancel();
    const unread = offset - (this.#reached ?? offset) - 1;
    this.#expected = Math.max(offset, (this.#reached ?? offset) + 1);
    if (offset > from)
      this.#parts.host.count('lost', Math.max(1, unread), `retention removed the offsets before ${offset}`);
  }

  async read(most: number): Promise<readonly SourceRecord[]> {
    const { buffer, checkpoint } = this.#parts;
    const messages = await buffer.take(most);
    await this.#countLost(messages.map(offsetOf));
    if (messages[0] !== undefined) await checkpoint.begin(offsetOf(messages[0]));
    return messages.map((message) => {
      const once = { partition: checkpoint.partition, position: `${offsetOf(message)}` };
      const record = { once, ...contentOf(this.#stream, message) };
      this.#read.set(record, message);
      return record;
    });
  }

  /** RabbitMQ uses some offsets itself. So an offset that is missing is lost only if the stream begins behind it. */
  async #countLost(offsets: readonly number[]): Promise<void> {
    const { connection, host } = this.#parts;
    let first: number | undefined;
    for (const offset of offsets) {
      const expected = this.#expected ?? offset;
      this.#expected = Math.max(expected, offset + 1);
      if (offset <= expected) continue;
      first ??= await firstOffset(connection, this.#stream, host.clock);
      const lost = Math.min(first, offset) - expected;
      if (lost > 0) host.count('lost', lost, `retention removed the offsets before ${first}`);
    }
  }

  /** RabbitMQ stores no position: an acknowledgement only asks for more messages. */
  async acknowledge(records: readonly SourceRecord[]): Promise<void> {
    const last = records.at(-1);
    const message = last === undefined ? undefined : this.#read.get(last);
    for (const record of records) this.#read.delete(record);
    if (message === undefined) return;
    this.#parts.channel.ack(message, true);
    await this.#parts.checkpoint.reach(offsetOf(message));
  }

  async close(): Promise<void> {
    this.#firstMessage?.cancel();
    this.#parts.buffer.fail(new Error('the source was closed'));
    await this.#parts.checkpoint.flush().catch(() => {}); // an older one is as good
    await this.#parts.connection.close();
  }
}

const NO_STREAM = 'is no stream queue: its messages have no offsets. Write "queue" instead of "stream"';

/** Of a message that was checked when it arrived. */
const offsetOf = (message: ConsumeMessage): number => offsetIn(message) ?? 0;
