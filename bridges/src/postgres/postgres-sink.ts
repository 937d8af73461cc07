import type { OutboundBridge } from '@sluice/server/bridging';
import { textOption } from '../options.ts';
import { inParts } from '../parts.ts';
import type { OnConfirmed, OpenSink, Sink, SinkRecord } from '../sink.ts';
import { explained, type PostgresClient, PostgresConnection, quoted } from './postgres-connection.ts';

/** Rows and bytes of one statement. */
const MOST = 1_000;
const LARGEST = 4_194_304;
/** What a text cannot contain. */
const NUL = /\0/g;

/** Inserts into a table. */
export class PostgresSink implements Sink {
  readonly attributePrefix = 'ce_';
  readonly #client: PostgresClient;
  readonly #config: OutboundBridge;

  constructor(client: PostgresClient, config: OutboundBridge) {
    this.#client = client;
    this.#config = config;
  }

  async open(): Promise<OpenSink> {
    const { connection, to } = this.#config;
    return new OpenPostgresSink(this.#client, textOption(to, 'table')).start(connection);
  }
}

class OpenPostgresSink implements OpenSink {
  readonly #client: PostgresClient;
  readonly #table: string;
  #connection: PostgresConnection | undefined;
  readonly #lost = new AbortController();

  constructor(client: PostgresClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  async start(connection: OutboundBridge['connection']): Promise<this> {
    const lost = (error: Error) => this.#lost.abort(error);
    this.#connection = await PostgresConnection.open(this.#client, connection, lost);
    return this;
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  async send(records: readonly SinkRecord[], confirmed: OnConfirmed = () => {}): Promise<void> {
    const limits = { most: MOST, largest: LARGEST };
    try {
      await inParts(records, { limits, confirmed }, (part) => this.#insert(part));
    } catch (error) {
      throw explained(error, { table: this.#table, script: 'sql/messages.sql' });
    }
  }

  async #insert(records: readonly SinkRecord[]): Promise<void> {
    this.lost.throwIfAborted();
    await this.#connection?.query(
      `insert into ${quoted(this.#table)} (channel, epoch, "offset", event, tags, headers, data)
       select c, e, o, v, t::json, h::json, d::json
       from unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[])
         as r(c, e, o, v, t, h, d)
       on conflict (channel, epoch, "offset") do nothing`,
      [
        records.map(({ channel }) => channel),
        records.map(({ epoch }) => epoch),
        records.map(({ offset }) => offset),
        records.map(({ event }) => event?.replaceAll(NUL, '') ?? null),
        records.map(({ tags }) => JSON.stringify(tags)),
        records.map(({ headers }) => JSON.stringify(headers)),
        records.map(({ body }) => body.toString()),
      ],
    );
  }

  async close(): Promise<void> {
    await this.#connection?.close();
  }
}
