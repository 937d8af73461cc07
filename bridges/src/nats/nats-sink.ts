import type { JetStreamClient } from '@nats-io/jetstream';
import type { MsgHdrs } from '@nats-io/transport-node';
import type { OutboundBridge } from '@sluice/server/bridging';
import { textOption } from '../options.ts';
import type { OnConfirmed, OpenSink, Sink, SinkRecord } from '../sink.ts';
import { fillFor } from '../sink-template.ts';
import { requireSizes, TooLarge } from '../too-large.ts';
import { Unroutable } from '../unroutable.ts';
import { connectNats, NATS_TIMEOUT, type NatsClient, type NatsConnection } from './nats-connection.ts';

/** Bytes that headers have at most: 16 tags of full length, and those of every message. */
const HEADERS = 65_536;

/** Publishes to the subjects of a stream. */
export class NatsSink implements Sink {
  readonly attributePrefix = 'ce-';
  readonly overlaps = true;
  readonly #client: NatsClient;
  readonly #config: OutboundBridge;

  constructor(client: NatsClient, config: OutboundBridge) {
    this.#client = client;
    this.#config = config;
  }

  async open(): Promise<OpenSink> {
    return new OpenNatsSink(this.#client, await connectNats(this.#client, this.#config.connection), this.#config);
  }
}

class OpenNatsSink implements OpenSink {
  readonly #client: NatsClient;
  readonly #connection: NatsConnection;
  readonly #jetstream: JetStreamClient;
  readonly #subject: string;
  readonly #lost = new AbortController();

  constructor(client: NatsClient, connection: NatsConnection, { to }: OutboundBridge) {
    this.#client = client;
    this.#connection = connection;
    this.#jetstream = client.jetstream.jetstream(connection);
    this.#subject = textOption(to, 'subject');
    void connection.closed().then((error) => this.#lost.abort(error ?? new Error('the connection was closed')));
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** The server stores what one connection publishes in its order. */
  async send(records: readonly SinkRecord[], confirmed: OnConfirmed = () => {}): Promise<void> {
    const most = this.#connection.info?.max_payload ?? Number.POSITIVE_INFINITY;
    requireSizes(records, { most, sizeOf: (record) => this.#sizeOf(record, most), limit: this.#limit });
    const publish = (record: SinkRecord, at: number) => this.#publish(record).then(() => confirmed(at));
    const outcomes = await Promise.allSettled(records.map(publish));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed === undefined) return;
    const [first, ...others] = records.filter((_, at) => isTooLarge(outcomes[at]));
    if (first !== undefined) throw new TooLarge([first, ...others], this.#limit);
    throw await this.#explained(records, outcomes, failed.reason);
  }

  async #explained(
    records: readonly SinkRecord[],
    outcomes: readonly PromiseSettledResult<void>[],
    error: unknown,
  ): Promise<unknown> {
    const [first, ...others] = records.filter((_, at) => hasNoStream(outcomes[at]));
    if (first === undefined) return error;
    const subject = this.#subjectOf(first);
    if (await this.#isMissing(subject))
      return new Unroutable([first, ...others], `no stream has the subject "${subject}"`);
    return new Error(`no stream answers for the subject "${subject}", or JetStream is off`);
  }

  /** A stream whose server is away does not answer either. */
  async #isMissing(subject: string): Promise<boolean> {
    try {
      const options = { checkAPI: false, timeout: NATS_TIMEOUT };
      const manager = await this.#client.jetstream.jetstreamManager(this.#connection, options);
      await manager.streams.find(subject);
      return false;
    } catch (error) {
      return (error as { message?: string }).message?.includes('no stream matches') === true;
    }
  }

  #subjectOf(record: SinkRecord): string {
    return asSubject(fillFor(this.#subject, record, asTokens));
  }

  get #limit(): string {
    const most = this.#connection.info?.max_payload;
    return `the server accepts ${most} bytes with headers ("max_payload"), and the stream may accept less`;
  }

  /** As the server counts it. A record that is surely small enough is not measured. */
  #sizeOf(record: SinkRecord, most: number): number {
    const { id, body } = record;
    if (body.length + HEADERS <= most) return body.length;
    const headers = this.#headersOf(record);
    headers.set('Nats-Msg-Id', id);
    return body.length + Buffer.byteLength(headers.toString());
  }

  #headersOf(record: SinkRecord): MsgHdrs {
    const headers = this.#client.transport.headers();
    const tags = Object.entries(record.tags).map(([name, value]) => [`sluice-tag-${name}`, value]);
    const event = record.event === undefined ? [] : [['event', record.event]];
    const named = [...Object.entries(record.headers), ...tags, ...event, ['content-type', record.contentType]];
    for (const [name = '', value = ''] of named) headers.append(asHeaderName(name), value.replaceAll(LINE_BREAKS, ' '));
    return headers;
  }

  async #publish(record: SinkRecord): Promise<void> {
    const options = { msgID: record.id, headers: this.#headersOf(record), timeout: NATS_TIMEOUT };
    await this.#jetstream.publish(this.#subjectOf(record), record.body, options);
  }

  async close(): Promise<void> {
    await this.#connection.close().catch(() => {}); // it is lost already
  }
}

/** What headers cannot contain. */
const LINE_BREAKS = /[\r\n]+/g;
const asHeaderName = (name: string): string => name.replaceAll(/[^\x21-\x39\x3b-\x7e]/g, '_');

/** Without tokens that are empty. */
const asSubject = (text: string): string =>
  text
    .replaceAll(/[\s\p{Cc}*>]/gu, '_')
    .replaceAll(/\.{2,}/g, '.')
    .replaceAll(/^\.|\.$/g, '');

/** A value that begins with `$` could reach the API of the server, where the template begins with the value. */
const asTokens = (value: string): string => asSubject(value).replace(/^\$/, '_') || '_';

/** The error of JetStream for a message that is larger than its stream accepts. */
const STREAM_LIMIT = 10_054;

/** The client refuses what is larger than the server accepts. */
function isTooLarge(outcome: PromiseSettledResult<unknown> | undefined): boolean {
  if (outcome?.status !== 'rejected') return false;
  const { code, message = '' } = outcome.reason as { code?: unknown; message?: string };
  return code === STREAM_LIMIT || message.includes('max_payload');
}

/** A subject without a stream has no responder. */
function hasNoStream(outcome: PromiseSettledResult<unknown> | undefined): boolean {
  if (outcome?.status !== 'rejected') return false;
  const { message = '' } = outcome.reason as { message?: string };
  return /no responders|jetstream is not enabled|503/i.test(message);
}
