import type { OutboundBridge } from '@sluice/server/bridging';
import type { AmqpError, Container, Delivery, EventContext, Message, Sender } from 'rhea';
import { Confirms } from '../confirms.ts';
import { textOption } from '../options.ts';
import type { OnConfirmed, OpenSink, Sink, SinkRecord } from '../sink.ts';
import { fillFor } from '../sink-template.ts';
import { requireSizes } from '../too-large.ts';
import { unlessLost } from '../unless-lost.ts';
import { ActiveMqConnection } from './activemq-connection.ts';

/** Sends to a queue or a topic. */
export class ActiveMqSink implements Sink {
  readonly attributePrefix = 'cloudEvents_';
  readonly overlaps = true;
  readonly #client: Container;
  readonly #config: OutboundBridge;

  constructor(client: Container, config: OutboundBridge) {
    this.#client = client;
    this.#config = config;
  }

  async open(): Promise<OpenSink> {
    const { connection: options, to } = this.#config;
    const connection = await ActiveMqConnection.open(this.#client, options);
    try {
      const target = { address: textOption(to, 'address'), capabilities: [textOption(to, 'type')] };
      const sender = await connection.sender({ target });
      return new OpenActiveMqSink(this.#client, { connection, sender, group: textOption(to, 'group') });
    } catch (error) {
      await connection.close();
      throw error;
    }
  }
}

interface Parts {
  readonly connection: ActiveMqConnection;
  readonly sender: Sender;
  /** A template. */
  readonly group: string;
}

interface Passing {
  readonly confirms: Confirms;
  /** Ends when what comes before was passed to the client. */
  readonly before: Promise<void>;
}

class OpenActiveMqSink implements OpenSink {
  readonly #client: Container;
  readonly #parts: Parts;
  /** By delivery: what waits for its outcome. */
  readonly #unconfirmed = new Map<Delivery, (refusal?: Error) => void>();
  /** Ends when everything was passed to the client, which drops what it cannot send. */
  #passed: Promise<void> = Promise.resolve();
  #wake: (() => void) | undefined;

  constructor(client: Container, parts: Parts) {
    this.#client = client;
    this.#parts = parts;
    const { connection, sender } = parts;
    sender.on('sendable', () => this.#wake?.());
    sender.on('accepted', ({ delivery }: EventContext) => this.#answered(delivery));
    for (const outcome of ['rejected', 'released', 'modified']) {
      sender.on(outcome, (context: EventContext) => this.#answered(context.delivery, refusalOf(outcome, context)));
    }
    connection.lost.addEventListener('abort', () => this.#wake?.());
  }

  get lost(): AbortSignal {
    return this.#parts.connection.lost;
  }

  get held(): string | undefined {
    if (this.#parts.sender.sendable()) return undefined;
    return 'the broker gives no credit to send, as when the address is full or blocked';
  }

  async send(records: readonly SinkRecord[], confirmed?: OnConfirmed): Promise<void> {
    this.#requireSizes(records);
    const confirms = new Confirms(records.length, confirmed);
    this.#passed = this.#pass(records, { confirms, before: this.#passed });
    await this.#passed;
    await unlessLost(this.#parts.connection.lost, confirms.all);
  }

  /** The limit of the link; 0 or absent: it has none. */
  #requireSizes(records: readonly SinkRecord[]): void {
    const most = Number(this.#parts.sender.max_message_size ?? 0);
    if (most === 0) return;
    const sizeOf = (record: SinkRecord) => this.#client.message.encode(this.#messageOf(record)).length;
    requireSizes(records, { most, sizeOf, limit: `the broker accepts ${most} bytes ("max-message-size")` });
  }

  async #pass(records: readonly SinkRecord[], { confirms, before }: Passing): Promise<void> {
    const { sender } = this.#parts;
    await before;
    for (const [at, record] of records.entries()) {
      while (!sender.sendable()) await this.#credit();
      this.#unconfirmed.set(sender.send(this.#messageOf(record)), (refusal) => confirms.add(at, refusal));
    }
  }

  /** Waits for credit. Rejects if the connection is lost. */
  async #credit(): Promise<void> {
    const { lost } = this.#parts.connection;
    lost.throwIfAborted();
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    lost.throwIfAborted();
  }

  #answered(delivery: Delivery | undefined, refusal?: Error): void {
    if (delivery === undefined) return;
    this.#unconfirmed.get(delivery)?.(refusal);
    this.#unconfirmed.delete(delivery);
    this.#wake?.();
  }

  #messageOf(record: SinkRecord): Message {
    const { id, headers, tags, event, contentType, body } = record;
    const named = Object.entries(tags).map(([name, value]) => [`tag:${name}`, value]);
    return {
      ...{ durable: true, message_id: id, group_id: fillFor(this.#parts.group, record), content_type: contentType },
      ...(event !== undefined && { subject: event }),
      // Artemis recognises a message that is sent again by this property.
      application_properties: { ...headers, ...Object.fromEntries(named), _AMQ_DUPL_ID: id },
      body: this.#client.message.data_section(body),
    };
  }

  close(): Promise<void> {
    return this.#parts.connection.close();
  }
}

function refusalOf(outcome: string, { delivery }: EventContext): Error {
  const { error } = (delivery?.remote_state ?? {}) as { error?: AmqpError };
  const reason = error?.description ?? error?.condition;
  return new Error(`the broker has ${outcome} a message${reason === undefined ? '' : `: ${reason}`}`);
}
