import type { OutboundBridge } from '@sluice/server/bridging';
import type { ConfirmChannel, Message, MessageProperties } from 'amqplib';
import { Confirms } from '../confirms.ts';
import { fitting } from '../fitting.ts';
import { textOption } from '../options.ts';
import type { OnConfirmed, OpenSink, Sink, SinkRecord } from '../sink.ts';
import { fillFor } from '../sink-template.ts';
import { requireSizes } from '../too-large.ts';
import { unlessLost } from '../unless-lost.ts';
import { Unroutable } from '../unroutable.ts';
import { type AmqpClient, RabbitConnection } from './rabbitmq-connection.ts';

/** Bytes of a property of AMQP 0-9-1, other than a header, and of a routing key. */
const SHORT = 255;
const isShort = (text: string): boolean => Buffer.byteLength(text) <= SHORT;

/** Publishes to an exchange. */
export class RabbitSink implements Sink {
  readonly attributePrefix = 'cloudEvents:';
  readonly overlaps = true;
  readonly #client: AmqpClient;
  readonly #config: OutboundBridge;

  constructor(client: AmqpClient, config: OutboundBridge) {
    this.#client = client;
    this.#config = config;
  }

  async open(): Promise<OpenSink> {
    const failure = new AbortController();
    const lost = (error: Error) => failure.abort(error);
    const connection = await RabbitConnection.open(this.#client, this.#config.connection, lost);
    try {
      const channel = await connection.channel((model) => model.createConfirmChannel());
      const { to } = this.#config;
      const exchange = typeof to.exchange === 'string' ? to.exchange : '';
      if (exchange !== '') await channel.checkExchange(exchange);
      const target = { exchange, routingKey: textOption(to, 'routingKey') };
      return new OpenRabbitSink({ connection, channel, lost: failure.signal }, target);
    } catch (error) {
      await connection.close();
      throw error;
    }
  }
}

interface Parts {
  readonly connection: RabbitConnection;
  readonly channel: ConfirmChannel;
  /** Aborts with the error that ended the connection. */
  readonly lost: AbortSignal;
}

class OpenRabbitSink implements OpenSink {
  readonly #parts: Parts;
  readonly #target: { readonly exchange: string; readonly routingKey: string };
  /** Ids of messages that no queue accepts: each is returned, and then confirmed all the same. */
  readonly #returned = new Set<string>();

  constructor(parts: Parts, target: { readonly exchange: string; readonly routingKey: string }) {
    this.#parts = parts;
    this.#target = target;
    parts.channel.on('return', ({ properties }: Message) => this.#returned.add(idOf(properties)));
  }

  get lost(): AbortSignal {
    return this.#parts.lost;
  }

  get held(): string | undefined {
    return this.#parts.connection.blocked;
  }

  async send(records: readonly SinkRecord[], confirmed?: OnConfirmed): Promise<void> {
    const confirms = new Confirms(records.length, confirmed);
    const unroutable: SinkRecord[] = [];
    for (const [at, record] of records.entries()) {
      this.#publish(record, (refusal) => {
        if (refusal instanceof Unroutable) unroutable.push(record);
        confirms.add(at, refusal);
      });
    }
    try {
      await unlessLost(this.#parts.lost, confirms.all);
    } catch (error) {
      requireLimit(records, error);
      const [first, ...others] = unroutable;
      throw error instanceof Unroutable && first !== undefined ? this.#unroutable(first, ...others) : error;
    }
  }

  #publish(record: SinkRecord, answered: (refusal?: Error) => void): void {
    const { id, body, contentType, event, tags } = record;
    const headers = {
      ...record.headers,
      ...Object.fromEntries(Object.entries(tags).map(([name, value]) => [`tag:${name}`, value])),
      ...(event !== undefined && !isShort(event) && { event }),
    };
    const options = {
      persistent: true,
      mandatory: true,
      messageId: fitting(id, SHORT),
      contentType,
      headers,
      ...(event !== undefined && isShort(event) && { type: event }),
    };
    this.#parts.channel.publish(this.#target.exchange, this.#keyOf(record), body, options, (error: unknown) => {
      const isReturned = this.#returned.delete(idOf(options));
      if (error) answered(refusalOf(error));
      else answered(isReturned ? this.#unroutable(record) : undefined);
    });
  }

  #unroutable(record: SinkRecord, ...others: readonly SinkRecord[]): Unroutable {
    const { exchange } = this.#target;
    const reason = `no queue accepts the routing key "${this.#keyOf(record)}" of the exchange "${exchange}"`;
    return new Unroutable([record, ...others], reason);
  }

  #keyOf(record: SinkRecord): string {
    return fitting(fillFor(this.#target.routingKey, record), SHORT);
  }

  close(): Promise<void> {
    return this.#parts.connection.close();
  }
}

/** A message id is cut if it is too long. */
const idOf = ({ headers, messageId }: Pick<MessageProperties, 'headers' | 'messageId'>): string =>
  String(headers?.['sluice-id'] ?? messageId);

const refusalOf = (error: unknown): Error =>
  error instanceof Error ? error : new Error('the broker has refused a message');

/**
 * The broker closes the channel for a body that is too large, and says what it accepts.
 *
 * @throws TooLarge if that is why the channel was closed
 */
function requireLimit(records: readonly SinkRecord[], error: unknown): void {
  const [, limit] = /message size \d+ is larger than (?:configured )?max size (\d+)/.exec(String(error)) ?? [];
  if (limit === undefined) return;
  const sizeOf = ({ body }: SinkRecord) => body.length;
  requireSizes(records, { most: Number(limit), sizeOf, limit: `RabbitMQ accepts ${limit} bytes ("max_message_size")` });
}
