import { randomUUID } from 'node:crypto';
import type { InboundBridge } from '@sluice/server/bridging';
import type { Container, Delivery, EventContext, Message, Receiver } from 'rhea';
import { textOption } from '../options.ts';
import { ReadSize } from '../read-size.ts';
import { RecordBuffer } from '../record-buffer.ts';
import type { OpenSource, Source, SourceRecord } from '../source.ts';
import { ActiveMqConnection } from './activemq-connection.ts';
import { idOf, recordOf } from './activemq-record.ts';

/** Reads a queue. */
export class ActiveMqSource implements Source {
  readonly #client: Container;
  readonly #config: InboundBridge;

  constructor(client: Container, config: InboundBridge) {
    this.#client = client;
    this.#config = config;
  }

  async open(): Promise<OpenSource> {
    const { connection: options, from } = this.#config;
    const connection = await ActiveMqConnection.open(this.#client, options);
    try {
      // Artemis would create a topic if it did not know what is wanted.
      const source = { address: textOption(from, 'queue'), capabilities: ['queue'] };
      const receiver = await connection.receiver({ source, credit_window: 0, autoaccept: false });
      return new OpenActiveMqSource(connection, receiver, this.#config);
    } catch (error) {
      await connection.close();
      throw error;
    }
  }
}

/** A message, and what acknowledges it. */
interface Received {
  readonly message: Message;
  readonly delivery: Delivery;
}

class OpenActiveMqSource implements OpenSource {
  readonly #connection: ActiveMqConnection;
  readonly #receiver: Receiver;
  readonly #config: InboundBridge;
  readonly #queue: string;
  readonly #buffer = new RecordBuffer<Received>();
  readonly #read = new Map<SourceRecord, Delivery>();
  readonly #size: ReadSize;
  /** How many messages the broker may send, or has sent, that are not acknowledged. */
  #credit = 0;

  constructor(connection: ActiveMqConnection, receiver: Receiver, config: InboundBridge) {
    this.#connection = connection;
    this.#receiver = receiver;
    this.#config = config;
    this.#size = new ReadSize(config.inFlight);
    this.#queue = textOption(config.from, 'queue');
    const { lost } = connection;
    lost.addEventListener('abort', () => this.#buffer.fail(lost.reason));
    if (lost.aborted) this.#buffer.fail(lost.reason);
    receiver.on('message', ({ message, delivery }: EventContext) => {
      if (message !== undefined && delivery !== undefined) this.#buffer.push({ message, delivery });
    });
    this.#addCredit();
  }

  #addCredit(): void {
    const more = this.#size.next - this.#credit;
    if (more <= 0) return;
    this.#credit += more;
    this.#receiver.add_credit(more);
  }

  async read(most: number): Promise<readonly SourceRecord[]> {
    const received = await this.#buffer.take(most);
    const records = received.map(({ message, delivery }) => {
      const record = { once: { id: this.#idOf(message) }, ...recordOf(message, this.#queue) };
      this.#read.set(record, delivery);
      return record;
    });
    this.#size.learn(records.map(({ body }) => body.length));
    return records;
  }

  #idOf(message: Message): string | null {
    return idOf(message) ?? (this.#config.from.ids === 'optional' ? randomUUID() : null);
  }

  /** The broker does not confirm it: what it misses is delivered again, and recognised by its id. */
  async acknowledge(records: readonly SourceRecord[]): Promise<void> {
    this.#connection.lost.throwIfAborted();
    for (const record of records) {
      this.#read.get(record)?.accept();
      this.#read.delete(record);
    }
    this.#credit -= records.length;
    this.#addCredit();
  }

  async close(): Promise<void> {
    this.#buffer.fail(new Error('the source was closed'));
    await this.#connection.close();
  }
}
