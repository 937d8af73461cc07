import type { Msg } from '@nats-io/transport-node';
import type { InboundBridge } from '@sluice/server/bridging';
import { LossyBuffer } from '../lossy-buffer.ts';
import { textOption } from '../options.ts';
import { RunPositions } from '../run-positions.ts';
import type { OpenSource, Source, SourceRecord } from '../source.ts';
import type { SourceHost } from '../systems.ts';
import { connectNats, type NatsClient, type NatsConnection } from './nats-connection.ts';
import { headersOf } from './nats-headers.ts';

/**
 * Subscribes to a subject of core NATS, which stores nothing: a message is lost if the bridge is not
 * connected, or has no room for it. So it appears at most once.
 */
export class NatsSubjectSource implements Source {
  readonly #client: NatsClient;
  readonly #config: InboundBridge;
  readonly #host: SourceHost;
  readonly #positions = new RunPositions();

  constructor(client: NatsClient, config: InboundBridge, host: SourceHost) {
    this.#client = client;
    this.#config = config;
    this.#host = host;
  }

  async open(): Promise<OpenSource> {
    const { connection: options, from } = this.#config;
    const connection = await connectNats(this.#client, options);
    const source = new OpenSubjectSource(connection, {
      subject: textOption(from, 'subject'),
      positions: this.#positions,
      onLost: () => this.#host.count('lost', 1, `${textOption(from, 'subject')}: there was no room`),
    });
    try {
      await source.subscribe();
      return source;
    } catch (error) {
      await source.close();
      throw error;
    }
  }
}

interface Parts {
  readonly subject: string;
  readonly positions: RunPositions;
  readonly onLost: () => void;
}

/** With its headers, which are read when the record is made. Not in the client's types. */
const sizeOf = (message: Msg & { size?(): number }): number => message.size?.() ?? message.data.length;

class OpenSubjectSource implements OpenSource {
  readonly forgets = true;
  readonly #connection: NatsConnection;
  readonly #parts: Parts;
  readonly #buffer: LossyBuffer<Msg>;

  constructor(connection: NatsConnection, parts: Parts) {
    this.#connection = connection;
    this.#parts = parts;
    this.#buffer = new LossyBuffer({ sizeOf, onLost: parts.onLost });
    void connection.closed().then((error) => this.#buffer.fail(error || new Error('the connection was closed')));
  }

  /** Resolves when the server has the subscription. */
  async subscribe(): Promise<void> {
    this.#connection.subscribe(this.#parts.subject, {
      callback: (error, message) => (error ? this.#buffer.fail(error) : this.#buffer.push(message)),
    });
    await this.#connection.flush();
  }

  async read(most: number): Promise<readonly SourceRecord[]> {
    return (await this.#buffer.take(most)).map((message) => ({
      once: this.#parts.positions.next(),
      ...{ topic: this.#parts.subject, subject: message.subject, key: undefined },
      ...{ ...headersOf(message), body: message.data },
    }));
  }

  /** The server knows no acknowledgements. */
  async acknowledge(): Promise<void> {}

  async close(): Promise<void> {
    this.#buffer.fail(new Error('the source was closed'));
    await this.#connection.close().catch(() => {}); // it is lost already
  }
}
